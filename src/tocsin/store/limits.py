"""The named limits of the event log, and what it says of itself."""

from dataclasses import dataclass

from msgspec import Struct


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLimits:
    """What bounds the log. Facts are counted by weight: a batch of log lines weighs its rows.

    `batch_facts_max` and `batch_wait_s_max` close a batch; `queued_facts_max` is what may wait
    before `submit` raises TooMuch, `urgent_facts_max` the room beyond it that only urgent facts
    may use; `jobs_max` bounds waiting writes that are not facts. `gaps_max` gaps are
    remembered per source and boot, `streams_cached_max` of these stay in memory.
    `index_facts_max` facts are gathered before the evidence index is written.
    """

    batch_facts_max: int = 1000
    batch_wait_s_max: float = 0.02
    queued_facts_max: int = 100_000
    urgent_facts_max: int = 10_000
    jobs_max: int = 10_000
    fact_bytes_max: int = 16 * 2**20
    row_bytes_max: int = 4 * 2**20
    gaps_max: int = 1000
    streams_cached_max: int = 100_000
    index_facts_max: int = 100_000


class LogStats(Struct, frozen=True, kw_only=True):
    """The state of the log; counts since it was opened, except `pos` and `bytes`.

    `queue` is the weight of the facts that wait. `bytes` is the size on disk with the write-ahead log.
    """

    pos: int
    queue: int
    facts: int
    duplicates: int
    overlapping: int
    too_old: int
    unwritable: int
    gaps_closed: int
    rows_unreadable: int
    bytes: int
    commits: int
    commit_ms_p50: float
    commit_ms_p99: float
