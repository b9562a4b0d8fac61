"""Quarantine: kept with the reason, counted for ever, bounded, sealed, gone after its time."""

import pytest

from tests.store.material import HOUR
from tocsin.model import NotFound, StoreError
from tocsin.store.quarantine import OTHER, Quarantine, QuarantineLimits, Rejected


def rejected(number, reason="not JSON", raw=b"{broken"):
    return Rejected(at=HOUR * 3600.0 + number, source="mqtt", reason=reason, raw=raw)


def test_it_keeps_what_came_and_why(log):
    quarantine = Quarantine(log)
    quarantine.put([rejected(1), rejected(2, reason="no unit", raw=b"Matti Meik\xe4l\xe4inen")]).result()
    newest = quarantine.list()[0]
    assert (newest.source, newest.reason, newest.size) == ("mqtt", "no unit", 17)
    assert quarantine.raw(newest.id) == b"Matti Meik\xe4l\xe4inen"
    assert len(quarantine.list(limit=1)) == 1


def test_its_bytes_are_sealed(log, tmp_path):
    Quarantine(log).put([rejected(1, raw=b"a name in clear" * 9)]).result()
    assert not any(b"a name in clear" in file.read_bytes() for file in tmp_path.iterdir())


def test_the_oldest_give_way_and_all_are_counted(log):
    quarantine = Quarantine(log, QuarantineLimits(items_max=3))
    for number in range(5):
        quarantine.put([rejected(number), rejected(number, reason="no unit")]).result()
    assert [item.at - HOUR * 3600.0 for item in quarantine.list()] == [4, 4, 3]
    assert quarantine.dropped() == 7
    assert quarantine.count_by_reason() == {"no unit": 5, "not JSON": 5}


def test_bytes_are_bounded_in_all_and_per_item(log):
    quarantine = Quarantine(log, QuarantineLimits(bytes_max=300, item_bytes_max=10))
    quarantine.put([rejected(number, raw=bytes(range(200))) for number in range(20)]).result()
    kept = quarantine.list()
    assert 0 < len(kept) < 20
    assert kept[0].size == 200
    assert quarantine.raw(kept[0].id) == bytes(range(10))


def test_reasons_are_bounded(log):
    quarantine = Quarantine(log, QuarantineLimits(reasons_max=2, reason_chars_max=4))
    quarantine.put([rejected(n, reason=why) for n, why in enumerate(["aaaaXX", "aaaaYY", "b", "c", "d"])]).result()
    assert quarantine.count_by_reason() == {OTHER: 2, "aaaa": 2, "b": 1}
    assert {item.reason for item in quarantine.list()} == {"aaaa", "b", "c", "d"}


def test_it_expires_with_its_keys(log, keys):
    quarantine = Quarantine(log)
    quarantine.put([rejected(0), rejected(7200)]).result()
    assert quarantine.retain((HOUR + 3) * 3600.0, hours=2) == 1
    assert len(quarantine.list()) == 1
    with pytest.raises(StoreError):
        keys.key("quarantine", HOUR)
    quarantine.put([rejected(0)]).result()
    assert quarantine.raw(quarantine.list()[0].id) == b"{broken"


def test_an_unknown_item_says_so(log):
    with pytest.raises(NotFound, match="Item 7"):
        Quarantine(log).raw(7)
