"""One byte changed anywhere is found, and the report says where."""

import re
import shutil

import pytest

from tests.gate.receipts import ledger_in, receipt
from tocsin.gate.ledger import verify
from tocsin.gate.ledger.tiles import decode_bundle, encode_bundle


@pytest.fixture
def small(tmp_path):
    ledger = ledger_in(tmp_path, reserve_bytes=16)
    ledger.append_many([receipt(i) for i in range(3)])
    ledger.erase(1)
    ledger.close()
    return tmp_path / "ledger"


def flipped(path, mask, step):
    """Versions of a file with one byte changed."""
    original = path.read_bytes()
    for at in range(0, len(original), step):
        yield original[:at] + bytes([original[at] ^ mask]) + original[at + 1 :]


@pytest.mark.parametrize(("mask", "step"), [(0x01, 1), (0xFF, 5)])
def test_any_changed_byte_in_any_file_is_found_and_placed(small, mask, step):
    assert verify(small).problems == ()
    for path in sorted(path for path in small.rglob("*") if path.is_file()):
        original, name = path.read_bytes(), path.relative_to(small).as_posix()
        for changed in flipped(path, mask, step):
            path.write_bytes(changed)
            report = verify(small)
            assert not report.ok
            assert report.problems[0].startswith(name), report.problems
        path.write_bytes(original)
    assert verify(small).ok


def test_any_missing_or_cut_or_longer_file_is_found(small):
    for path in sorted(path for path in small.rglob("*") if path.is_file() and path.name != "reserve"):
        original = path.read_bytes()
        path.unlink()
        assert not verify(small).ok, path
        path.write_bytes(original[:-1])
        assert not verify(small).ok or verify(small).notes, path
        path.write_bytes(original + b"\x01")
        assert not verify(small).ok or path.parent.name == "bodies", path
        path.write_bytes(original)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("tile/entries/000.p/4", "entry of receipt 2"),
        ("tile/0/000.p/4", "hash of receipt 2"),
        ("bodies/000", "body of receipt 2"),
    ],
)
def test_it_names_the_receipt(small, name, said):
    path = small / name
    content = path.read_bytes()
    at = content.index(b"lease-2") if b"lease-2" in content else 2 * 32
    path.write_bytes(content[:at] + b"!" + content[at + 1 :])
    assert [problem for problem in verify(small).problems if said in problem and problem.startswith(name)]


def test_in_a_larger_ledger_it_names_the_tile_and_the_receipt(tmp_path):
    ledger = ledger_in(tmp_path, reserve_bytes=0)
    ledger.append_many([receipt(i) for i in range(700)])
    folder = tmp_path / "ledger"
    for name, at, said in [
        ("tile/0/001", 32 * 9, "tile/0/001 was changed: hash of receipt 265."),
        ("tile/1/000.p/2", 40, "tile/1/000.p/2 was changed: hash 1."),
        ("tile/entries/002.p/188", 5, "tile/entries/002.p/188 was changed: entry of receipt 512."),
    ]:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[:at] + bytes([content[at] ^ 4]) + content[at + 1 :])
        assert verify(folder).problems == (said,)
        (folder / name).write_bytes(content)


def test_a_rewritten_log_does_not_lead_to_the_signed_root(small):
    bundle, tile = small / "tile/entries/000.p/4", small / "tile/0/000.p/4"
    entries = decode_bundle(bundle.read_bytes())
    bundle.write_bytes(encode_bundle([entries[1], entries[0], *entries[2:]]))
    hashes = tile.read_bytes()
    tile.write_bytes(hashes[32:64] + hashes[:32] + hashes[64:])
    assert "another root than was signed" in verify(small).problems[0]


def test_a_body_erased_without_a_receipt_is_found(small):
    path = small / "bodies/000"
    raw = path.read_bytes()
    width = int.from_bytes(raw[1:3], "big")
    path.write_bytes(b"\x00" + raw[1:3] + bytes(width) + raw[3 + width :])
    assert verify(small).problems == ("bodies/000: body 0 was erased, but no receipt says so.",)


def test_a_ledger_signed_anew_by_a_thief_is_not_the_one_that_was_handed_over(small, tmp_path):
    thief = ledger_in(tmp_path / "thief")
    thief.append(receipt(0))
    key = (small / "key.pub").read_text()
    shutil.rmtree(small)
    shutil.copytree(tmp_path / "thief/ledger", small)
    assert verify(small).ok
    assert re.search("key.pub.*replaced", verify(small, key).problems[0])


def test_strangers_are_found_and_a_released_reserve_is_only_noted(small):
    (small / "reserve").unlink()
    assert verify(small).ok
    assert "reserved disk" in verify(small).notes[-1]
    (small / "tile/0/hidden").write_bytes(b"x")
    assert verify(small).problems == ("tile/0/hidden does not belong to the ledger.",)


def test_nothing_at_all_is_no_ledger(tmp_path):
    report = verify(tmp_path)
    assert not report.ok
    assert any("checkpoint: it is missing" in problem for problem in report.problems)


def test_a_key_that_cannot_be_read_is_said(small):
    assert "cannot be used" in verify(small, "nonsense").problems[0]
