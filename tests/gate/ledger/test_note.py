"""Signed notes: one way to write them, any change refused; the published example of a key is ours too."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tocsin.gate.ledger import note
from tocsin.gate.ledger.note import Checkpoint
from tocsin.model import ConfigError, Tampered

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(32))
KEY = note.public_key("log.example/one", PRIVATE)
POINT = Checkpoint("log.example/one", 7, bytes(range(32)))
RAW = note.sign(POINT.text, "log.example/one", PRIVATE)


def test_a_checkpoint_comes_back():
    assert note.open_checkpoint(RAW, KEY) == POINT
    assert RAW.decode().startswith("log.example/one\n7\nAAECAwQF")
    assert "\n\n— log.example/one " in RAW.decode()


def test_a_key_comes_back():
    assert note.parse_key(KEY.text) == KEY
    assert KEY.text.split("+")[1] == KEY.id.hex()


def test_the_key_id_is_the_one_of_a_known_public_log():
    known = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
    assert note.parse_key(known).id.hex() == "033de0ae"


@pytest.mark.parametrize("mask", [1, 0x20, 0x80])
def test_every_changed_byte_is_noticed(mask):
    for at in range(len(RAW)):
        changed = RAW[:at] + bytes([RAW[at] ^ mask]) + RAW[at + 1 :]
        with pytest.raises(Tampered):
            note.open_checkpoint(changed, KEY)


def test_a_witness_signs_beside_the_log():
    witness = Ed25519PrivateKey.from_private_bytes(bytes(31) + b"\x01")
    both = RAW + note.cosign(POINT.text, "w.example", witness, 1_700_000_000).line.encode()
    text, signatures = note.parse_note(both)
    assert note.is_signed(text, signatures, KEY)
    assert note.is_signed(text, signatures, note.public_key("w.example", witness, note.WITNESS_KEY))
    assert not note.is_signed(text, signatures, note.public_key("w.example", PRIVATE, note.WITNESS_KEY))


@pytest.mark.parametrize("name", ["", "two words", "a+b", "line\n"])
def test_names_that_cannot_name_a_key_are_refused(name):
    with pytest.raises(ConfigError):
        note.public_key(name, PRIVATE)


@pytest.mark.parametrize("text", ["", "a+b", "a+00000000+AAAA", KEY.text.replace("one", "two")])
def test_what_is_no_key_is_refused(text):
    with pytest.raises(Tampered):
        note.parse_key(text)
