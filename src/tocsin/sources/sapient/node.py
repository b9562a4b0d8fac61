"""One node as it is known here: its registration, where it stands, what it sent, and what was wrong with that."""

from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from typing import Any

from tocsin.contract.bodies import Alive, Introduction
from tocsin.contract.sapient import Conduct, NodeState
from tocsin.formats.sapient import Spot, bearing_deg, range_m, spot_of, word
from tocsin.formats.sapient.rules import Message
from tocsin.model import BadInput, Place, Reading, distance_m
from tocsin.sources.sapient.profile import Profile
from tocsin.sources.sapient.reading import NotTaken, Teller

REPORTS_KEPT = 4_096
"""Most report ids of one node that are known again."""

CONDUCT_EVERY_S = 5.0
"""How often at most it is told what was wrong with a node's messages."""

STRAY_M = 300.0
"""A fixed node that says it stands further from where it stood is not believed."""

MOBILE_M_S_MAX = 150.0
"""The same for one that moves: faster than a helicopter."""

AGREES_M = 2.0
"""A place that moved by less is told no second time."""

_SYSTEM = {1: "ok", 2: "warning", 3: "error", 5: "goodbye"}
GOODBYE = "goodbye"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """What is asked of nodes; see the parameters of the source."""

    ahead_s_max: float
    behind_s_max: float
    reach_m_max: float
    silent_intervals: float
    rate_per_s_max: float


@dataclass(slots=True)
class Node:
    """A node with its counters. All of it belongs to whoever holds the lock of the reception."""

    id: str
    teller: Teller
    manners: Manners
    surveyed: Place | None = None
    profile: Profile = field(default_factory=lambda: Profile(name=""))
    place: Place | None = None
    placed_at: float = 0.0
    height_m: float | None = None
    coverage: tuple[float, float | None, float] | None = None
    state: NodeState | None = None
    introduced: tuple[Any, ...] = ()
    heard_at: float = 0.0
    online: bool = False
    received: int = 0
    accepted: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    untold: Counter[str] = field(default_factory=Counter)
    newest_fault: str = ""
    told_at: float = 0.0
    tasks: dict[str, str] = field(default_factory=dict)
    _reports: OrderedDict[str, None] = field(default_factory=OrderedDict)

    def here(self) -> Place | None:
        """Where it stands: as surveyed, else as it says."""
        return self.surveyed or self.place

    def knows(self, report_id: str) -> bool:
        """Whether a report came before, as far as is remembered."""
        return report_id in self._reports

    def remember(self, report_id: str) -> None:
        """It came, and was taken in."""
        self._reports[report_id] = None
        if len(self._reports) > REPORTS_KEPT:
            self._reports.popitem(last=False)

    def fault(self, kind: str, words: str) -> None:
        """Count what was wrong; it is told with the next `conduct`."""
        self.faults[kind] += 1
        self.untold[kind] += 1
        self.newest_fault = words

    def conduct(self, now: float) -> Reading[Any] | None:
        """What was wrong since it was last told, if there is something and it is time."""
        if not self.untold or now - self.told_at < CONDUCT_EVERY_S:
            return None
        body = Conduct(faults=dict(sorted(self.untold.items())), newest=self.newest_fault[:200])
        self.untold.clear()
        self.told_at = now
        return self.teller.reading(now, "conduct", f"{now}", body, self.here())

    def registered(self, profile: Profile, now: float) -> list[Reading[Any]]:
        """It registered: what it is, and a first sign of life."""
        self.profile, self.state, self.introduced = profile, None, ()
        return [*self._introduction(now), self.alive(now)]

    def alive(self, now: float) -> Reading[Any]:
        """A sign of life, and how soon the next will come."""
        self.heard_at = now
        within_s = round(self.profile.interval_s * self.manners.silent_intervals, 3) or None
        return self.teller.reading(now, "alive", f"{now}", Alive(within_s=within_s), self.here())

    def gone(self, now: float, words: str) -> Reading[Any]:
        """It said that it goes."""
        return self.teller.reading(now, "alive", f"{now}", Alive(online=False, text=words), self.here())

    def status(self, report: Message, now: float) -> list[Reading[Any]]:
        """A status report: a sign of life, its state where that changed, its place and coverage where they did."""
        state = NodeState(
            system=_SYSTEM.get(report.system, "unknown"),
            mode=report.mode[:80],
            power=_power(report),
            faults=tuple(sorted(_faults(report)))[:8],
        )
        told = [self.gone(now, "It said goodbye.") if state.system == GOODBYE else self.alive(now)]
        if state != self.state:
            self.state = state
            told.append(self.teller.reading(now, "state", f"{now}", state, self.here()))
        self._covers(report)
        return [*told, *self._introduction(now)]

    def stands(self, location: Message, now: float) -> None:
        """Take over where it says it stands; raises NotTaken where that cannot be, and keeps the place it had."""
        try:
            spot: Spot = spot_of(location)
        except BadInput as error:
            raise NotTaken("elsewhere", f"status_report.node_location: {error}") from None
        before, moves = self.here(), self.profile.moves
        if before is not None:
            far_m = distance_m(before, spot.place)
            allowed_m = STRAY_M + before.radius_m + min(spot.place.radius_m, STRAY_M)
            if moves:
                allowed_m += MOBILE_M_S_MAX * max(0.0, now - self.placed_at)
            if far_m > allowed_m:
                raise NotTaken(
                    "elsewhere",
                    f"status_report.node_location: {far_m:,.0f} m from where it stood; "
                    + ("no node moves so fast" if moves else "a fixed node does not move: register as a mobile one"),
                )
        if moves:
            self.surveyed = None
        self.place, self.placed_at, self.height_m = spot.place, now, spot.height_m

    def _covers(self, report: Message) -> None:
        """Its coverage: range in metres, bearing and field in degrees."""
        here = self.here()
        told = report.field_of_view if report.HasField("field_of_view") else next(iter(report.coverage), None)
        if told is None or here is None:
            return
        try:
            coverage = _cone(told.range_bearing, here) if told.HasField("range_bearing") else _ring(told, here)
        except BadInput:
            self.fault("elsewhere", "status_report.coverage: its places are none")
            return
        if coverage is not None and coverage[0] > self.manners.reach_m_max:
            self.fault("elsewhere", f"status_report.coverage: {coverage[0] / 1000:.3g} km is further than it can see")
            return
        self.coverage = coverage

    def _introduction(self, now: float) -> list[Reading[Any]]:
        """What it says of itself, where that is news."""
        profile, place = self.profile, self.here()
        if not profile.types:
            return []
        spot = (round(place.lon, 5), round(place.lat, 5)) if place is not None else None
        news = (profile, spot, self.coverage)
        if news == self.introduced:
            return []
        self.introduced = news
        range_m, bearing, field_deg = self.coverage or (None, None, 360.0)
        body = Introduction(
            name=profile.name or self.id,
            family=profile.family,
            about=profile.about()[:300],
            range_m=range_m,
            bearing_deg=bearing,
            field_deg=field_deg,
        )
        return [self.teller.reading(now, "introduction", f"{now}", body, place)]

    def check_reach(self, place: Place, path: str) -> None:
        """Raise NotTaken for something further from the node than it can see."""
        here = self.here()
        if here is None:
            return
        far_m = distance_m(here, place)
        if far_m > self.manners.reach_m_max + place.radius_m:
            raise NotTaken("elsewhere", f"{path}: {far_m / 1000:,.0f} km from the node, further than it can see")


def _cone(cone: Message, here: Place) -> tuple[float, float | None, float] | None:
    reach = range_m(cone)
    if reach is None:
        return None
    unit = 57.29577951308232 if cone.coordinate_system in (2, 4) else 1.0
    field_deg = min(360.0, cone.horizontal_extent * unit) if cone.HasField("horizontal_extent") else 360.0
    bearing = bearing_deg(cone, here)[0] if field_deg < 360.0 and cone.HasField("azimuth") else None
    return reach, bearing, field_deg if field_deg > 0 else 360.0


def _ring(told: Message, here: Place) -> tuple[float, float | None, float]:
    """An area counts as the disc that holds it: the city knows discs and sectors."""
    corners = [spot_of(one).place for one in told.location_list.locations[:200]]
    return max(distance_m(here, one) for one in corners), None, 360.0


def _power(report: Message) -> str:
    if not report.HasField("power"):
        return ""
    faulty = report.power.status == 2
    level = f"{report.power.level} %" if report.power.HasField("level") else ""
    return " ".join(part for part in ("fault" if faulty else "", level) if part)


def _faults(report: Message) -> set[str]:
    """What it reports to be wrong: errors and warnings, and kinds that are faults by themselves."""
    return {
        _fault_words(one)
        for one in report.status[:50]
        if one.status_level in (3, 4) or (one.status_type in (1, 2, 11) and not one.HasField("status_level"))
    }


def _fault_words(one: Message) -> str:
    name = word(one, "status_type", "STATUS_TYPE_").replace("-", " ")
    value = "".join(letter if letter.isprintable() else "·" for letter in one.status_value[:60])
    return f"{name}: {value}" if value else name
