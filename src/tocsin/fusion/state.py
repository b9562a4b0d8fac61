"""What fusion remembers: hypotheses with their findings, cases with their life, the health of sources."""

from msgspec import Struct, field

from tocsin.model import (
    Condition,
    Contribution,
    Finding,
    IncidentState,
    Note,
    Origin,
    Place,
    Priority,
    SourceState,
    Verdict,
)


class Hypothesis(Struct, kw_only=True):
    """That one event of one hazard goes on. `held` are its findings by id.

    `subjects` are what it is about, `assets` what those are in the city, `reach` where they are.
    `anchor` is the H3 cell in which it began; `finished` once a person closed its incident, `apart`
    once a person split it off: it never merges again by itself. `names` are its entries in `Memory.named`.
    """

    id: str
    hazard: str
    kind: str
    origin: Origin
    since: float
    last: float
    subjects: list[str] = field(default_factory=list)
    actors: list[str] = field(default_factory=list)
    assets: list[str] = field(default_factory=list)
    reach: list[Place] = field(default_factory=list)
    held: dict[str, Finding] = field(default_factory=dict)
    cited: int = 0
    left_out: int = 0
    place: Place | None = None
    anchor: str = ""
    incident: str = ""
    log_odds: float = 0.0
    open: bool = False
    finished: bool = False
    parts: tuple[Contribution, ...] = ()
    priority: Priority = Priority.LOW
    names: list[str] = field(default_factory=list)
    apart: bool = False


class Case(Struct, kw_only=True):
    """An incident's life as people lead it."""

    id: str
    origin: Origin
    since: float
    rev: int = 0
    stages: list[str] = field(default_factory=list)
    state: IncidentState = IncidentState.OPEN
    assignee: str = ""
    notes: list[Note] = field(default_factory=list)
    verdict: Verdict | None = None
    shelved_until: float | None = None
    merged_into: str = ""
    told: str = ""
    outline: str = ""
    told_at: float = 0.0


class Met(Struct, kw_only=True):
    """Who was found to talk with a host: `lightly` in passing, `gravely` in what accuses (few names each)."""

    lightly: list[str] = field(default_factory=list)
    gravely: list[str] = field(default_factory=list)


class Memory(Struct, kw_only=True):
    """All that fusion keeps for one city; bounded by `Bayes.hypotheses_max`.

    `named` finds a hypothesis by a finding's id or by a name with its role; `met` tells a common
    destination from a server of one campaign.
    """

    at: float = 0.0
    reviewed: float = 0.0
    hypotheses: dict[str, Hypothesis] = field(default_factory=dict)
    cases: dict[str, Case] = field(default_factory=dict)
    cells: dict[str, list[str]] = field(default_factory=dict)
    named: dict[str, str] = field(default_factory=dict)
    conditions: dict[str, Condition] = field(default_factory=dict)
    states: dict[str, SourceState] = field(default_factory=dict)
    shed: int = 0
    met: dict[str, Met] = field(default_factory=dict)
