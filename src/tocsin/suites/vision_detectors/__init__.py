"""`tocsin evaluate vision-detectors`: what is found of made-up and recorded events, and what rings falsely.

Tracks come from the tracker that runs on live cameras, over boxes with the faults of a detector; ordinary streets
and recorded ways give the false alarms, with their exposure and its bound; recorded boxes give both.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np

from tocsin.contract.cards import Row, card_text, counted, poisson_upper
from tocsin.model import ConfigError
from tocsin.sim.lookout import Faults
from tocsin.suites import Order, Report, Verb, Workshop
from tocsin.suites.vision_detectors.judging import Tally
from tocsin.suites.vision_detectors.motion import anybody, grounds, moments, recorded_ways
from tocsin.suites.vision_detectors.recorded import compare, sequences
from tocsin.suites.vision_detectors.scenarios import EVENTS, ordinary
from tocsin.suites.vision_detectors.staging import FIELD_DEG, KINDS, Stage
from tocsin.suites.vision_detectors.watching import AT, NEAR_DEG, NEAR_ONLY, Look, Run, played, seen

METRES_ONLY = ("vision.running", "vision.dispersal")
"""Judged on cameras alone that are placed on the ground."""

CARDED = {
    "vision.zone": ("person",),
    "vision.line": ("person",),
    "vision.wrong-way": ("person",),
    "vision.running": ("together", "outward"),
    "vision.dispersal": ("scatter",),
}
"""The grades whose false alarms follow from how people move: for vehicles, falls and loitering a simulation is too
weak a witness."""

WINDOW_S = 60.0
"""The window of a card: a minute of one camera."""

STREET_SEED = 10_000
"""Ordinary streets have seeds of their own, far from those of the events, that follow from the first of them."""


@dataclass(slots=True)
class Counts:
    """Tallies by detector, and windows of ordinary streets that rang falsely, by detector and grade."""

    tallies: dict[str, Tally] = field(default_factory=dict)
    rang: dict[str, set[tuple[str, str, int]]] = field(default_factory=dict)
    windows: dict[str, int] = field(default_factory=dict)

    def add(self, run: Run, kind: str) -> None:
        """Count one run for one detector."""
        truth, said = run.true(kind), run.said(kind)
        tally = self.tallies.setdefault(kind, Tally())
        false = tally.add(truth, said, AT, run.lasting_s, run.name)
        self.windows[kind] = self.windows.get(kind, 0) + int(run.lasting_s // WINDOW_S)
        rang = self.rang.setdefault(kind, set())
        rang.update((one.grade, run.name, int((one.at - AT) // WINDOW_S)) for one in false)


@dataclass(frozen=True, slots=True, kw_only=True)
class VisionDetectors:
    """Precision and recall of the detectors over tracks, and their false alarms per hour of a camera.

    `runs` made-up runs per detector (or one for each of the seeds given: settings were chosen on 0 to 23), half of
    them on cameras that are placed on the ground; `ordinary_h` hours of ordinary streets, `street_s` seconds each, a
    third of them seen from nearer (falls are judged there alone). With `--data DIR`: `mot15` (its public detections
    through our tracker against its labels, with `set_ups` drawings each), `opentraj` and `pedpy` (recorded ways
    before `cameras` made-up cameras each). `cards` names a folder to write `<kind>.toml` into. Loitering, falls and
    things left behind get no card here.
    """

    kind: ClassVar[str] = "vision-detectors"
    verb: ClassVar[Verb] = "evaluate"

    runs: int = 12
    ordinary_h: float = 1.0
    street_s: float = 300.0
    cameras: int = 2
    set_ups: int = 12
    kinds: tuple[str, ...] = KINDS
    faults: bool = True
    cards: str = ""

    def run(self, order: Order, workshop: Workshop) -> Report:
        """Run everything, count, and write the cards where a folder is named."""
        del workshop  # no installation is needed: walkers, a tracker and the detectors are enough
        if self.cards and not Path(self.cards).is_dir():
            raise ConfigError(f"{self.cards} is no folder: make it, or name content/cards.")
        seeds = order.seeds or tuple(range(self.runs))
        events = self._events(seeds, order.say)
        calm = self._ordinary(STREET_SEED + 1_000 * seeds[0], order.say)
        told = {"events": events, "ordinary": calm, **self._recorded(order)}
        if self.cards:
            self._write(told, order)
        return Report(
            suite=self.kind,
            command=order.command,
            data=str(order.data) if order.data else "made-up walkers alone",
            seed=seeds,
            metrics={
                f"{kind}.{part}.{name}": value
                for part, counts in told.items()
                for kind, tally in counts.tallies.items()
                for name, value in metrics(tally).items()
            },
            peers={},
            detail={part: {kind: t.told() for kind, t in counts.tallies.items()} for part, counts in told.items()},
        )

    def _events(self, seeds: Sequence[int], say: Callable[[str], None]) -> Counts:
        counts = Counts()
        for kind in self.kinds:
            for n, seed in enumerate(seeds):
                calibrated = kind in METRES_ONLY or n % 2 == 0
                field_deg = NEAR_DEG if kind in NEAR_ONLY else FIELD_DEG
                run = played(kind, EVENTS[kind], seed, self._faults, calibrated=calibrated, field_deg=field_deg)
                counts.add(run, kind)
            say(f"events: {_line(kind, counts.tallies[kind])}")
        return counts

    def _ordinary(self, first: int, say: Callable[[str], None]) -> Counts:
        counts = Counts()
        street = partial(ordinary, lasting_s=self.street_s)
        for n in range(round(self.ordinary_h * 3600 / self.street_s)):
            placed, near = n % 2 == 0, n % 3 == 2
            field_deg = NEAR_DEG if near else FIELD_DEG
            run = played("street", street, first + n, self._faults, calibrated=placed, field_deg=field_deg)
            for kind in self.kinds:
                if (placed or kind not in METRES_ONLY) and (near or kind not in NEAR_ONLY):
                    counts.add(run, kind)
            if n % 12 == 11:
                say(f"ordinary streets: {(n + 1) * self.street_s / 3600:.1f} h")
        for kind, tally in counts.tallies.items():
            say(f"ordinary: {_line(kind, tally)}")
        return counts

    def _recorded(self, order: Order) -> dict[str, Counts]:
        if order.data is None:
            return {}
        boxes, motion = Counts(), Counts()
        for one in sequences(order.data / "mot15"):
            compare(one, np.random.default_rng([len(one.name), one.frames]), self.set_ups, boxes.tallies)
        for ways in recorded_ways(order.data):
            for n in range(self.cameras):
                chance = np.random.default_rng([n, ways.people])
                stage = Stage.drawn(chance, calibrated=True)
                moved, drawn = moments(ways, stage), grounds(stage)
                run = seen(f"{ways.name} {n}", moved, anybody(ways), stage, drawn, Look(self._faults, chance))
                for kind in self.kinds:
                    motion.add(run, kind)
        for part, counts in (("boxes", boxes), ("ways", motion)):
            for kind, tally in counts.tallies.items():
                order.say(f"recorded {part}: {_line(kind, tally)}")
        return {"boxes": boxes, "ways": motion}

    @property
    def _faults(self) -> Faults:
        return Faults() if self.faults else Faults.none()

    def _write(self, told: dict[str, Counts], order: Order) -> None:
        """A card per detector, from ordinary streets and recorded ways."""
        parts = [told[name] for name in ("ordinary", "ways") if name in told]
        for kind in sorted(CARDED.keys() & {*self.kinds}):
            hours = [counts.tallies[kind].hours if kind in counts.tallies else 0.0 for counts in parts]
            text = f"counted on {hours[0]:.0f} h of simulated ordinary streets"
            text += f" and {hours[1]:.1f} h of recorded ways" if len(hours) > 1 else ""
            command = order.command.replace(str(order.data), "DIR") if order.data else order.command
            rows = {grade: _row(parts, kind, grade, f"{text}: {command}") for grade in CARDED[kind]}
            Path(self.cards, f"{kind}.toml").write_text(card_text(kind, rows), encoding="utf-8")


def _row(parts: Sequence[Counts], kind: str, grade: str, text: str) -> Row:
    windows = sum(counts.windows.get(kind, 0) for counts in parts)
    false = sum(one[0] == grade for counts in parts for one in counts.rang.get(kind, ()))
    return Row(windows=windows, false_alarms=false, nats=counted(windows, false).nats, text=text)


def metrics(tally: Tally) -> dict[str, float]:
    """The numbers of one tally; shares only where there was something to share."""
    found = {
        "events": float(tally.events),
        "found": float(tally.found),
        "false": float(tally.false),
        "hours": tally.hours,
    }
    if tally.events:
        found["recall"] = tally.found / tally.events
        found["noticed"] = tally.noticed / tally.events
    if tally.right + tally.false:
        found["precision"] = tally.right / (tally.right + tally.false)
    if tally.hours:
        found["false_per_hour"] = tally.false / tally.hours
        found["false_per_hour_upper95"] = poisson_upper(tally.false) / tally.hours
    if tally.delays_s:
        found["delay_median_s"] = float(np.median(tally.delays_s))
    return found


def _line(kind: str, tally: Tally) -> str:
    found = f"{tally.found} of {tally.events} events ({tally.noticed} noticed)"
    return f"{kind}: {found}, {tally.false} false in {tally.hours:.2f} h"
