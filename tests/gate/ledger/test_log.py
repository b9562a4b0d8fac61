"""The ledger keeps, proves, erases, recovers and refuses."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from tests.gate.receipts import ORIGIN, ledger_in, receipt
from tocsin.gate.ledger import Ledger, tree, verify
from tocsin.gate.ledger.tiles import decode_bundle
from tocsin.model import BadInput, ConfigError, Conflict, NotFound, StoreError, Tampered


def test_what_went_in_comes_out_again_after_a_restart(tmp_path):
    ledger = ledger_in(tmp_path)
    assert [ledger.append(receipt(i)) for i in range(3)] == [0, 1, 2]
    assert ledger.append_many([receipt(3), receipt(4)]) == [3, 4]
    root = ledger.root()
    ledger.close()
    again = ledger_in(tmp_path)
    assert (again.size, again.root()) == (5, root)
    assert again.receipts() == [(i, receipt(i)) for i in range(5)]
    assert again.receipts(limit=2) == [(3, receipt(3)), (4, receipt(4))]


def test_receipts_are_found_by_subject_and_by_incident(tmp_path):
    ledger = ledger_in(tmp_path)
    ledger.append_many([receipt(0, subject="cam-1"), receipt(1, subject="p", detail={"incident": "inc-1"})])
    assert [index for index, _ in ledger.receipts("cam-1")] == [0]
    ledger.append(receipt(2, subject="inc-1"))
    assert [index for index, _ in ledger.receipts("inc-1")] == [1, 2]


def test_the_root_and_the_proofs_are_the_oracles(tmp_path):
    ledger, oracle = ledger_in(tmp_path), InmemoryTree(algorithm="sha256")
    ledger.append_many([receipt(i) for i in range(300)])
    entries = [
        *decode_bundle(read(tmp_path, "tile/entries/000")),
        *decode_bundle(read(tmp_path, "tile/entries/001.p/44")),
    ]
    for entry in entries:
        oracle.append_entry(entry)
    assert ledger.root() == oracle.get_root(300)
    assert ledger.inclusion(7) == oracle.prove_inclusion(8, 300).path[1:]
    assert tree.extends(9, 300, ledger.root_at(9), ledger.root(), ledger.consistency(9))


@settings(max_examples=8, deadline=None)
@given(st.lists(st.integers(1, 150), max_size=5))
def test_any_batches_give_a_sound_ledger(tmp_path_factory, batches):
    folder, written = tmp_path_factory.mktemp("ledger"), 0
    for count in batches:
        ledger = ledger_in(folder)
        ledger.append_many([receipt(written + i) for i in range(count)])
        written += count
        ledger.close()
    ledger_in(folder).close()
    assert verify(folder / "ledger").lines[0].startswith(f"The ledger holds {written} receipts; none was altered.")


def test_an_erased_body_is_gone_and_the_ledger_still_verifies(tmp_path):
    ledger = ledger_in(tmp_path)
    ledger.append_many([receipt(i, subject=f"secret-{i}") for i in range(5)])
    assert ledger.erase(2) == 5
    assert ledger.receipts()[2] == (2, None)
    assert ledger.receipts("secret-2") == []
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"secret-1" in kept
    assert b"secret-2" not in kept
    assert verify(tmp_path / "ledger").ok
    assert tree.includes(leaf_of(tmp_path, 2), 2, 6, ledger.inclusion(2), ledger.root())


def test_many_bodies_are_erased_under_one_receipt(tmp_path):
    ledger = ledger_in(tmp_path)
    ledger.append_many([receipt(i) for i in range(300)])
    ledger.erase_many([*range(250, 260), 3], at=9.0, by="dpo-1")
    assert [index for index, body in ledger.receipts() if body is None] == [3, *range(250, 260)]
    assert ledger.receipts(limit=1)[0][1].detail == {"receipts": "3,250-259"}
    assert verify(tmp_path / "ledger").ok


def test_the_proof_of_an_erasure_cannot_be_erased_nor_forged(tmp_path):
    ledger = ledger_in(tmp_path)
    ledger.append(receipt(0))
    ledger.erase(0)
    with pytest.raises(Conflict):
        ledger.erase(1)
    with pytest.raises(BadInput):
        ledger.append(receipt(2, act="ledger.erase"))
    with pytest.raises(NotFound):
        ledger.erase(99)


def test_an_erasure_cut_short_is_finished_on_opening(tmp_path):
    ledger = ledger_in(tmp_path)
    ledger.append(receipt(0))
    path = tmp_path / "ledger/bodies/000"
    before = path.read_bytes()
    ledger.erase(0)
    ledger.close()
    path.write_bytes(before + path.read_bytes()[len(before) :])  # the receipt is there, the body still too
    assert not verify(tmp_path / "ledger").notes
    assert ledger_in(tmp_path).receipts()[0] == (0, None)


@pytest.mark.parametrize("torn", [0, 1, 40])
def test_bodies_beyond_the_checkpoint_are_taken_in(tmp_path, torn):
    ledger = ledger_in(tmp_path)
    ledger.append(receipt(0))
    before = {name: read(tmp_path, name) for name in files_in(tmp_path)}
    ledger.append_many([receipt(1), receipt(2)])
    ledger.close()
    bodies = read(tmp_path, "bodies/000")
    put_back(tmp_path, before)  # the machine died after the bodies were flushed
    (tmp_path / "ledger/bodies/000").write_bytes(bodies[: len(bodies) - torn])
    assert verify(tmp_path / "ledger").ok
    again = ledger_in(tmp_path)
    assert again.receipts() == [(i, receipt(i)) for i in range(2 if torn else 3)]
    assert verify(tmp_path / "ledger") == verify(tmp_path / "ledger", again.public_key.text)
    assert not verify(tmp_path / "ledger").notes


def test_killed_while_writing_it_loses_no_acknowledged_receipt(tmp_path):
    program = Path(__file__).parent / "writer.py"
    for _ in range(4):
        child = subprocess.Popen([sys.executable, program, tmp_path], stdout=subprocess.PIPE, text=True)
        acknowledged = [int(child.stdout.readline()) for _ in range(12)][-1]
        child.kill()
        rest = child.stdout.read().split()
        child.wait()
        acknowledged = int(rest[-1]) if rest else acknowledged
        ledger = ledger_in(tmp_path)
        assert ledger.size > acknowledged
        assert all(one == receipt(index) for index, one in ledger.receipts())
        ledger.close()
        assert verify(tmp_path / "ledger").problems == ()


def test_a_second_writer_is_refused(tmp_path):
    first = ledger_in(tmp_path)
    with pytest.raises(StoreError, match="Another process"):
        ledger_in(tmp_path)
    first.close()
    with pytest.raises(StoreError, match="closed"):
        first.append(receipt(0))


def test_it_opens_only_with_its_own_name_and_key(tmp_path):
    ledger_in(tmp_path).close()
    with pytest.raises(ConfigError, match="another origin"):
        Ledger.open(tmp_path / "ledger", tmp_path / "private", "other.example")
    with pytest.raises(StoreError, match="private key"):
        Ledger.open(tmp_path / "ledger", tmp_path / "elsewhere", ORIGIN)
    with pytest.raises(ConfigError, match="cannot name"):
        Ledger.open(tmp_path / "ledger", tmp_path / "private", "two words")


def test_the_private_key_is_the_owners_alone(tmp_path):
    ledger_in(tmp_path).close()
    key = tmp_path / "private/ledger.key"
    assert key.stat().st_mode & 0o777 == 0o600
    key.chmod(0o644)
    with pytest.raises(StoreError, match="chmod 600"):
        ledger_in(tmp_path)


@pytest.mark.parametrize("name", ["checkpoint", "tile/0/000.p/2", "tile/entries/000.p/2", "bodies/000"])
def test_a_damaged_ledger_is_not_written_on(tmp_path, name):
    ledger = ledger_in(tmp_path)
    ledger.append_many([receipt(0), receipt(1)])
    ledger.close()
    (tmp_path / "ledger" / name).unlink()
    with pytest.raises(Tampered):
        ledger_in(tmp_path)


def test_a_receipt_that_is_none_is_refused_and_leaves_nothing(tmp_path):
    ledger = ledger_in(tmp_path)
    with pytest.raises(BadInput):
        ledger.append_many([receipt(0), receipt(1, detail={"text": "x" * 20_000})])
    assert ledger.size == 0
    assert ledger.append_many([]) == []


def test_a_file_limit_refuses_the_receipt_and_leaves_the_ledger_sound(tmp_path):
    program = Path(__file__).parent / "limited.py"
    done = subprocess.run([sys.executable, program, tmp_path], capture_output=True, text=True, check=False)
    assert "refused: The receipt could not be written (File too large)" in done.stdout, done.stderr
    assert verify(tmp_path / "ledger").ok
    ledger = ledger_in(tmp_path)
    assert f"wrote {ledger.size} " in done.stdout
    ledger.append(receipt(ledger.size))


def test_on_a_full_disk_only_life_safety_acts_leave_receipts(tmp_path):
    program = Path(__file__).parent / "full_disk.py"
    command = ["unshare", "--user", "--map-root-user", "--mount", sys.executable, str(program), str(tmp_path)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        done = subprocess.CompletedProcess(command, 77, "", "unshare is not installed")
    if done.returncode == 77 and os.environ.get("TOCSIN_REQUIRE_ALL") != "1":
        pytest.skip(f"no small disk can be made here: {done.stderr.strip()}")
    assert done.stdout.split("\n")[:4] == ["filled", "ordinary refused", "life written", "ordinary refused"], (
        done.stderr
    )
    assert done.stdout.split("\n")[4:6] == ["sound True", "ordinary again"], done.stderr


def read(folder, name):
    return (folder / "ledger" / name).read_bytes()


def files_in(folder):
    root = folder / "ledger"
    return [path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()]


def put_back(folder, files):
    for name in files_in(folder):
        (folder / "ledger" / name).unlink()
    for name, content in files.items():
        (folder / "ledger" / name).write_bytes(content)


def leaf_of(folder, index):
    bundle = next((folder / "ledger/tile/entries").rglob("*.p/*"))
    return tree.leaf_hash(decode_bundle(bundle.read_bytes())[index])
