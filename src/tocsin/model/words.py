"""The closed vocabularies: levels of intrusion, origins, priorities, states."""

from enum import IntEnum, StrEnum


class Level(IntEnum):
    """How closely an observation looks at people (0 not at all, 5 at one person)."""

    AMBIENT = 0
    AGGREGATE = 1
    ANONYMOUS = 2
    REDACTED = 3
    CLEAR = 4
    IDENTIFYING = 5


class Origin(StrEnum):
    """Where a fact comes from; inherited by all that is derived from it."""

    LIVE = "live"
    REPLAY = "replay"
    SIMULATED = "simulated"
    EXERCISE = "exercise"


class Priority(IntEnum):
    """How soon an operator must act (0: life in danger now)."""

    LIFE = 0
    HIGH = 1
    MEDIUM = 2
    LOW = 3


class Basis(StrEnum):
    """How the weight of a finding is known."""

    MEASURED = "measured"
    COUNTED = "counted"
    DEFAULT = "default"


class SourceState(StrEnum):
    """Where a source stands in its life; only `in service` gives evidence at full weight."""

    STAGED = "staged"
    IN_SERVICE = "in service"
    TEST = "test"
    MAINTENANCE = "maintenance"
    CALIBRATION_OVERDUE = "calibration overdue"


class Condition(StrEnum):
    """What is known of a source's health."""

    OK = "ok"
    SILENT = "silent"
    SUSPECT = "suspect"
    COMPROMISED = "compromised"


class IncidentState(StrEnum):
    """Alarm states after ISA-18.2, as an operator meets them."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    SHELVED = "shelved"
    RETURNED = "returned"
    CLOSED = "closed"
    MERGED = "merged"


class Verdict(StrEnum):
    """What an incident turned out to be, as people judged it."""

    TRUE = "true"
    BENIGN = "benign cause"
    FALSE = "false"
    UNKNOWN = "unknown"
