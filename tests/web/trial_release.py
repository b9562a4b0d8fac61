"""A detector of a third party, found by its entry point: every kind of region and figure in one finding."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import cos, radians, sin
from pathlib import Path
from typing import ClassVar

import pytest
from msgspec import Struct

from tocsin.contract.bodies import Concentration
from tocsin.contract.protocols import by_source
from tocsin.model import Extent, Figure, Finding, Level, Observation, Origin, Place, derived_id, moved

MOMENTS_MIN = (0, 5, 10, 30)
ENTRY = "[tocsin.detectors]\ntrial = tests.web.trial_release:TrialRelease\n"


class Seen(Struct):
    """How many readings were high."""

    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRelease:
    """A cloud that drifts east of the sensor that rang, whatever the wind: for tests of what people see."""

    kind: ClassVar[str] = "cbrne.toxic.trial"
    needs: ClassVar[Level] = Level.AMBIENT
    accepts: ClassVar[tuple[type, ...]] = (Concentration,)
    key: ClassVar = by_source
    sees: ClassVar[tuple[str, ...]] = ()
    default_nats: ClassVar[dict[str, float]] = {"trial": 3.0}

    ppm_min: float = 20.0

    def step(self, state: Seen | None, fact: Observation[Concentration]) -> tuple[Seen, list[Finding]]:
        """A finding per high reading, with one id."""
        seen = state or Seen()
        if fact.body.ppm < self.ppm_min or fact.place is None:
            return seen, []
        seen.count += 1
        found = Finding(
            id=derived_id("f", self.kind, fact.source),
            at=fact.at,
            origin=fact.origin,
            kind=self.kind,
            subject=fact.body.substance,
            because=f"{fact.body.ppm:g} ppm {fact.body.substance} drifts east.",
            evidence=(fact.id,),
            source=fact.source,
            detector=self.kind,
            grade="trial",
            place=fact.place,
            life=True,
            extents=tuple(_extents(fact.place, fact.at)),
            figures=FIGURES,
        )
        return seen, [found]


FIGURES = (
    Figure(
        name="released amount",
        value=62.0,
        unit="kg",
        low=31.0,
        high=140.0,
        field_value=137.0,
        field_unit="[lb_av]",
        note="If it is still flowing.",
    ),
    Figure(name="release rate", value=0.21, unit="kg/s", low=0.12, high=0.4),
    Figure(name="wind", value=3.4, unit="m/s", field_value=6.6, field_unit="[kn_i]", note="Mast, 40 s old."),
    Figure(name="next reading", value=1.3, unit="nat", note="A hand-held meter at the east exit would halve the area."),
)


def raw_finding(at: float, extents: tuple[Extent, ...]) -> Finding:
    """A danger to life that no fusion has taken up."""
    return Finding(
        id="f-raw",
        at=at,
        origin=Origin.EXERCISE,
        kind=TrialRelease.kind,
        subject="chlorine",
        because="Chlorine drifts over the square.",
        evidence=(),
        life=True,
        extents=extents,
        figures=FIGURES[:1],
    )


def _extents(at: Place, when: float) -> Iterator[Extent]:
    yield Extent(kind="isolation", label="Initial isolation, 60 m", rings=(_oval(at, 0, 60, 60),), people=140)
    yield Extent(kind="protective-action", label="Protective action, downwind", rings=(_sector(at, 600),), people=2100)
    yield Extent(kind="region", label="Source, 50 %", rings=(_oval(at, -20, 25, 18),), probability=0.5)
    yield Extent(kind="region", label="Source, 90 %", rings=(_oval(at, -20, 70, 45),), probability=0.9)
    for minutes in MOMENTS_MIN[1:]:
        reach_m = 150.0 + 12.0 * minutes
        rings = tuple(_oval(at, reach_m * share / 2, reach_m * share / 2, 40 * share) for share in (1.0, 0.6))
        yield Extent(kind="plume", label=f"Plume in {minutes} min", rings=rings, at=when + 60 * minutes)
    yield Extent(kind="plume", label="Plume now", rings=(_oval(at, 70, 75, 25), _oval(at, 40, 40, 14)), at=when)
    for level, reach_m, ppm in ((1, 420.0, 0.5), (2, 260.0, 2.8), (3, 120.0, 50.0)):
        ring = _oval(at, reach_m / 2, reach_m / 2, reach_m / 5)
        label = f"AEGL-{level} (10 min)"
        yield Extent(
            kind="footprint", label=label, rings=(ring,), at=when, measure=ppm, unit="[ppm]", people=900 // level
        )
    yield Extent(kind="advice", label="Measure at the east exit", rings=(_oval(at, 160, 20, 20),))


def _oval(centre: Place, east_m: float, long_m: float, wide_m: float) -> tuple[tuple[float, float], ...]:
    """An ellipse along the drift, closed."""
    turns = (radians(10 * step) for step in (*range(36), 0))
    points = (moved(centre, east_m + long_m * cos(turn), wide_m * sin(turn)) for turn in turns)
    return tuple((point.lon, point.lat) for point in points)


def _sector(centre: Place, reach_m: float) -> tuple[tuple[float, float], ...]:
    angles = (radians(angle) for angle in range(-30, 31, 5))
    arc = [moved(centre, reach_m * cos(angle), reach_m * sin(angle)) for angle in angles]
    return tuple((point.lon, point.lat) for point in (centre, *arc, centre))


@contextmanager
def installed(folder: Path) -> Iterator[None]:
    """The detector as a package of its own would announce it."""
    told = folder / "trial_release-1.0.dist-info"
    told.mkdir(parents=True)
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: trial-release\nVersion: 1.0\n")
    (told / "entry_points.txt").write_text(ENTRY)
    with pytest.MonkeyPatch.context() as patched:
        patched.syspath_prepend(folder)
        yield
