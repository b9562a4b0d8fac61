"""The event log: positions, duplicates, refusals, order, finding, limits."""

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.store.material import SeededKeys, gas, lines
from tocsin.contract.bodies import LogEvents
from tocsin.model import Decision, Level, Origin, StoreError, Tick, TooMuch
from tocsin.model.wire import unsealed
from tocsin.store.limits import LogLimits
from tocsin.store.log import EventLog


def decision(id):
    return Decision(at=1.8e9, origin=Origin.LIVE, id=id, verb="note", target="inc-1", by="acc-1")


def seqs(facts):
    return [fact.seq for fact in facts]


def test_positions_are_given_in_order_from_1(log):
    first = log.submit([gas(1), gas(2)]).result()
    second = log.submit([decision("d1"), gas(3)]).result()
    assert (first.first, first.last, second.first, second.last) == (1, 2, 3, 4)
    assert [fact.pos for fact in first.facts + second.facts] == [1, 2, 3, 4]
    assert log.last_pos == 4


def test_what_is_read_is_what_was_submitted(log):
    facts = [
        gas(1),
        decision("d1"),
        gas(2, level=Level.REDACTED),
        Tick(at=1.8e9, origin=Origin.LIVE),
        lines([0, 90], 140),
    ]
    committed = log.submit(facts).result()
    assert [unsealed(fact) for fact in log.read()] == list(committed.facts)


def test_an_open_log_reads_again_after_it_was_closed(tmp_path, keys):
    with EventLog.open(tmp_path, keys) as log:
        log.submit([gas(seq) for seq in range(5)]).result()
    with EventLog.open(tmp_path, keys) as log:
        assert log.submit([gas(4), gas(5)]).result().facts[0].pos == 6
        assert seqs(log.read()) == [0, 1, 2, 3, 4, 5]


def test_a_repeat_is_a_duplicate_for_ever(tmp_path, keys):
    with EventLog.open(tmp_path, keys) as log:
        log.submit([gas(1), gas(2), gas(1)]).result()
    with EventLog.open(tmp_path, keys) as log:
        again = log.submit([gas(2), gas(1), gas(1, boot="b2"), gas(1, source="gas-2")]).result()
        assert (again.duplicates, len(again.facts), again.refused) == (2, 2, ())
        assert log.stats().duplicates == 2


def test_the_same_object_twice_keeps_its_first_position(log):
    fact = gas(1)
    assert log.submit([fact, gas(2), fact]).result().duplicates == 1
    assert fact.pos == 1


def test_a_decision_is_taken_once(log):
    assert log.submit([decision("d1"), decision("d1")]).result().duplicates == 1
    assert log.submit([decision("d1"), decision("d2")]).result().duplicates == 1


def test_an_empty_commit_says_so(log):
    committed = log.submit([]).result()
    assert (committed.first, committed.last, committed.facts) == (1, 0, ())


def test_a_partly_seen_batch_of_lines_comes_back_with_the_reason(log):
    log.submit([lines([0, 50], 99)]).result()
    exact, overlapping, fresh = lines([0, 50], 99), lines([50, 100], 149), lines([100, 150], 199)
    committed = log.submit([exact, overlapping, fresh]).result()
    assert committed.duplicates == 1
    assert committed.facts == (fresh,)
    assert committed.refused == (
        (overlapping, "eve/50 was seen in part: send exact repeats or what is new, not both at once."),
    )
    assert log.stats().overlapping == 1


def test_the_memory_of_gaps_is_bounded_and_what_came_too_late_is_counted(tmp_path, keys):
    with EventLog.open(tmp_path, keys, limits=LogLimits(gaps_max=3)) as log:
        log.submit([gas(seq) for seq in range(0, 20, 2)]).result()
        (seen,) = log._connection.execute("SELECT count(*) FROM seen").fetchone()
        late = log.submit([gas(1), gas(17)]).result()
    assert seen == 4
    assert seqs(late.facts) == [17]
    assert "older than what is remembered" in late.refused[0][1]
    with EventLog.open(tmp_path, keys) as log:
        assert len(log.submit([gas(3)]).result().refused) == 1


@pytest.mark.parametrize(
    ("fact", "why"),
    [
        (replace(gas(1), at=float("nan")), "The time nan is none"),
        (replace(gas(1), at=-5.0), "seconds since 1970"),
        (replace(gas(1), at=1e300), "seconds since 1970"),
        (replace(gas(1), seq=2**63), "no range of 64-bit"),
        (replace(gas(9), seq_end=3), "no range of 64-bit"),
        (replace(gas(1), source="\ud800"), "cannot be written"),
        (replace(gas(1), body=LogEvents(format="eve", offsets=(0,), rows=({"a": object()},))), "cannot be written"),
    ],
)
def test_a_fact_that_cannot_be_kept_comes_back_and_harms_no_other(log, fact, why):
    committed = log.submit([gas(7), fact, gas(8)]).result()
    assert seqs(committed.facts) == [7, 8]
    assert why in committed.refused[0][1]
    assert fact.pos == 0
    assert seqs(log.read()) == [7, 8]


def test_a_fact_beyond_the_size_limit_comes_back(tmp_path, keys):
    with EventLog.open(tmp_path, keys, limits=LogLimits(fact_bytes_max=50)) as log:
        assert "fact_bytes_max" in log.submit([gas(1)]).result().refused[0][1]


def test_large_rows_are_split_and_read_in_order(tmp_path, keys):
    with EventLog.open(tmp_path, keys, limits=LogLimits(row_bytes_max=200)) as log:
        log.submit([gas(seq, level=Level(seq % 4)) for seq in range(40)]).result()
        assert seqs(log.read()) == list(range(40))
        assert log.find(["gas-1/b1/39"])["gas-1/b1/39"].seq == 39


def test_done_is_called_once_it_is_on_disk(log):
    called = threading.Event()
    seen = []

    def done(committed):
        seen.extend(seqs(log.read()))
        called.set()

    log.submit([gas(1)], done=done)
    assert called.wait(10)
    assert seen == [1]


def test_waiting_for_the_log_inside_its_callback_is_refused_not_deadlocked(log):
    caught = []

    def done(committed):
        with pytest.raises(StoreError, match="must not wait") as error:
            log.write(lambda connection: None)
        caught.append(error)

    log.submit([gas(1)], done=done).result()
    log.submit([gas(2)]).result()
    assert len(caught) == 1


def test_resume_points_are_saved_with_their_facts(tmp_path, keys):
    with EventLog.open(tmp_path, keys) as log:
        log.submit([gas(1)], snapshots={"eve": b"offset 10", "mqtt": b"x"}).result()
        log.submit([], snapshots={"eve": b"offset 20"}).result()
    with EventLog.open(tmp_path, keys) as log:
        assert [log.resume_point(source) for source in ("eve", "mqtt", "new")] == [b"offset 20", b"x", b""]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.lists(st.sampled_from(Level), max_size=6), max_size=6), st.integers(0, 20), st.integers(0, 40))
def test_any_range_reads_as_a_slice(tmp_path_factory, batches, after, until):
    with EventLog.open(tmp_path_factory.mktemp("log"), SeededKeys()) as log:
        seq = 0
        for batch in batches:
            log.submit([gas(seq := seq + 1, level=level) for level in batch]).result()
        every = list(log.read())
        assert seqs(every) == list(range(1, seq + 1))
        assert list(log.read(after, until=until)) == every[after:until]


def test_evidence_is_found_by_id(log):
    log.submit([gas(seq, source=source) for seq in range(50) for source in ("gas-1", "a/b")]).result()
    log.submit([lines([0, 90], 140)]).result()
    ids = [
        "gas-1/b1/7",
        "a/b/b1/49",
        "eve/0+90",
        "gas-1/b1/50",
        "nobody/1",
        "nonsense",
        "gas-1/b1/x",
        "eve/99999999999999999999",
    ]
    found = log.find(ids)
    assert {asked: fact.id for asked, fact in found.items()} == {
        "gas-1/b1/7": "gas-1/b1/7",
        "a/b/b1/49": "a/b/b1/49",
        "eve/0+90": "eve/0",
    }
    assert found["eve/0+90"].body.rows[1] == {"n": 90}


@pytest.mark.parametrize("index_facts_max", [1, 30, 10_000])
def test_evidence_is_found_whether_its_index_is_written_or_not(tmp_path, keys, index_facts_max):
    limits = LogLimits(index_facts_max=index_facts_max)
    ids = [f"gas-{seq % 3}/b1/{seq}" for seq in range(100)]
    with EventLog.open(tmp_path, keys, limits=limits) as log:
        for seq in (*range(50, 100), *range(50)):
            log.submit([gas(seq, source=f"gas-{seq % 3}")], urgent=True).result()
        assert list(log.find(ids)) == ids
    with EventLog.open(tmp_path, keys) as log:
        assert list(log.find(ids)) == ids


def test_a_full_queue_says_when_to_come_back_and_leaves_room_for_what_is_urgent(tmp_path, keys):
    limits = LogLimits(queued_facts_max=10, urgent_facts_max=5)
    with EventLog.open(tmp_path, keys, limits=limits) as log:
        go = blocked(log)
        normal = log.submit([gas(seq) for seq in range(10)])
        with pytest.raises(TooMuch, match="queued_facts_max is 10") as refusal:
            log.submit([gas(10)])
        assert refusal.value.retry_after_s > 0
        urgent = log.submit([gas(seq) for seq in range(20, 25)], urgent=True)
        with pytest.raises(TooMuch):
            log.submit([gas(25)], urgent=True)
        go.set()
        assert urgent.result().last == 5
        assert normal.result().first == 6
        assert log.submit([gas(10)]).result().last == 16


def test_a_batch_of_lines_weighs_its_rows(tmp_path, keys):
    with EventLog.open(tmp_path, keys, limits=LogLimits(queued_facts_max=10)) as log:
        go = blocked(log)
        log.submit([lines(list(range(8)), 7)])
        assert log.stats().queue == 8
        with pytest.raises(TooMuch):
            log.submit([lines([8, 9, 10], 10)])
        go.set()


def test_waiting_jobs_are_bounded(tmp_path, keys):
    with EventLog.open(tmp_path, keys, limits=LogLimits(jobs_max=2)) as log:
        go = blocked(log)
        log.post(lambda connection: None)
        log.post(lambda connection: None)
        with pytest.raises(TooMuch, match="jobs_max"):
            log.post(lambda connection: None)
        go.set()


def test_a_job_that_breaks_fails_alone(log):
    go = blocked(log)
    facts = log.submit([gas(1)])
    broken = log.post(lambda connection: 1 / 0)
    refused = log.post(refuse_after_writing)
    later = log.submit([gas(2)])
    go.set()
    assert (facts.result().last, later.result().last) == (1, 2)
    with pytest.raises(ZeroDivisionError):
        broken.result()
    with pytest.raises(StoreError, match="not today"):
        refused.result()
    assert seqs(log.read()) == [1, 2]
    assert log._connection.execute("SELECT count(*) FROM decided").fetchone() == (0,)


def test_a_full_disk_is_told_and_nothing_is_half_done(log):
    (pages,) = log._connection.execute("PRAGMA page_count").fetchone()
    log.submit([gas(1)]).result()
    log._connection.execute(f"PRAGMA max_page_count = {pages}")
    facts = [gas(seq, source=f"fresh-{seq}") for seq in range(2000)]
    with pytest.raises(StoreError, match="Nothing was written: database or disk is full"):
        log.submit(facts).result()
    assert all(fact.pos == 0 for fact in facts)
    log._connection.execute("PRAGMA max_page_count = 1000000")
    assert len(log.submit(facts).result().facts) == 2000
    assert [fact.pos for fact in log.read()] == list(range(1, 2002))


def test_a_closed_log_takes_nothing(tmp_path, keys):
    log = EventLog.open(tmp_path, keys)
    waiting = [log.submit([gas(seq)]) for seq in range(50)]
    log.close()
    assert [future.result().last for future in waiting] == list(range(1, 51))
    with pytest.raises(StoreError, match="closed"):
        log.submit([gas(99)])


def test_it_says_how_it_is(log):
    log.submit([gas(seq) for seq in range(10)]).result()
    stats = log.stats()
    assert (stats.pos, stats.queue, stats.facts, stats.commits) == (10, 0, 10, 1)
    assert stats.bytes > 0
    assert 0 < stats.commit_ms_p50 <= stats.commit_ms_p99


def refuse_after_writing(connection):
    connection.execute("INSERT INTO decided VALUES ('half', 1)")
    message = "not today"
    raise StoreError(message)


def blocked(log):
    """Keep the writer busy until the event is set."""
    go, busy = threading.Event(), threading.Event()

    def job(connection):
        busy.set()
        go.wait(10)

    log.post(job, urgent=True)
    assert busy.wait(10)
    return go
