"""Keys per class and hour: durable, private, and gone for good when dropped."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.gate.keys import KeyRing
from tocsin.model import BadInput, StoreError


def test_a_key_is_the_same_for_ever_and_differs_by_class_and_hour(tmp_path):
    ring = KeyRing.open(tmp_path)
    keys = {(cls, hour): ring.key(cls, hour) for cls in ("ambient", "redacted+") for hour in (0, 5)}
    assert len(set(keys.values())) == 4
    assert all(len(key) == 32 for key in keys.values())
    again = KeyRing.open(tmp_path)
    assert {name: again.key(*name) for name in keys} == keys


def test_dropping_is_for_ever(tmp_path):
    ring = KeyRing.open(tmp_path)
    for hour in range(6):
        ring.key("ambient", hour)
    kept = ring.key("ambient", 4)
    assert ring.drop_before("ambient", 4) == 4
    assert ring.drop_before("ambient", 3) == 0
    for opened in (ring, KeyRing.open(tmp_path)):
        assert opened.key("ambient", 4) == kept
        assert opened.hours("ambient") == [4, 5]
        for hour in (0, 3):
            with pytest.raises(StoreError, match="was dropped"):
                opened.key("ambient", hour)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 9)), max_size=12))
def test_no_order_of_use_brings_a_dropped_key_back(tmp_path_factory, steps):
    ring, floor = KeyRing.open(tmp_path_factory.mktemp("keys")), 0
    for drop, hour in steps:
        if drop:
            ring.drop_before("a", hour)
            floor = max(floor, hour)
        elif hour >= floor:
            assert ring.key("a", hour) == ring.key("a", hour)
        else:
            with pytest.raises(StoreError):
                ring.key("a", hour)
    assert all(hour >= floor for hour in ring.hours("a"))


def test_a_drop_that_was_cut_short_is_finished_by_the_next(tmp_path):
    ring = KeyRing.open(tmp_path)
    ring.key("ambient", 1)
    wrapped = (tmp_path / "ambient/1").read_bytes()
    ring.drop_before("ambient", 2)
    (tmp_path / "ambient/1").write_bytes(wrapped)  # the floor was written, the key not yet unlinked
    (tmp_path / "ambient/1.a0.tmp").write_bytes(wrapped)  # nor the draft of an earlier crash
    again = KeyRing.open(tmp_path)
    with pytest.raises(StoreError, match="was dropped"):
        again.key("ambient", 1)
    assert again.drop_before("ambient", 2) == 1
    assert [path.name for path in (tmp_path / "ambient").iterdir()] == ["floor"]


def test_nothing_on_disk_is_a_key_in_clear_or_readable_by_others(tmp_path):
    ring = KeyRing.open(tmp_path)
    key = ring.key("ambient", 7)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert all(key not in path.read_bytes() for path in files)
    assert all(path.stat().st_mode & 0o077 == 0 for path in files)


def test_a_wrong_lost_or_open_master_key_is_noticed_at_once(tmp_path):
    KeyRing.open(tmp_path).key("ambient", 7)
    master = tmp_path / "master.key"
    secret = master.read_bytes()
    master.write_bytes(bytes(32))
    with pytest.raises(StoreError, match="cannot be unwrapped"):
        KeyRing.open(tmp_path)
    master.write_bytes(secret[:5])
    with pytest.raises(StoreError, match="32 bytes"):
        KeyRing.open(tmp_path)
    master.chmod(0o640)
    with pytest.raises(StoreError, match="chmod 600"):
        KeyRing.open(tmp_path)
    master.unlink()
    with pytest.raises(StoreError, match="missing"):
        KeyRing.open(tmp_path)


def test_a_key_cannot_be_moved_to_another_hour(tmp_path):
    KeyRing.open(tmp_path).key("ambient", 7)
    (tmp_path / "ambient/7").rename(tmp_path / "ambient/8")
    with pytest.raises(StoreError, match="cannot be unwrapped"):
        KeyRing.open(tmp_path)


def test_threads_and_two_rings_agree_on_one_key(tmp_path):
    rings = [KeyRing.open(tmp_path), KeyRing.open(tmp_path)]
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda i: rings[i % 2].key("ambient", i // 8), range(32)))
    assert len(set(keys)) == 4


@pytest.mark.parametrize("cls", ["", "../x", "A", "a/b", "x" * 50])
def test_a_class_is_a_plain_name(tmp_path, cls):
    with pytest.raises(BadInput):
        KeyRing.open(tmp_path).key(cls, 1)


def test_an_hour_before_1970_and_a_broken_floor_are_refused(tmp_path):
    ring = KeyRing.open(tmp_path)
    with pytest.raises(StoreError):
        ring.key("ambient", -1)
    ring.drop_before("ambient", 5)
    (tmp_path / "ambient/floor").write_text("five")
    with pytest.raises(StoreError, match="not a number"):
        KeyRing.open(tmp_path).key("ambient", 9)
