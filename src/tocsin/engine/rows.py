"""What the console is told beside incidents: a row per sensor, the state of the system."""

from msgspec import Struct

from tocsin.model import Place


class SensorRow(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One sensor as the Devices page shows it: its last value in words, its age, its state.

    `last_at` is None until it spoke; `value` has number and unit ("0.4 ppm chlorine").
    """

    id: str
    family: str
    name: str
    state: str
    condition: str
    place: Place | None = None
    last_at: float | None = None
    silent_after_s: float = 60.0
    value: str = ""
    assumed: tuple[str, ...] = ()
    bearing_deg: float | None = None
    field_deg: float = 360.0
    range_m: float = 0.0
    sees: tuple[str, ...] = ()
    staged: bool = False
    via: str = ""
    level_max: int = 0


class StageRow(Struct, frozen=True, kw_only=True):
    """One stage of the graph: what it took, what it concluded, what is wrong with it."""

    name: str
    kind: str
    seen: int
    out: int
    keys: int
    failed: int = 0
    problem: str = ""


class SourceRow(Struct, frozen=True, kw_only=True):
    """One connection: what it delivered and what is wrong with it; where it listens, if it waits for others."""

    id: str
    kind: str
    received: int
    rejected: int = 0
    last_at: float | None = None
    problem: str = ""
    listens: str = ""


class Bucket(Struct, frozen=True, kw_only=True):
    """Alarms (incidents opened) that began in one minute."""

    at: float
    count: int


class Reporting(Struct, frozen=True, kw_only=True):
    """How many sensors of a family report, of how many in service."""

    family: str
    reporting: int
    total: int


class RefusedRow(Struct, frozen=True, kw_only=True):
    """A rule, or a file of rules, that cannot be used: where, which feature it stumbles on, and why."""

    path: str
    line: int
    feature: str
    reason: str


class ExemptRow(Struct, frozen=True, kw_only=True):
    """One exception of a rule: not for events with these values (`field=value`), until when, why, and by whom."""

    values: tuple[str, ...]
    until: float
    reason: str
    by: str = ""


class RuleRow(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One rule in force: how often it rang, how it is tuned, and whether anything feeds it.

    `per_day_max` is the upper 95 % bound of alarms per day where a back-test counted one.
    """

    id: str
    title: str
    level: str
    family: str
    path: str
    line: int
    correlation: bool = False
    tags: tuple[str, ...] = ()
    fed: bool = True
    hits: int = 0
    suppressed: int = 0
    last_at: float | None = None
    per_day_max: float | None = None
    suppressed_until: float | None = None
    reason: str = ""
    by: str = ""
    exempt: tuple[ExemptRow, ...] = ()


class RulesRow(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The rules in force, in short. `unfed` rules are loaded, but no log or sensor feeds them.

    `problem` says why other rules than those in the city's folder are in force; mostly empty.
    """

    digest: str
    loaded: int
    correlations: int
    refused_count: int
    refused: tuple[RefusedRow, ...] = ()
    unfed: int = 0
    tuned: int = 0
    suppressed_hits: int = 0
    problem: str = ""


class System(Struct, frozen=True, kw_only=True):
    """The state of the whole: load, losses, promises kept."""

    now: float
    uptime_s: float
    events_per_s: float
    accepted: int
    rejected: int
    duplicates: int
    staged: int
    alarms: tuple[Bucket, ...]
    alarm_limit_10min: int
    last_alarm_at: float | None
    quarantine: dict[str, int]
    ledger: dict[str, str | int | float | bool]
    log: dict[str, float | int]
    outbox: dict[str, int]
    stages: tuple[StageRow, ...]
    sources: tuple[SourceRow, ...]
    reporting: tuple[Reporting, ...]
    memory_mb: float
    rules: RulesRow | None = None
    ok: bool = True
    problems: tuple[str, ...] = ()
