"""Screening lanes and samples: alarms weighed by the device's operating curve, resolved by a second look."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, inf, isfinite
from typing import Annotated, ClassVar

from msgspec import Meta, Struct, field

from tocsin.contract.cards import counted
from tocsin.contract.protocols import by_source
from tocsin.contract.resources import Resources
from tocsin.contract.screening import FINDS, Curve, Screened, curves_from, status_of
from tocsin.contract.screening_lanes import ITEMS_MAX, LaneCount
from tocsin.model import Basis, Figure, Finding, Level, Observation, Weight, derived_id

_STAGES = {"alarm": 1.0, "confirmed": 3.0, "cleared": 0.01}


class Item(Struct):
    """One item that rang: since when, the nats so far, which devices said it, and the looks not yet cited."""

    since: float
    nats: float = 0.0
    devices: list[str] = []
    recent: list[str] = []


class Lane(Struct):
    """One lane: its count, the items whose second look is awaited, and the looks taken last, to know them again."""

    last_at: float = -inf
    taken: list[str] = []
    count: LaneCount = field(default_factory=LaneCount)
    items: dict[str, Item] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Screening:
    """Find dangerous items at screening lanes, and samples that show a danger.

    Portals, trace detectors, operators at X-ray screens, dogs, swabs, water sensors and air collectors say alarm or
    a score; their operating curve says how much that is worth. A first look that rings is grade `…-alarm`, which
    needs nobody but the lane; the second look makes it `…-confirmed`, or `…-cleared`, under the same id. Once a
    lane has screened `own_min` items, its own count of cleared alarms weighs its first looks.

    >>> from tocsin.contract.examples import screened
    >>> from tocsin.contract.folding import findings
    >>> [one.grade for one in findings(Screening(), screened([("x-ray-operator", True), ("hand-search", True)]))]
    ['explosive-alarm', 'explosive-confirmed']

    References: D. M. Green, J. A. Swets (1966), Signal Detection Theory and Psychophysics (ROC and likelihood ratio).
    """

    kind: ClassVar[str] = "cbrne.screening"
    needs: ClassVar[Level] = Level.ANONYMOUS
    accepts: ClassVar[tuple[type, ...]] = (Screened,)
    key: ClassVar = by_source
    sees: ClassVar[tuple[str, ...]] = ()
    default_nats: ClassVar[dict[str, float]] = {
        f"{finds}-{stage}": nats for finds in FINDS for stage, nats in _STAGES.items()
    }

    own_min: Annotated[int, Meta(description="Items from which on the lane's own count weighs.", ge=30)] = 300
    wait_s: Annotated[float, Meta(description="How long a second look is awaited, seconds.", gt=0)] = 900.0

    def start(self, resources: Resources) -> "Weighing":
        """Read the operating curves from the content."""
        return Weighing(self, curves_from(resources), status_of(resources))


@dataclass(frozen=True, slots=True)
class Weighing:
    """Screening at work."""

    settings: Screening
    curves: Mapping[str, Curve]
    doubt: str

    def step(self, state: Lane | None, fact: Observation[Screened]) -> tuple[Lane, list[Finding]]:
        """Count one look, and weigh it. Unknown devices, broken scores, late and doubled looks change nothing."""
        lane = Lane() if state is None else state
        curve = self.curves.get(fact.body.device)
        late = fact.at < lane.last_at or fact.id in lane.taken
        if curve is None or late or not isfinite(fact.body.score or 0.0):
            return lane, []
        lane.last_at, lane.taken = fact.at, [*lane.taken, fact.id][-16:]
        rings = curve.rings(fact.body)
        lane.items = {name: one for name, one in lane.items.items() if fact.at - one.since <= self.settings.wait_s}
        lane.count.take(fact.body, rings=rings)
        key = fact.body.item or fact.id
        if not rings and key not in lane.items:
            return lane, []
        return lane, [self._weighed(lane, key, curve, fact, rings=rings)]

    def _weighed(self, lane: Lane, key: str, curve: Curve, fact: Observation[Screened], *, rings: bool) -> Finding:
        item = lane.items.setdefault(key, Item(since=fact.at, devices=[], recent=[]))
        item.nats += curve.nats(fact.body)
        if rings:
            item.devices = [*dict.fromkeys([*item.devices, fact.body.device])][-8:]
        item.recent = [*item.recent, fact.id][-16:]
        stage = "alarm" if fact.body.look <= 1 else "confirmed" if rings else "cleared"
        finding = self._finding(lane, key, item, curve, fact, stage)
        item.recent = []
        if stage != "alarm":
            del lane.items[key]
        elif len(lane.items) > ITEMS_MAX:
            del lane.items[next(iter(lane.items))]
        return finding

    def _finding(  # noqa: PLR0917  # what a finding tells of
        self, lane: Lane, key: str, item: Item, curve: Curve, fact: Observation[Screened], stage: str
    ) -> Finding:
        kind, grade = self.settings.kind, f"{curve.finds}-{stage}"
        return Finding(
            id=derived_id("f", kind, fact.source, key, item.since),
            at=fact.at,
            origin=fact.origin,
            kind=kind,
            subject=fact.source,
            because=self._because(lane, item, curve, stage),
            evidence=tuple(item.recent),
            source=fact.source,
            detector=kind,
            grade=grade,
            weight=self._weight(lane, stage, grade),
            place=fact.place,
            since=item.since,
            figures=self._figures(lane, item),
        )

    def _because(self, lane: Lane, item: Item, curve: Curve, stage: str) -> str:
        said = {
            "alarm": "a second look is awaited",
            "confirmed": "the second look confirms it",
            "cleared": "the second look cleared it",
        }[stage]
        return f"{curve.finds.capitalize()}: alarm by {' and '.join(item.devices)}; {said}. {lane.count.worded()}."

    def _weight(self, lane: Lane, stage: str, grade: str) -> Weight:
        """By the lane's own count where it has one, for first looks; else the default of the grade."""
        count = lane.count
        if stage == "alarm" and count.items >= self.settings.own_min:
            return counted(count.items, count.cleared, f"this lane: {count.worded()}")
        return Weight(nats=self.settings.default_nats[grade], basis=Basis.DEFAULT)

    def _figures(self, lane: Lane, item: Item) -> tuple[Figure, ...]:
        ratio = exp(max(-20.0, min(20.0, item.nats)))
        rate, upper = lane.count.false_rate, lane.count.false_rate_upper
        return (
            Figure(
                name="likelihood ratio", value=float(f"{ratio:.3g}"), unit="1", note=f"operating curves {self.doubt}"
            ),
            Figure(name="false alarms of the lane", value=round(100 * rate, 2), unit="%", high=round(100 * upper, 2)),
        )
