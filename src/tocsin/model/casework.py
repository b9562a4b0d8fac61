"""The nouns of response: Incident with its stages and explanation, Proposal, Action, Outcome, Delivery."""

from msgspec import Struct

from tocsin.model.assessment import Extent, Figure
from tocsin.model.facts import Fact, Weight
from tocsin.model.place import Place, Validity
from tocsin.model.words import IncidentState, Origin, Priority, Verdict


class Contribution(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One addend of a stage's score: `nats` counts after cap, decay and trust; `weight` before.

    `role` is prior, for, against or context; `note` says why `nats` differs from the weight.
    `rule`, `tactic`, `technique`, `extents` and `figures` are those of the finding, where it has them.
    """

    id: str
    role: str
    because: str
    nats: float
    weight: Weight
    at: float
    source: str = ""
    detector: str = ""
    note: str = ""
    evidence: tuple[str, ...] = ()
    rule: str = ""
    tactic: str = ""
    technique: str = ""
    extents: tuple[Extent, ...] = ()
    figures: tuple[Figure, ...] = ()


class Reached(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step of an attack: its ATT&CK tactic (short name and plain name), when first seen, by which techniques."""

    tactic: str
    name: str
    since: float
    techniques: tuple[str, ...] = ()


class Stage(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One hypothesis within an incident. `log_odds` is the exact `math.fsum` of its contributions.

    `actors` are those accused of it, the most suspected first, `targets` those whom it is done to; both
    are the first of many where `actors_count` or `targets_count` is higher. `reached` says how far an attack has come,
    in the order of time.
    """

    id: str
    hazard: str
    kind: str
    title: str
    log_odds: float
    contributions: tuple[Contribution, ...]
    since: float
    last: float
    priority: Priority
    subject: str = ""
    place: Place | None = None
    actors: tuple[str, ...] = ()
    left_out: int = 0
    left_out_because: str = ""
    targets: tuple[str, ...] = ()
    actors_count: int = 0
    targets_count: int = 0
    reached: tuple[Reached, ...] = ()


class Note(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of the case's diary: a note, a hand-over, an acknowledgement."""

    at: float
    by: str
    verb: str
    text: str = ""


class Incident(Fact, frozen=True, kw_only=True, tag="incident"):
    """One real event as far as it is known: revision `rev` replaces all earlier ones.

    `score` is 1/(1+exp(-log_odds)) of its weightiest stage and labelled by `score_label`.
    `people_near` is None where the map knows nothing. `cost` is person-seconds times level.
    """

    id: str
    rev: int
    title: str
    sentence: str
    next_step: str
    state: IncidentState
    priority: Priority
    score: float
    score_label: str
    stages: tuple[Stage, ...]
    since: float
    place: Place | None = None
    people_near: int | None = None
    affected: tuple[str, ...] = ()
    unknowns: tuple[str, ...] = ()
    assignee: str = ""
    notes: tuple[Note, ...] = ()
    verdict: Verdict | None = None
    shelved_until: float | None = None
    merged_into: str = ""
    cost: float = 0.0
    digest: str = ""


class Delivery(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something to leave the house: which outlet, under which name, which bytes.

    `outlet` names a configured outlet (folder, webhook, syslog); `headers` are for HTTP.
    """

    id: str
    outlet: str
    name: str
    media_type: str
    payload: bytes
    origin: Origin
    headers: tuple[tuple[str, str], ...] = ()


class Proposal(Fact, frozen=True, kw_only=True, tag="proposal"):
    """What a responder offers to do. Nothing happens before an approval.

    `draft` is the responder's own document (JSON text) that a person may edit;
    `approvers` how many people; `typed` the word to be typed, empty where none is needed.
    """

    id: str
    responder: str
    incident: str
    title: str
    because: str
    draft: str
    rev: int = 1
    approvers: int = 1
    typed: str = ""
    automatic: bool = False
    place: Place | None = None
    people_reached: int | None = None
    expires: float | None = None
    state: str = "draft"
    languages: tuple[str, ...] = ()


class Action(Fact, frozen=True, kw_only=True, tag="action"):
    """An approved proposal, on its way out: `approval` is the receipt written before it."""

    id: str
    proposal: Proposal
    approved_by: tuple[str, ...]
    approval: str


class Outcome(Fact, frozen=True, kw_only=True, tag="outcome"):
    """What became of an action: delivered, held back (and why), or failed."""

    id: str
    action: str
    delivery: str
    state: str
    text: str = ""


class Receipt(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of the ledger before it is salted and hashed: who may do what, why, until when.

    `subject` and `by` are pseudonymous ids. `detail` is small and never personal data in clear.
    """

    id: str
    at: float
    act: str
    subject: str
    by: str
    purpose: str = ""
    level: int = 0
    place: str = ""
    until: float | None = None
    policy: str = ""
    origin: Origin = Origin.LIVE
    detail: dict[str, str | int | float] = {}


class Asset(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A thing of the city that can be attacked or hurt: a sensor, a camera, a service.

    `addresses` are its network addresses; `serves` the services that depend on it.
    """

    id: str
    kind: str
    name: str
    place: Place | None = None
    addresses: tuple[str, ...] = ()
    serves: tuple[str, ...] = ()
    validity: Validity = Validity()
    assumed: tuple[str, ...] = ()
