"""A name is revealed to two people with a reason, by a match with names they bring, and is nowhere kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.gate.offices import NOW, admission, policies
from tests.gate.receipts import ledger_in
from tocsin.contract.pseudonyms import Pseudonyms, token_under
from tocsin.engine.desk import Person
from tocsin.engine.naming import NAME_CHARS_MAX, NAMES_MAX, Naming
from tocsin.engine.requests import OPEN_MAX, OPEN_S_MAX
from tocsin.model import BadInput, Conflict, NotFound, Refused, TooMuch

KEY = b"0123456789abcdef0123456789abcdef"
ANNA, BEN, DORA = Person("acc-anna", "operator"), Person("acc-ben", "supervisor"), Person("acc-dora", "operator")
WHY = "This account opened a shell on a controller"
NAME = "Mira.Korhonen"
TOKEN = Pseudonyms(KEY).account(NAME)


class Clock:
    """A clock that is set by hand."""

    now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def ledger(tmp_path):
    return ledger_in(tmp_path)


def token_of(name):
    return token_under(KEY, name)


@pytest.fixture
def naming(tmp_path, ledger, clock):
    return Naming(ledger, policies(tmp_path, "assembly", zones=["square"]), token_of, clock)


def acts(ledger):
    return [receipt.act for _, receipt in ledger.receipts()]


def test_a_name_is_matched_once_and_the_leave_ends_with_what_was_used(naming, ledger):
    request = naming.ask(TOKEN, WHY, "inc-1", ANNA)
    assert naming.open(NOW) == [request]
    assert ledger.size == 0
    revealed = naming.answer(request.id, ["berta", NAME, "anna"], BEN)
    assert (revealed.name, revealed.tried) == (NAME, 3)
    assert naming.open(NOW) == []
    begun, over = (receipt for _, receipt in ledger.receipts())
    assert (begun.act, begun.by, begun.subject, int(begun.level)) == ("unmask", "acc-ben", TOKEN, 4)
    assert begun.detail["asked_by"] == "acc-anna"
    assert begun.detail["incident"] == "inc-1"
    assert (over.act, over.detail["lease"], over.detail["tried"], over.detail["found"]) == ("lease.end", begun.id, 3, 1)
    with pytest.raises(NotFound, match="was answered"):
        naming.answer(request.id, [NAME], BEN)


def test_the_receipt_is_there_before_a_name_is_looked_at_and_holds_none(tmp_path, ledger, clock):
    seen = []

    def looking(name):
        seen.append(acts(ledger))
        return token_of(name)

    naming = Naming(ledger, policies(tmp_path), looking, clock)
    naming.answer(naming.ask(TOKEN, WHY, "inc-1", ANNA).id, [NAME], BEN)
    assert seen
    assert all(before == ["unmask"] for before in seen)
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert TOKEN.encode() in kept
    assert NAME.casefold().encode() not in kept.lower()


@pytest.mark.parametrize(
    ("zone", "by", "said"),
    [
        ("", Person("acc-anna", "supervisor"), "whoever asks cannot approve"),
        ("", DORA, "not operator"),
        ("square", BEN, "nothing above level 1"),
    ],
)
def test_refused_answers_look_at_nothing_and_leave_the_request(naming, ledger, zone, by, said):
    request = naming.ask(TOKEN, WHY, "inc-1", ANNA, zone=zone)
    with pytest.raises(Refused, match=said):
        naming.answer(request.id, [NAME], by)
    assert ledger.size == 0
    assert naming.open(NOW) == [request]


def test_a_name_that_nobody_brings_stays_unknown(naming, ledger):
    request = naming.ask(TOKEN, WHY, "inc-1", ANNA)
    assert naming.answer(request.id, ["anna", "berta"], BEN).name == ""
    assert [receipt.detail["found"] for _, receipt in ledger.receipts() if receipt.act == "lease.end"] == [0]


def test_a_request_is_over_after_a_quarter_of_an_hour(naming, ledger, clock):
    request = naming.ask(TOKEN, WHY, "inc-1", ANNA)
    clock.now = NOW + OPEN_S_MAX
    with pytest.raises(Conflict, match="asked again"):
        naming.answer(request.id, [NAME], BEN)
    assert naming.open(clock.now) == []
    assert ledger.size == 0


@pytest.mark.parametrize("token", ["", "anna", "t:", "t:anna.korhonen.2026.xy", TOKEN.upper(), TOKEN + "0"])
def test_what_is_no_token_is_not_asked_for_nor_repeated(naming, token):
    with pytest.raises(BadInput, match="no token") as error:
        naming.ask(token, WHY, "inc-1", ANNA)
    assert "anna" not in str(error.value)


def test_a_reason_is_needed_and_not_too_many_wait(naming, clock):
    with pytest.raises(Refused, match="State a reason"):
        naming.ask(TOKEN, "so", "inc-1", ANNA)
    asked = {naming.ask(TOKEN, WHY, "inc-1", ANNA).id for _ in range(OPEN_MAX)}
    assert len(asked) == OPEN_MAX
    with pytest.raises(TooMuch):
        naming.ask(TOKEN, WHY, "inc-1", ANNA)
    clock.now = NOW + OPEN_S_MAX
    assert naming.ask(TOKEN, WHY, "inc-1", ANNA)


@pytest.mark.parametrize(
    "names", [[], [NAME] * (NAMES_MAX + 1), [NAME, "x" * (NAME_CHARS_MAX + 1)], [NAME, NAME + "\ud800"]]
)
def test_names_that_cannot_be_compared_use_nothing_up_and_are_not_repeated(naming, ledger, names):
    request = naming.ask(TOKEN, WHY, "inc-1", ANNA)
    with pytest.raises(BadInput) as error:
        naming.answer(request.id, names, BEN)
    assert NAME not in str(error.value)
    assert ledger.size == 0
    assert naming.open(NOW) == [request]


@pytest.mark.parametrize("form", ["{}", "CITY\\{}", "{}@city.example", "{}@CITY"])
def test_every_way_to_write_an_account_finds_it(naming, form):
    request = naming.ask(TOKEN, WHY, "inc-1", ANNA)
    brought = form.format(NAME.upper())
    assert naming.answer(request.id, ["x", brought], BEN).name == brought


def test_names_as_a_whole_are_found_too(naming):
    names = Pseudonyms(KEY)
    sid = "S-1-5-21-1-2-3-1001"
    for token, brought in ((names.name("Korhonen, Mira"), "Korhonen, Mira"), (names.sid(sid)[len("S-1-5-21-") :], sid)):
        assert naming.answer(naming.ask(token, WHY, "inc-1", ANNA).id, ["x", brought], BEN).name == brought


def test_a_leave_that_was_used_is_not_found_open_after_a_restart(tmp_path, naming, ledger):
    naming.answer(naming.ask(TOKEN, WHY, "inc-1", ANNA).id, [NAME], BEN)
    ledger.close()
    gate, _ = admission(tmp_path)
    assert gate.running(NOW + 1) == []


@given(st.text(max_size=40))
def test_tokens_without_a_memory_are_those_of_the_perceiver(name):
    assert token_under(KEY, name) == Pseudonyms(KEY).token(name)
