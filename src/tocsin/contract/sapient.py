"""What SAPIENT nodes say, as bodies: detections, alerts, the state of a node, and how it conducts itself."""

from typing import ClassVar

from msgspec import Struct

from tocsin.formats.sapient.place import Covariance
from tocsin.model import Body, Level


class Class(Struct, frozen=True, array_like=True):
    """One class, with its parents before it (`Equipment/Weapon/Bomb`), and the node's confidence (0 to 1)."""

    name: str
    confidence: float | None = None


class Measure(Struct, frozen=True, array_like=True):
    """A number that came with a detection, in the unit that the node registered for it."""

    name: str
    value: float
    unit: str = ""
    error: float | None = None


class Detection(Body, frozen=True, tag="sapient.detection/1"):
    """Something that a node detects. The place of its reading is where, in WGS 84.

    `object` is a pseudonym that ends with the node's own track; `covariance` is of the place, and None where only a
    bearing is known (`bearing_deg` from the place of the node, with `bearing_sd_deg`). Classes of people are kept
    without anything about the person. `velocity_m_s` is east, north, up. `flags` say what admission noticed:
    undeclared-class, no-place, trimmed.
    """

    level: ClassVar[Level] = Level.ANONYMOUS
    object: str
    classes: tuple[Class, ...] = ()
    behaviours: tuple[Class, ...] = ()
    confidence: float | None = None
    state: str = ""
    covariance: Covariance | None = None
    height_m: float | None = None
    bearing_deg: float | None = None
    bearing_sd_deg: float | None = None
    velocity_m_s: tuple[float, float, float] | None = None
    measures: tuple[Measure, ...] = ()
    task: str = ""
    flags: tuple[str, ...] = ()


class Alert(Body, frozen=True, tag="sapient.alert/1"):
    """An alert of a node: `kind` is information, warning, critical, error, fatal or mode-change.

    `status` is active, acknowledge, reject, ignore or clear. `text` is empty where people
    write it: what they write may name somebody.
    """

    level: ClassVar[Level] = Level.ANONYMOUS
    alert: str
    kind: str = ""
    status: str = ""
    priority: str = ""
    confidence: float | None = None
    text: str = ""
    objects: tuple[str, ...] = ()


class NodeState(Body, frozen=True, tag="sapient.state/1"):
    """The state that a node reports of itself when it changes: `system` is ok, warning, error or goodbye."""

    level: ClassVar[Level] = Level.AMBIENT
    system: str
    mode: str = ""
    power: str = ""
    faults: tuple[str, ...] = ()


class Conduct(Body, frozen=True, tag="sapient.conduct/1"):
    """What was wrong with what a node sent since it was last told: how often, by kind, and the newest in words.

    Kinds: invalid (against the standard), flood, future, old, repeated, elsewhere (a place that cannot be),
    impossible (a value that cannot be), taken-over (its identity was claimed by another connection).
    """

    level: ClassVar[Level] = Level.AMBIENT
    faults: dict[str, int]
    newest: str = ""


class Answer(Body, frozen=True, tag="sapient.answer/1"):
    """What a node answered to a task: accepted, rejected, completed, failed."""

    level: ClassVar[Level] = Level.AMBIENT
    task: str
    status: str
    reasons: tuple[str, ...] = ()
