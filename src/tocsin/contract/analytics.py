"""What each analytic needs of a picture, and which of them every part of one camera's picture supports."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from tocsin.contract.camera_views import CameraView, foot
from tocsin.contract.pictures import Box, Point
from tocsin.contract.resources import Resources
from tocsin.model import ConfigError, NotFound

TABLE = "cameras/analytics.yaml"

VEHICLES = frozenset({"bicycle", "bus", "car", "motorcycle", "train", "truck", "vehicle"})
"""Labels of what is driven or ridden; `vehicle` stands for all of them where an area names what it forbids."""

STATURE_M = 1.7
"""How tall a person is taken to be where nothing else gives the scale (mean of adults, rounded)."""

VEHICLE_M = 1.5
"""The same for vehicles (a car)."""

COLUMNS, ROWS = 32, 18
"""Cells in which pixels per metre are known to detectors: fine enough for a picture of 16 to 9."""


class Analytic(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row of the table; see the comments there."""

    name: str
    sees: str
    cannot: str
    pixels_per_m: Annotated[float, Meta(ge=0)]
    calibration: Literal["none", "better", "needed"]
    draws: Literal["", "area", "line"]
    default: Literal["on", "off", "never"]
    level: Annotated[int, Meta(ge=0, le=5)]
    vehicle_pixels_per_m: Annotated[float, Meta(ge=0)] | None = None

    def least(self, label: str = "person") -> float:
        """Fewest pixels per metre with which such a thing is judged."""
        own = self.vehicle_pixels_per_m
        return own if own is not None and label in VEHICLES else self.pixels_per_m


class Supported(Struct, frozen=True, kw_only=True):
    """Whether one analytic works at one point of a picture (None: nobody knows yet), and why."""

    kind: str
    name: str
    yes: bool | None
    because: str


class Cell(Struct, frozen=True, kw_only=True):
    """One part of a picture: its middle (shares), pixels per metre, the standard's tasks, and analytics."""

    x: float
    y: float
    pixels_per_m: float | None
    tasks: tuple[str, ...]
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class Analytics:
    """The table of analytics.

    >>> table = Analytics.load(Resources())
    >>> table.of("vision.fall").pixels_per_m
    80.0
    >>> table.supported(CameraView("cam-1"), (0.5, 0.9))[0].because
    'Nobody knows how many pixels a metre has here: place this camera on the ground to find out.'
    """

    rows: Mapping[str, Analytic]

    @classmethod
    def load(cls, resources: Resources) -> "Analytics":
        """Read the table that is in force; raises ConfigError naming the wrong key."""
        try:
            return cls(msgspec.convert(resources.document(TABLE), dict[str, Analytic]))
        except msgspec.ValidationError as error:
            raise ConfigError(f"content/{TABLE}: {error}. Compare with the table that ships with Tocsin.") from error

    def of(self, kind: str) -> Analytic:
        """The row of a kind; raises NotFound where the table has none."""
        if kind not in self.rows:
            raise NotFound(f"No analytic {kind!r} in content/{TABLE}: it knows {', '.join(self.rows)}.")
        return self.rows[kind]

    def supported(self, view: CameraView, spot: Point) -> tuple[Supported, ...]:
        """Every analytic at one point of a picture (shares): whether it works there, and why or why not."""
        dense = Density(view).at(spot)
        return tuple(self._supported(view, kind, row, dense) for kind, row in self.rows.items())

    def grid(self, view: CameraView, columns: int = COLUMNS, rows: int = ROWS) -> tuple[Cell, ...]:
        """All parts of a picture, row by row from above, with what each supports.

        Where a camera is not placed on the ground, `pixels_per_m` is None everywhere: its cells name
        what may run, and nobody knows how well.
        """
        density = Density(view, columns, rows)
        return tuple(self._cell(view, spot, dense) for spot, dense in zip(density.spots, density.cells, strict=True))

    def _cell(self, view: CameraView, spot: Point, dense: float | None) -> Cell:
        found = [self._supported(view, kind, row, dense) for kind, row in self.rows.items()]
        tasks = view.camera.tasks(dense) if dense is not None else ()
        kinds = tuple(one.kind for one in found if one.yes is not False)
        return Cell(x=spot[0], y=spot[1], pixels_per_m=dense, tasks=tasks, kinds=kinds)

    def _supported(self, view: CameraView, kind: str, row: Analytic, dense: float | None) -> Supported:
        yes, because = _verdict(view, kind, row, dense)
        return Supported(kind=kind, name=row.name, yes=yes, because=because)


def _verdict(view: CameraView, kind: str, row: Analytic, dense: float | None) -> tuple[bool | None, str]:
    least = row.least()
    if view.processing is not None and not view.processing.allows(kind):
        return False, f"The record of processing of {view.processing.name} forbids it."
    if not least:
        return True, "It judges the picture itself: pixels per metre do not matter."
    if dense is None and row.calibration == "needed":
        return False, "It needs metres: place this camera on the ground first."
    if dense is None:
        return None, "Nobody knows how many pixels a metre has here: place this camera on the ground to find out."
    if dense < least:
        return False, f"{dense:.0f} pixels per metre here; it needs {least:g}: zoom in, or move the camera closer."
    return True, f"{dense:.0f} pixels per metre here; it needs {least:g}."


class Density:
    """Pixels per metre in the cells of one camera's picture; None above the horizon and where nothing is known.

    It is measured across the line of sight at the point on the ground that is seen there.
    """

    def __init__(self, view: CameraView, columns: int = COLUMNS, rows: int = ROWS) -> None:
        self._view, self._columns, self._rows = view, columns, rows

    @property
    def spots(self) -> tuple[Point, ...]:
        """The middles of the cells, row by row from above."""
        columns, rows = self._columns, self._rows
        return tuple(((n + 0.5) / columns, (m + 0.5) / rows) for m in range(rows) for n in range(columns))

    @cached_property
    def cells(self) -> tuple[float | None, ...]:
        """The densities in the order of `spots`."""
        return _densities(self._view, self.spots)

    def at(self, spot: Point) -> float | None:
        """The density at one point, exactly."""
        return _densities(self._view, (spot,))[0]

    def near(self, spot: Point) -> float | None:
        """That of the cell around a point: for many questions about one picture."""
        column = min(self._columns - 1, max(0, int(spot[0] * self._columns)))
        row = min(self._rows - 1, max(0, int(spot[1] * self._rows)))
        return self.cells[row * self._columns + column]


def _densities(view: CameraView, spots: tuple[Point, ...]) -> tuple[float | None, ...]:
    ground = view.ground
    if ground is None:
        return (None,) * len(spots)
    import numpy as np

    points_px = np.asarray(spots, dtype=np.float64) * view.camera.picture
    found = np.asarray(ground.pixels_per_m(points_px), dtype=np.float64)
    return tuple(float(one) if np.isfinite(one) and one > 0 else None for one in found)


def by_stature(view: CameraView, label: str, box: Box) -> float:
    """Pixels per metre as the size of a whole person or vehicle gives them, where no ground plane does."""
    return (box[3] - box[1]) * view.camera.picture[1] / (VEHICLE_M if label in VEHICLES else STATURE_M)


def seen_well_enough(density: Density, view: CameraView, analytic: Analytic, label: str, box: Box) -> bool:
    """Whether a thing is seen with enough pixels per metre to be judged by an analytic."""
    least = analytic.least(label)
    if not least:
        return True
    known = by_stature(view, label, box) if view.ground is None else density.near(foot(box))
    return known is not None and known >= least
