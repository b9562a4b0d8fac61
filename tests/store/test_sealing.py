"""Seals: altered, swapped and expired rows; retention drops keys and rows by class."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.store.material import HOUR, SeededKeys, gas
from tocsin.model import Level, StoreError, Tampered
from tocsin.store.log import EventLog
from tocsin.store.sealing import SHORT_BYTES, Sealer


@given(st.binary(max_size=300), st.text(max_size=20), st.integers(0, 2**40))
def test_what_is_sealed_opens_again(plain, name, hour):
    sealer = Sealer(SeededKeys())
    assert sealer.unseal("a", hour, name, sealer.seal("a", hour, name, plain)) == plain


@given(st.data())
def test_no_bit_can_be_changed_unnoticed(data):
    sealer = Sealer(SeededKeys())
    sealed = bytearray(sealer.seal("a", 1, "row", b"what was seen"))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(Tampered, match="Row 'row' does not match its seal"):
        sealer.unseal("a", 1, "row", bytes(sealed))


@pytest.mark.parametrize("other", [("b", 1, "row"), ("a", 2, "row"), ("a", 1, "wor")])
def test_content_is_bound_to_class_hour_and_name(other):
    sealer = Sealer(SeededKeys())
    with pytest.raises(Tampered):
        sealer.unseal(*other, sealer.seal("a", 1, "row", b"x"))


@pytest.mark.parametrize("length", range(29))
def test_a_cut_row_is_noticed(length):
    sealer = Sealer(SeededKeys())
    with pytest.raises(Tampered):
        sealer.unseal("a", 1, "row", sealer.seal("a", 1, "row", b"")[:length])


def test_long_content_is_compressed_and_short_content_is_not():
    sealer = Sealer(SeededKeys())
    assert len(sealer.seal("a", 1, "row", b"x" * SHORT_BYTES)) < SHORT_BYTES / 4
    assert len(sealer.seal("a", 1, "row", b"x" * (SHORT_BYTES - 1))) > SHORT_BYTES


@pytest.mark.parametrize("size", [SHORT_BYTES - 1, SHORT_BYTES])
def test_one_form_is_never_taken_for_the_other(size):
    sealer = Sealer(SeededKeys())
    sealed = sealer.seal("a", 1, "row", b"x" * size)
    swapped = {b"\x01": b"\x02", b"\x02": b"\x01"}[sealed[:1]] + sealed[1:]
    with pytest.raises(Tampered):
        sealer.unseal("a", 1, "row", swapped)


def test_nothing_lies_on_disk_in_clear(log, tmp_path):
    log.submit([gas(1)]).result()
    assert not any(b"chlorine" in file.read_bytes() for file in tmp_path.iterdir())


def test_an_altered_row_is_named(log):
    log.submit([gas(1), gas(2)]).result()
    log.write(lambda connection: connection.execute("UPDATE log SET sealed = zeroblob(length(sealed))"))
    with pytest.raises(Tampered, match="log 1: 2 of 1-2"):
        list(log.read())


def test_swapped_rows_are_noticed(log):
    log.submit([gas(1)]).result()
    log.submit([gas(2)]).result()
    swap = "UPDATE log SET sealed = (SELECT sealed FROM log AS other WHERE other.first = 3 - log.first)"
    log.write(lambda connection: connection.execute(swap))
    with pytest.raises(Tampered):
        list(log.read())


def test_a_city_with_an_altered_tail_still_starts(tmp_path, keys):
    log = EventLog.open(tmp_path, keys)
    log.submit([gas(1)]).result()
    log.close()
    with EventLog.open(tmp_path, keys) as log:
        log.write(lambda connection: connection.execute("UPDATE log SET sealed = x'00'"))
        log.write(lambda connection: connection.execute("UPDATE position SET indexed = 0"))
        log.write(lambda connection: connection.execute("DELETE FROM spot"))
        log._spots._pending.clear()
    with EventLog.open(tmp_path, keys) as log:
        assert log.stats().rows_unreadable == 0 or log.find(["gas-1/b1/1"]) == {}
        assert log.submit([gas(2)]).result().last == 2


def test_rows_whose_key_was_dropped_are_left_out_and_counted(log, keys):
    log.submit([gas(1, level=Level.REDACTED), gas(2), gas(3, level=Level.ANONYMOUS)]).result()
    keys.drop_before("redacted+", HOUR + 1)
    assert [fact.seq for fact in log.read()] == [2, 3]
    assert log.find(["gas-1/b1/1", "gas-1/b1/2"]).keys() == {"gas-1/b1/2"}
    assert log.stats().rows_unreadable == 2


def test_each_class_goes_in_its_time(log, keys):
    for hour in range(4):
        log.submit([gas(hour * 10 + level, level=level, hour=HOUR + hour) for level in Level]).result()
    gone = log.retain((HOUR + 4) * 3600.0, {"redacted+": 2, "anonymous": 3, "ambient": 1000})
    assert gone == 3 + 2
    kept = [(fact.seq // 10, int(fact.level)) for fact in log.read()]
    assert kept == [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1), (2, 2), *((3, level) for level in range(6))]
    with pytest.raises(StoreError):
        keys.key("redacted+", HOUR + 2)
    assert log.stats().rows_unreadable == 0


def test_a_late_fact_needs_no_key_that_was_dropped(tmp_path, keys):
    with EventLog.open(tmp_path, keys) as log:
        log.submit([gas(1)]).result()
        log.retain((HOUR + 100) * 3600.0, {"ambient": 10})
        log.submit([gas(2, hour=HOUR - 50)]).result()
        assert [fact.seq for fact in log.read()] == [2]
    with EventLog.open(tmp_path, keys) as log:
        log.submit([gas(3, hour=HOUR - 50)]).result()
        assert [fact.seq for fact in log.read()] == [2, 3]


def test_an_index_of_rows_that_are_gone_goes_too(tmp_path, keys):
    with EventLog.open(tmp_path, keys) as log:
        log.submit([gas(1)]).result()
    with EventLog.open(tmp_path, keys) as log:
        assert log._connection.execute("SELECT count(*) FROM spot").fetchone() == (1,)
        log.retain((HOUR + 100) * 3600.0, {"ambient": 10})
        assert log._connection.execute("SELECT count(*) FROM spot").fetchone() == (0,)
        assert log.find(["gas-1/b1/1"]) == {}
        assert log.submit([gas(1)]).result().duplicates == 1
