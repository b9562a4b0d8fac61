"""Density, speed and passages by PedPy, from trajectories in metres. Prints JSON.

Called as `.venv-peers/bin/python pedpy_voronoi.py TRAJECTORIES PLAN`: lines of `id frame x y`, and a JSON with
`frame_rate`, `every` (frames between two measures of density), `floor`, `area` and `line` (points in metres),
`cutoff_m` and `speed_frames` (frames on each side over which a speed is taken).
"""

import json
import sys
from pathlib import Path
from typing import Any


def main(trajectories: Path, plan: dict[str, Any]) -> dict[str, Any]:
    """Measure as PedPy's own tutorials do: Voronoi cells with a cut-off, individual speeds, crossings of a line."""
    import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]
    import pedpy  # type: ignore[import-not-found,import-untyped,unused-ignore]

    table = pd.read_csv(trajectories, sep=" ", names=["id", "frame", "x", "y"])
    whole = pedpy.TrajectoryData(data=table, frame_rate=plan["frame_rate"])
    some = pedpy.TrajectoryData(data=table[table.frame % plan["every"] == 0], frame_rate=plan["frame_rate"])
    area = pedpy.MeasurementArea(plan["area"])
    line = pedpy.MeasurementLine(plan["line"])
    cells = pedpy.compute_individual_voronoi_polygons(
        traj_data=some,
        walkable_area=pedpy.WalkableArea(plan["floor"]),
        cut_off=pedpy.Cutoff(radius=plan["cutoff_m"], quad_segments=3),
    )
    density, parts = pedpy.compute_voronoi_density(individual_voronoi_data=cells, measurement_area=area)
    speed = pedpy.compute_individual_speed(
        traj_data=whole,
        frame_step=plan["speed_frames"],
        speed_calculation=pedpy.SpeedCalculation.BORDER_SINGLE_SIDED,
    )
    in_cells = pedpy.compute_voronoi_speed(
        traj_data=some, individual_voronoi_intersection=parts, individual_speed=speed, measurement_area=area
    )
    _, passed = pedpy.compute_n_t(traj_data=whole, measurement_line=line)
    count = pedpy.compute_classic_density(traj_data=some, measurement_area=area)
    covered = parts.assign(m2=[part.area for part in parts.intersection]).groupby("frame").m2.sum()
    every = plan["every"]  # PedPy writes zeros for the frames between
    return {
        "density": series(density.reset_index(), "density", every),
        "speed": series(in_cells.reset_index(), "speed", every),
        "count": {frame: value * area.area for frame, value in series(count.reset_index(), "density", every).items()},
        "covered": {int(frame): float(m2 / area.area) for frame, m2 in covered.items()},
        "passed": sorted(int(frame) for frame in passed.groupby("id").frame.min()),
    }


def series(table: Any, name: str, every: int) -> dict[int, float]:  # noqa: ANN401  # a table of pandas
    """Values by frame, of the frames that are measured."""
    pairs = zip(table["frame"], table[name], strict=True)
    return {int(frame): float(value) for frame, value in pairs if int(frame) % every == 0}


if __name__ == "__main__":
    told = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]), told)))
