"""What SAPIENT nodes detect that is a hazard by its class: a drone, a shot, a weapon; and the alerts they raise."""

import re
from dataclasses import dataclass
from math import atan2, cos, hypot, pi, radians, sin, sqrt
from typing import Annotated, Any, ClassVar

from msgspec import Meta, Struct

from tocsin.contract.protocols import by_source
from tocsin.contract.resources import Resources
from tocsin.contract.sapient import Alert, Detection
from tocsin.formats.sapient.place import Covariance
from tocsin.model import ConfigError, Extent, Figure, Finding, Level, Observation, Place, derived_id, moved

_TABLE = "sapient/classes.yaml"
_HAZARDS = ("gunshot", "explosion", "drone", "weapon", "explosive", "chemical", "biological", "radiation")
_NAMES = {"chemical": "chemical hazard", "biological": "biological hazard"}
_ALERTS = {"critical": "alert", "fatal": "alert", "error": "warning", "warning": "warning"}
_OVER = frozenset({"clear", "reject", "ignore"})
_POSSIBLE = "-possible"
_ELLIPSE_95 = sqrt(5.991464547107979)
"""Standard deviations of the ellipse that holds 95 % in two dimensions (chi-squared, 2 degrees of freedom)."""

_CORNERS = 36
_SECTOR_M = 2_000.0
"""How far a mere bearing is drawn: a working assumption, stated in the label."""


class Followed(Struct):
    """One track, or one alert, that was told: since when, how surely, and where it went."""

    since: float
    grade: str
    told_at: float = 0.0
    last_at: float = 0.0
    reports: int = 0
    recent: list[str] = []
    path: list[tuple[float, float]] = []


class Nodes(Struct):
    """What one node follows, least recently reported first."""

    followed: dict[str, Followed] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class SapientHazards:
    """Tell a detection whose class is a hazard, one finding per track; and alerts that are more than information.

    The node's confidence c counts as odds, c / (1 - c): from `sure` on it is the grade of its class, from
    `possible` on that grade with `-possible`, which weighs less; below, nothing is told. What the node never said
    that it detects, or cannot place, is possible at most. Weights are defaults, since nobody has measured the node.

    >>> from tocsin.contract.examples import seen
    >>> from tocsin.contract.folding import findings
    >>> from tocsin.contract.sapient import Class
    >>> report = Detection(object="t:1", classes=(Class("Air Vehicle/UAV", 0.9),))
    >>> findings(SapientHazards(), [seen(report, source="radar-1")])[0].because
    'radar-1 reports a drone (Air Vehicle/UAV, 90 %).'

    References: BSI Flex 335 v2, Interface Control Document for SAPIENT.
    """

    kind: ClassVar[str] = "physical.sapient"
    needs: ClassVar[Level] = Level.ANONYMOUS
    accepts: ClassVar[tuple[type, ...]] = (Detection, Alert)
    key: ClassVar = by_source
    sees: ClassVar[tuple[str, ...]] = ()
    default_nats: ClassVar[dict[str, float]] = {
        **dict.fromkeys(_HAZARDS, 2.5),
        **{f"{name}{_POSSIBLE}": 1.0 for name in _HAZARDS},
        "alert": 1.5,
        "warning": 0.7,
    }

    sure: Annotated[float, Meta(description="Confidence from which a class is its grade.", gt=0.5, le=1)] = 0.8
    possible: Annotated[float, Meta(description="Confidence from which it is possible.", ge=0.5, le=1)] = 0.5
    unsaid: Annotated[float, Meta(description="Confidence of a node that says none.", ge=0, le=1)] = 0.6
    forget_s: Annotated[float, Meta(description="How long after its last report a track is over, seconds.", gt=0)] = 120
    repeat_s: Annotated[float, Meta(description="How often a lasting one is told again, seconds.", gt=0)] = 10.0
    tracks_max: Annotated[int, Meta(description="Most tracks and alerts followed per node.", ge=1)] = 500
    cited_max: Annotated[int, Meta(description="Most reports cited at a time.", ge=1)] = 32

    def start(self, resources: Resources) -> "_Teller":
        """Read from the content which class is which hazard."""
        return _Teller(self, hazards_from(resources.document(_TABLE)))


def hazards_from(table: dict[str, Any]) -> dict[str, str]:
    """The hazard of each class name, lower case; raises ConfigError for one that is not known."""
    if strange := sorted(set(table) - set(_HAZARDS)):
        raise ConfigError(f"{_TABLE} has no hazard {strange[0]!r}: there are {', '.join(_HAZARDS)}.")
    return {_words(name): hazard for hazard, names in table.items() for name in names}


def _words(name: str) -> str:
    """A class name as it is compared: words in lower case, whatever parts them.

    >>> _words("Unmanned_AerialVehicle"), _words("GUN-shot"), _words("UAV")
    ('unmanned aerial vehicle', 'gun shot', 'uav')
    """
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return " ".join(re.findall(r"[a-z0-9]+", parted.lower()))


@dataclass(frozen=True, slots=True)
class _Seen:
    """The gravest hazard in a report: which, of which class, how sure; 0 to 1."""

    hazard: str
    name: str
    confidence: float


@dataclass(frozen=True, slots=True)
class _Teller:
    """The running stage: the declaration, and which class is which hazard."""

    rule: SapientHazards
    hazards: dict[str, str]

    def step(self, state: Nodes | None, fact: Observation[Detection | Alert]) -> tuple[Nodes, list[Finding]]:
        """Take one report or alert; late ones change nothing of what is followed already."""
        nodes = Nodes() if state is None else state
        if isinstance(fact.body, Alert):
            return nodes, self._alert(nodes, fact, fact.body)
        seen = self._seen(fact.body)
        if seen is None:
            return nodes, []
        tier = "" if seen.confidence >= self.rule.sure and not fact.body.flags else _POSSIBLE
        return nodes, self._reported(nodes, fact, fact.body, seen, f"{seen.hazard}{tier}")

    def _seen(self, body: Detection) -> _Seen | None:
        """The hazard among the classes that the node is surest of."""
        overall = body.confidence if body.confidence is not None else self.rule.unsaid
        best: _Seen | None = None
        for one in body.classes:
            hazard = self._hazard(one.name)
            confidence = one.confidence if one.confidence is not None else overall
            if hazard and confidence >= self.rule.possible and (best is None or confidence >= best.confidence):
                best = _Seen(hazard, one.name, confidence)
        return best

    def _hazard(self, path: str) -> str:
        """By the class itself, else by the nearest of its parents."""
        for name in reversed(path.split("/")):
            if hazard := self.hazards.get(_words(name)):
                return hazard
        return ""

    def _reported(
        self, nodes: Nodes, fact: Observation[Any], body: Detection, seen: _Seen, grade: str
    ) -> list[Finding]:
        followed = self._followed(nodes, f"{seen.hazard} {body.object}", fact, grade)
        if followed is None or not self._is_news(followed, grade, fact.at):
            return []
        surest = followed.grade = _graver(followed.grade, grade)
        because = f"{fact.source} reports {_article(seen.hazard)} ({seen.name}, {seen.confidence:.0%}".replace(
            "%", " %"
        )
        subject = f"drone {body.object}" if seen.hazard == "drone" else _NAMES.get(seen.hazard, seen.hazard)
        found = self._finding(fact, followed, (seen.hazard, body.object, followed.since), surest)
        return [_with(found, subject, f"{because}).", body, followed)]

    def _alert(self, nodes: Nodes, fact: Observation[Any], body: Alert) -> list[Finding]:
        grade = _ALERTS.get(body.kind, "")
        if not grade or body.status in _OVER:
            return []
        followed = self._followed(nodes, f"alert {body.alert}", fact, grade)
        if followed is None or not self._is_news(followed, grade, fact.at):
            return []
        found = self._finding(fact, followed, ("alert", body.alert), grade)
        because = f"{fact.source} raises an alert ({body.kind}){f': {body.text}' if body.text else ''}".rstrip(". ")
        return [_told(found, fact.source, f"{because}.")]

    def _followed(self, nodes: Nodes, name: str, fact: Observation[Any], grade: str) -> Followed | None:
        """The track that a report goes on with, now the most recent; None for what is doubled or older."""
        followed = nodes.followed.pop(name, None)
        if followed is None or fact.at - followed.last_at > self.rule.forget_s:
            followed = Followed(since=fact.at, grade=grade)
        nodes.followed[name] = followed
        self._forget(nodes, fact.at)
        if fact.at <= followed.last_at:
            return None
        followed.last_at, followed.reports = fact.at, followed.reports + 1
        followed.recent = [*followed.recent, fact.id][-self.rule.cited_max :]
        if fact.place is not None:
            followed.path = [*followed.path, (round(fact.place.lon, 6), round(fact.place.lat, 6))][-_CORNERS:]
        return followed

    def _forget(self, nodes: Nodes, at: float) -> None:
        """Those reported longest ago come first."""
        for name, one in list(nodes.followed.items()):
            if len(nodes.followed) <= self.rule.tracks_max and at - one.last_at <= self.rule.forget_s:
                return
            if one.last_at:
                del nodes.followed[name]

    def _is_news(self, followed: Followed, grade: str, at: float) -> bool:
        if not followed.told_at:
            return True
        risen = followed.grade.endswith(_POSSIBLE) and not grade.endswith(_POSSIBLE)
        return risen or at - followed.told_at >= self.rule.repeat_s

    def _finding(self, fact: Observation[Any], followed: Followed, parts: tuple[Any, ...], grade: str) -> Finding:
        evidence, followed.recent, followed.told_at = tuple(followed.recent), [], fact.at
        return Finding(
            id=derived_id("f", self.rule.kind, fact.source, *parts),
            at=fact.at,
            origin=fact.origin,
            kind=self.rule.kind,
            subject=fact.source,
            because="",
            evidence=evidence,
            source=fact.source,
            detector=self.rule.kind,
            grade=grade,
            place=fact.place,
            since=followed.since,
        )


def _told(found: Finding, subject: str, because: str, **more: Any) -> Finding:  # noqa: ANN401  # fields of a finding
    from msgspec.structs import replace

    return replace(found, subject=subject, because=because, **more)


def _with(found: Finding, subject: str, because: str, body: Detection, followed: Followed) -> Finding:
    """The finding with where it is, as far as that is known, and its numbers."""
    return _told(found, subject, because, extents=tuple(_extents(found, body, followed)), figures=tuple(_figures(body)))


def _graver(before: str, now: str) -> str:
    return now if before.endswith(_POSSIBLE) else before


def _article(hazard: str) -> str:
    name = _NAMES.get(hazard, hazard)
    return name if name == "radiation" else f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def _extents(found: Finding, body: Detection, followed: Followed) -> list[Extent]:
    place, extents = found.place, []
    if place is not None and body.covariance is not None:
        ring = _ellipse(place, body.covariance)
        extents.append(
            Extent(kind="ellipse", label="95 % of where it is", rings=(ring,), at=found.at, probability=0.95)
        )
    elif place is not None and body.bearing_deg is not None:
        half = 2 * (body.bearing_sd_deg or 2.0)
        ring = _sector(place, body.bearing_deg, half)
        extents.append(Extent(kind="region", label="on this bearing, drawn to 2 km", rings=(ring,), at=found.at))
    if len(set(followed.path)) > 1:
        extents.append(Extent(kind="path", label="its path", rings=(tuple(followed.path),), at=found.at))
    return extents


def _ellipse(place: Place, covariance: Covariance) -> tuple[tuple[float, float], ...]:
    mean = (covariance.ee_m2 + covariance.nn_m2) / 2
    apart = hypot((covariance.ee_m2 - covariance.nn_m2) / 2, covariance.en_m2)
    long, short = sqrt(mean + apart) * _ELLIPSE_95, sqrt(max(0.0, mean - apart)) * _ELLIPSE_95
    turn = atan2(2 * covariance.en_m2, covariance.ee_m2 - covariance.nn_m2) / 2
    ring = [
        _corner(
            place,
            long * cos(a) * cos(turn) - short * sin(a) * sin(turn),
            long * cos(a) * sin(turn) + short * sin(a) * cos(turn),
        )
        for a in (2 * pi * n / _CORNERS for n in range(_CORNERS))
    ]
    return (*ring, ring[0])


def _sector(place: Place, bearing_deg: float, half_deg: float) -> tuple[tuple[float, float], ...]:
    start = (round(place.lon, 6), round(place.lat, 6))
    bearings = [radians(bearing_deg + half_deg * (n / 4 - 1)) for n in range(9)]
    return (start, *(_corner(place, _SECTOR_M * sin(b), _SECTOR_M * cos(b)) for b in bearings), start)


def _corner(place: Place, east_m: float, north_m: float) -> tuple[float, float]:
    there = moved(place, east_m, north_m)
    return round(there.lon, 6), round(there.lat, 6)


def _figures(body: Detection) -> list[Figure]:
    figures = []
    if body.velocity_m_s is not None:
        speed = hypot(*body.velocity_m_s)
        figures.append(Figure(name="speed", value=speed, unit="m/s", field_value=3.6 * speed, field_unit="km/h"))
    if body.height_m is not None:
        figures.append(
            Figure(name="height", value=body.height_m, unit="m", note="above the datum or the node, as told")
        )
    figures.extend(
        Figure(
            name=one.name,
            value=one.value,
            unit=one.unit or "1",
            low=None if one.error is None else one.value - 1.645 * one.error,
            high=None if one.error is None else one.value + 1.645 * one.error,
        )
        for one in body.measures[:8]
    )
    return figures
