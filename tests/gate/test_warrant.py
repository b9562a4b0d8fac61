"""Level 5 only under a warrant: signed, scoped, expiring, by two people in two roles."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from tests.gate.offices import ANNA, BEN, CARA, NOW, admission, ask, policies
from tocsin.gate import warrant
from tocsin.gate.clearance import Approver
from tocsin.model import BadInput, Level, Refused, Tampered

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(32))
PUBLIC = PRIVATE.public_key()
SCOPE = {
    "purpose": "missing child",
    "description": "red jacket, yellow rucksack",
    "zones": ["square"],
    "since": NOW,
    "until": NOW + 1000,
    "approvers": [BEN, CARA],
    "now": NOW,
}
LOOK = ask(Level.IDENTIFYING, purpose="missing child")


@pytest.fixture
def court(tmp_path):
    gate, ledger = admission(tmp_path)
    return ledger, gate.policies


def identify(court, signed, look=LOOK, now=NOW + 1):
    return warrant.identify(*court, signed, public=PUBLIC, ask=look, by=ANNA, now=now)


def test_a_warrant_lets_one_look_until_it_ends(court):
    signed = warrant.decode(warrant.encode(warrant.issue(*court, PRIVATE, **SCOPE)))
    view = identify(court, signed, now=NOW + 400)
    assert view.until == NOW + 1000
    assert not view.holds(NOW + 1000)
    assert [receipt.act for _, receipt in court[0].receipts()] == ["warrant", "identify"]
    assert "jacket" not in str(court[0].receipts())


@pytest.mark.parametrize(
    ("look", "now", "said"),
    [
        (LOOK, NOW + 1000, "not in force"),
        (LOOK, NOW - 1, "not in force"),
        (replace(LOOK, zone="park"), NOW, "it is for square, not park"),
        (replace(LOOK, zone=""), NOW, "not no zone"),
        (replace(LOOK, purpose="public safety"), NOW, "it is for 'missing child'"),
        (replace(LOOK, level=Level.CLEAR), NOW, "for level 5, not 4"),
    ],
)
def test_outside_its_scope_it_allows_nothing(court, look, now, said):
    signed = warrant.issue(*court, PRIVATE, **SCOPE)
    with pytest.raises(Refused, match=said):
        identify(court, signed, look, now)
    assert court[0].size == 1


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"approvers": [BEN]}, "two people in different roles"),
        ({"approvers": [BEN, BEN]}, "two people in different roles"),
        ({"approvers": [BEN, Approver("acc-eve", "supervisor")]}, "two people in different roles"),
        ({"approvers": [Approver("acc-ben", "dpo"), BEN]}, "two people in different roles"),
        ({"approvers": [ANNA, CARA]}, "two people in different roles of supervisor"),
        ({"until": NOW + 90_000}, "86400 s at most"),
        ({"until": NOW - 1, "since": NOW - 9}, "ends after it begins and after now"),
        ({"zones": []}, "names its zones"),
        ({"description": "him"}, "State a reason"),
        ({"zones": ["park", "square"]}, "nothing above level 1"),
    ],
)
def test_warrants_that_are_not_issued(tmp_path, changed, said):
    rules = policies(tmp_path, "assembly", zones=["square"])
    _, ledger = admission(tmp_path, rules)
    with pytest.raises(Refused, match=said):
        warrant.issue(ledger, rules, PRIVATE, **(SCOPE | {"zones": ["park"]} | changed))
    assert ledger.size == 0


def test_a_changed_or_foreign_warrant_is_none(court):
    signed = warrant.issue(*court, PRIVATE, **SCOPE)
    for at in range(0, len(signed.content), 7):
        content = signed.content[:at] + bytes([signed.content[at] ^ 1]) + signed.content[at + 1 :]
        with pytest.raises(Tampered):
            identify(court, replace(signed, content=content))
    stranger = Ed25519PrivateKey.from_private_bytes(bytes(31) + b"\x01").public_key()
    with pytest.raises(Tampered):
        signed.opened(stranger)
    with pytest.raises(BadInput):
        warrant.decode(b"\xff")


def test_a_revoked_warrant_and_a_later_assembly_end_it(court, tmp_path):
    signed = warrant.issue(*court, PRIVATE, **SCOPE)
    with pytest.raises(Refused, match="with any warrant"):
        identify((court[0], policies(tmp_path, "assembly", zones=["square"])), signed)
    warrant.revoke(court[0], signed, PUBLIC, CARA, NOW + 2)
    with pytest.raises(Refused, match="revoked"):
        identify(court, signed, now=NOW + 3)
