"""The witness cosigns what continues, and refuses forks for ever."""

import pytest

from tests.gate.receipts import ledger_in, receipt
from tocsin.gate.ledger import Witness, note
from tocsin.model import Conflict, Tampered


@pytest.fixture
def witness(tmp_path):
    return Witness.open(tmp_path / "witness", "witness.example")


def test_it_follows_a_growing_log_across_restarts(tmp_path, witness):
    ledger = ledger_in(tmp_path)
    for size in (0, 3, 5):
        ledger.append_many([receipt(i) for i in range(ledger.size, size)])
        last = witness.last(ledger.public_key)
        cosigned = witness.cosign(
            ledger.checkpoint(), ledger.public_key, ledger.consistency(last.size) if last else [], now=100.0
        )
        assert note.is_signed(*note.parse_note(cosigned), witness.public_key)
        witness = Witness.open(tmp_path / "witness", "witness.example")
    assert witness.last(ledger.public_key).size == 5


def test_it_refuses_a_fork_and_keeps_the_evidence(tmp_path, witness):
    ledger = ledger_in(tmp_path)
    ledger.append_many([receipt(0), receipt(1)])
    witness.cosign(ledger.checkpoint(), ledger.public_key, [], now=1.0)
    other = forked(tmp_path, ledger)
    for _ in range(2):
        with pytest.raises(Tampered, match="forked"):
            witness.cosign(other.checkpoint(), other.public_key, [], now=2.0)
    other.append(receipt(9))
    with pytest.raises(Tampered, match="forked"):
        witness.cosign(other.checkpoint(), other.public_key, other.consistency(2), now=3.0)
    assert len(list((tmp_path / "witness/forks").iterdir())) == 2
    assert witness.last(ledger.public_key).root == ledger.root()


def test_it_refuses_to_go_back(tmp_path, witness):
    ledger = ledger_in(tmp_path)
    ledger.append(receipt(0))
    old = ledger.checkpoint()
    ledger.append(receipt(1))
    witness.cosign(ledger.checkpoint(), ledger.public_key, [], now=1.0)
    with pytest.raises(Conflict, match="already seen 2"):
        witness.cosign(old, ledger.public_key, [], now=2.0)


def test_it_refuses_what_the_log_did_not_sign(tmp_path, witness):
    ledger, stranger = ledger_in(tmp_path), ledger_in(tmp_path / "stranger")
    with pytest.raises(Tampered, match="no valid signature"):
        witness.cosign(stranger.checkpoint(), ledger.public_key, [], now=1.0)


def forked(folder, ledger):
    """Another history under the same key."""
    ledger.close()
    private = folder / "fork/private"
    private.mkdir(parents=True)
    (private / "ledger.key").write_bytes((folder / "private/ledger.key").read_bytes())
    (private / "ledger.key").chmod(0o600)
    other = ledger_in(folder / "fork")
    other.append_many([receipt(0), receipt(7)])
    return other
