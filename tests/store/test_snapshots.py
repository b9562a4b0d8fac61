"""Snapshots: what was saved last comes back, all or nothing, sealed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.store.material import SeededKeys
from tocsin.model import Tampered
from tocsin.store.log import EventLog
from tocsin.store.snapshots import Snapshots

KEYS = st.tuples(st.sampled_from(["silence", "fusion"]), st.text(max_size=3))
SAVES = st.lists(st.dictionaries(KEYS, st.none() | st.binary(max_size=20), max_size=4), max_size=5)


@settings(max_examples=20, deadline=None)
@given(SAVES)
def test_saves_add_up(tmp_path_factory, saves):
    folder, expected = tmp_path_factory.mktemp("log"), {}
    with EventLog.open(folder, SeededKeys()) as log:
        for pos, dirty in enumerate(saves, start=1):
            Snapshots(log).save(pos, dirty)
            expected |= dirty
    with EventLog.open(folder, SeededKeys()) as log:
        kept = {key: state for key, state in expected.items() if state is not None}
        assert Snapshots(log).load() == (len(saves), kept)


def test_cleared_means_fold_anew(log):
    Snapshots(log).save(9, {("a", "b"): b"state"})
    Snapshots(log).clear()
    assert Snapshots(log).load() == (0, {})


def test_a_save_that_fails_moves_nothing(log):
    Snapshots(log).save(1, {("a", "b"): b"old"})
    log._connection.execute("CREATE TRIGGER broken BEFORE UPDATE ON snapshot_at BEGIN SELECT raise(ABORT, 'no'); END")
    with pytest.raises(Exception, match="Nothing was written: no"):
        Snapshots(log).save(2, {("a", "b"): b"new"})
    assert Snapshots(log).load() == (1, {("a", "b"): b"old"})


def test_states_cannot_be_swapped(log):
    Snapshots(log).save(1, {("a", "1"): b"one", ("a", "2"): b"two"})
    swap = "UPDATE snapshot SET sealed = (SELECT sealed FROM snapshot AS other WHERE other.key != snapshot.key)"
    log.write(lambda connection: connection.execute(swap))
    with pytest.raises(Tampered, match="snapshot a"):
        Snapshots(log).load()
