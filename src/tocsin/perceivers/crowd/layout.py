"""Areas and lines of one camera as they lie on the ground, and where in them a person of the picture stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tocsin.city.cameras import Line
from tocsin.contract.camera_views import CameraView
from tocsin.perceivers.crowd.parameters import Measuring
from tocsin.physics.crowd_flow import Floor, within

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Ring = Sequence[tuple[float, float]]

KINDS = ("crowd.density", "crowd.pressure", "crowd.flow", "crowd.occupancy")
"""The analytics that live on these numbers: where none of them may run, nothing is measured."""

WHOLE: Ring = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
PICTURE = "picture"
"""The name of the area that is all that the camera sees."""

COLUMNS = 25
"""Columns of the picture in which it is looked up how far the ground is seen."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One area: its ring in the picture, its floor in metres if there is one, and the size of each arrow's cell."""

    id: str
    ring: Floats
    floor: Floor | None
    across: int
    cells_m2: Floats

    def holds(self, spots: Floats) -> NDArray[np.bool_]:
        """Which places of the picture (shares) lie in it."""
        return within(spots, self.ring)

    def same_floor(self, trodden: NDArray[np.bool_] | None) -> NDArray[np.bool_] | None:
        """Where people walked, if it was learned on a floor of this very form; else it is learned anew."""
        same = trodden is not None and self.floor is not None and trodden.shape == self.floor.area.shape
        return trodden if same else None

    def cell_of(self, spots: Floats) -> Ints:
        """In which cell of the grid over the area a place of the picture lies."""
        low, high = self.ring.min(axis=0), self.ring.max(axis=0)
        n = self.across
        index = np.clip(((spots - low) / np.maximum(high - low, 1e-9) * n).astype(np.int64), 0, n - 1)
        cells: Ints = index[:, 0] * n + index[:, 1]
        return cells

    def centre(self, cell: int) -> tuple[float, float]:
        """The middle of a cell, as shares of the picture."""
        low, high = self.ring.min(axis=0), self.ring.max(axis=0)
        x, y = low + (high - low) * (np.array(divmod(cell, self.across)) + 0.5) / self.across
        return float(x), float(y)


@dataclass(frozen=True, slots=True)
class Gate:
    """One line that people pass: its ends on the plan, and how long it is in metres where that is known."""

    id: str
    ends: Floats
    width_m: float | None


@dataclass(frozen=True, slots=True)
class Layout:
    """What is measured at one camera. The plan is in metres, or in picture heights where nothing is calibrated."""

    view: CameraView
    wanted: bool
    areas: tuple[Measured, ...] = ()
    gates: tuple[Gate, ...] = ()

    @classmethod
    def of(cls, view: CameraView, what: Measuring) -> "Layout":
        """Lay out what a camera is to measure; nothing where no analytic of crowds may run."""
        kinds = [kind for kind in KINDS if view.allows(kind, by_default=True)]
        if not kinds:
            return cls(view, wanted=False)
        drawn = {area.id: area for kind in kinds for area in view.areas(kind)}
        rings: dict[str, Ring] = {name: area.ring for name, area in drawn.items()} or {PICTURE: WHOLE}
        seen = None if view.ground is None else _seen(view, what.range_m_max)
        areas = tuple(_measured(view, name, ring, what, seen) for name, ring in rings.items())
        gates = tuple(_gate(view, line) for line in view.lines if "person" in line.labels)
        return cls(view, wanted=True, areas=areas, gates=tuple(gate for gate in gates if gate is not None))

    @property
    def calibrated(self) -> bool:
        """Whether the plan is in metres."""
        return self.view.ground is not None

    def plan(self, spots: Floats) -> Floats:
        """Places of the picture (shares) on the plan, y upwards; not finite where no ground is seen."""
        return _plan(self.view, spots)

    def spots(self, plan: Floats) -> Floats:
        """Places of the plan in the picture, as shares."""
        size = np.array(self.view.camera.picture, dtype=np.float64)
        if self.view.ground is not None:
            shares: Floats = self.view.ground.to_picture(plan) / size
            return shares
        return plan * (size[1] / size[0], -1.0)


def _plan(view: CameraView, spots: ArrayLike) -> Floats:
    where = np.asarray(spots, dtype=np.float64).reshape(-1, 2)
    if view.ground is not None:
        metres: Floats = view.metres(where)  # type: ignore[arg-type]  # an array is a sequence of points
        return metres
    width, height = view.camera.picture
    return where * (width / height, -1.0)


def _seen(view: CameraView, range_m_max: float) -> Any:  # noqa: ANN401  # shapely's polygon
    """The part of the picture in which ground is seen that is not too far away."""
    import shapely

    rows = np.linspace(1.0, 0.0, 101)
    top = []
    for x in np.linspace(0.0, 1.0, COLUMNS):
        away = np.linalg.norm(_plan(view, np.stack([np.full_like(rows, x), rows], axis=1)), axis=1)
        near = np.isfinite(away) & (away <= range_m_max)
        reached = int(np.argmin(near)) if not near.all() else len(near)
        top.append((x, rows[max(reached - 1, 0)]))
    return shapely.make_valid(shapely.Polygon([(0.0, 1.0), *top, (1.0, 1.0)]))


def _measured(view: CameraView, name: str, ring: Ring, what: Measuring, seen: Any) -> Measured:  # noqa: ANN401
    corners = np.asarray(ring, dtype=np.float64)
    cells = np.zeros(what.cells_across**2)
    if seen is None:
        return Measured(name, corners, None, what.cells_across, cells)
    import shapely

    part = shapely.intersection(shapely.make_valid(shapely.Polygon(corners)), seen)
    on_ground = _largest(view, part)
    if on_ground is None:
        return Measured(name, corners, None, what.cells_across, cells)
    floor = Floor.over(on_ground, _largest(view, seen), step_m=what.spot_m, margin_m=what.cutoff_m)
    measured = Measured(name, corners, floor, what.cells_across, cells)
    low, high = corners.min(axis=0), corners.max(axis=0)
    size = (high - low) / what.cells_across
    for cell in range(len(cells)):
        corner = low + size * divmod(cell, what.cells_across)
        cells[cell] = _ground_m2(view, shapely.intersection(part, shapely.box(*corner, *(corner + size))))
    return measured


def _largest(view: CameraView, part: Any) -> Floats | None:  # noqa: ANN401  # a geometry of shapely
    """The largest polygon of a part of the picture, on the ground; None where there is none."""
    import shapely

    polygons = [one for one in shapely.get_parts(part) if shapely.get_dimensions(one) == 2]
    if not polygons:
        return None
    ring = shapely.get_coordinates(max(polygons, key=shapely.area).exterior)[:-1]
    on_ground = _plan(view, ring)
    return on_ground if np.isfinite(on_ground).all() else None


def _ground_m2(view: CameraView, part: Any) -> float:  # noqa: ANN401  # a geometry of shapely
    import shapely

    ring = _largest(view, part)
    return 0.0 if ring is None else float(shapely.area(shapely.Polygon(ring)))


def _gate(view: CameraView, line: Line) -> Gate | None:
    ends = _plan(view, (line.a, line.b))
    if not np.isfinite(ends).all():
        return None
    width = float(np.linalg.norm(ends[1] - ends[0])) if view.ground is not None else None
    return Gate(line.id, ends, width)
