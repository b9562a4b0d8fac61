"""The running form of vision.crowd: one scene into the sums, and now and then a report."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from tocsin.contract.camera_views import Views
from tocsin.contract.pictures import CrowdFlow, Passages, Scene
from tocsin.contract.protocols import Perceived
from tocsin.model import Body, Reading
from tocsin.perceivers.crowd.following import Followed, Reach, in_company
from tocsin.perceivers.crowd.layout import Layout
from tocsin.perceivers.crowd.parameters import Measuring
from tocsin.perceivers.crowd.tally import People, Sums, Tally

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PAUSE_S_MAX = 5.0
"""After a longer pause nobody is followed on."""

BODY_M = 1.7
"""How tall people are, on average: the yardstick where nothing is calibrated."""


@dataclass(slots=True)
class Memory:
    """What is remembered of one camera: who is where, the sums since the last report, passages by line."""

    layout: Layout
    followed: Followed
    tallies: list[Tally]
    passed: list[list[int]]
    begun: float
    at: float
    sampled_at: float = -np.inf
    body: float = BODY_M


class CrowdWatching:
    """Measures; all that is remembered is handed in and out."""

    accepts: ClassVar[tuple[type[Body], ...]] = (Scene,)
    gives: ClassVar[tuple[type[Body], ...]] = (CrowdFlow,)
    kind: ClassVar[str] = "vision.crowd"

    def __init__(self, of: Measuring, views: Views) -> None:
        self._of = of
        self._views = views
        self._layouts: dict[str, Layout] = {}

    def perceive(self, reading: Reading[Scene]) -> Perceived:
        """What one scene says without any memory: nothing yet."""
        return self.look(None, reading)[1]

    def look(self, memory: Memory | None, reading: Reading[Scene]) -> tuple[Memory | None, Perceived]:
        """Take one scene; a report where it is time for one."""
        layout = self._layout(reading.source)
        if not layout.wanted or (memory is not None and reading.at <= memory.at):
            return memory, Perceived()
        if memory is None or memory.layout is not layout or reading.at - memory.at > PAUSE_S_MAX:
            memory = self._begun(layout, reading.at, memory)
        memory.at = reading.at
        people = self._people(memory, layout, reading)
        if reading.at - memory.sampled_at >= self._of.sample_s - 1e-6:
            memory.sampled_at = reading.at
            for tally in memory.tallies:
                tally.measure(people, self._of)
        if reading.at - memory.begun < self._of.report_s - 1e-6:
            return memory, Perceived()
        return memory, Perceived(readings=(replace(reading, body=self._report(memory, layout, reading.at)),))

    def _layout(self, source: str) -> Layout:
        known = self._layouts.get(source)
        if known is None:
            known = self._layouts[source] = Layout.of(self._views.of(source), self._of)
        return known

    @staticmethod
    def _begun(layout: Layout, at: float, before: Memory | None) -> Memory:
        """A fresh memory; where people walk is known on, if it is the same floor."""
        known = {} if before is None else {tally.area.id: tally.trodden for tally in before.tallies}
        tallies = [Tally(area, area.same_floor(known.get(area.id))) for area in layout.areas]
        return Memory(layout, Followed(len(layout.gates)), tallies, [[0, 0] for _ in layout.gates], at, at)

    def _people(self, memory: Memory, layout: Layout, reading: Reading[Scene]) -> People:
        """The people of a scene that count, followed on the plan."""
        numbers, boxes = _persons(reading.body)
        if not layout.calibrated and len(boxes):
            memory.body = float(np.median(boxes[:, 3] - boxes[:, 1]))
        reach = self._reach(1.0 if layout.calibrated else memory.body / BODY_M)
        plan = layout.plan(np.stack([(boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3]], axis=1))
        on = np.isfinite(plan[:, 0])
        followed = memory.followed
        followed.see(reading.at, numbers[on], plan[on], reach)
        for count, (forward, backward) in zip(memory.passed, followed.pass_over(layout.gates, reach), strict=True):
            count[0] += forward
            count[1] += backward
        found = followed.velocities(reach)
        here = followed.here(reading.at, self._of.held_s_max)
        certain = found.variance[here & found.known]
        noise = float(certain.mean()) if len(certain) else 0.0
        where, velocity = followed.where[here], found.velocity[here]
        calm = in_company(velocity, where, reach)
        return People(followed.ids[here], layout.spots(where), where, velocity, calm, noise)

    def _reach(self, scale: float) -> Reach:
        of = self._of
        return Reach(
            window_s=of.window_s,
            slow_window_s=of.slow_window_s,
            gap_s=of.gap_s_max,
            near=of.reach_m * scale,
            band=of.band_m * scale,
            slow=of.slow_m_s * scale,
            place_sd=of.place_sd_m * scale,
            scale=scale,
        )

    def _report(self, memory: Memory, layout: Layout, at: float) -> CrowdFlow:
        """Tell the sums and begin new ones."""
        areas = tuple(tally.tell(self._of) for tally in memory.tallies)
        passages = tuple(
            Passages(gate.id, forward, backward, gate.width_m)
            for gate, (forward, backward) in zip(layout.gates, memory.passed, strict=True)
        )
        every_s, memory.begun = at - memory.begun, at
        memory.passed = [[0, 0] for _ in memory.passed]
        for tally in memory.tallies:
            tally.sums = Sums()
        return CrowdFlow(areas=areas, passages=passages, every_s=every_s, calibrated=layout.calibrated)


def _persons(scene: Scene) -> tuple[Ints, Floats]:
    """Numbers and boxes (shares) of the persons that are seen in this very frame."""
    height, width = scene.frame.picture.shape[:2]
    boxes = np.asarray(scene.boxes_px.array, dtype=np.float64).reshape(-1, 4) / (width, height, width, height)
    chosen = [n for n, label in enumerate(scene.labels) if label == "person" and scene.confirmed[n] and scene.seen[n]]
    return np.array([scene.ids[n] for n in chosen], dtype=np.int64), boxes[chosen]
