"""The sea from coastlines: OpenStreetMap draws no sea, only lines with water on their right."""

from collections.abc import Sequence
from itertools import pairwise

import shapely
from shapely.geometry import LineString, Point, Polygon, box
from shapely.ops import linemerge, polygonize, unary_union

from tocsin.city.citymap import Position

PROBE_DEG = 1e-6
"""How far beside a coastline its right side is probed (about 0.1 m)."""


def sea(coast: Sequence[Sequence[Position]], bounds: tuple[float, float, float, float]) -> list[Polygon]:
    """The parts of the box `bounds` that lie to the right of the coastlines.

    A line that ends within the box (an extract cut between its nodes) is drawn on in its last
    direction to the edge.
    """
    frame = box(*bounds)
    lines = [_extended(line, frame) for line in _joined(coast)]
    if not lines:
        return []
    faces = polygonize(unary_union([frame.boundary, *(line.intersection(frame) for line in lines)]))
    probes = [probe for line in lines for probe in _right_side(line)]
    return [face for face in faces if _is_water(face, probes)]


def _joined(coast: Sequence[Sequence[Position]]) -> list[LineString]:
    lines = [LineString(line) for line in coast if len(line) > 1]
    if len(lines) < 2:
        return lines
    merged = linemerge(lines, directed=True)
    return [merged] if isinstance(merged, LineString) else list(merged.geoms)


def _extended(line: LineString, frame: Polygon) -> LineString:
    points = list(line.coords)
    if line.is_ring:
        return line
    width = max(frame.bounds[2] - frame.bounds[0], frame.bounds[3] - frame.bounds[1])
    head = [_beyond(points[1], points[0], width)] if frame.contains(Point(points[0])) else []
    tail = [_beyond(points[-2], points[-1], width)] if frame.contains(Point(points[-1])) else []
    return LineString([*head, *points, *tail])


def _beyond(start: Sequence[float], end: Sequence[float], far: float) -> Position:
    east, north = end[0] - start[0], end[1] - start[1]
    length = (east**2 + north**2) ** 0.5 or 1.0
    return end[0] + east / length * far, end[1] + north / length * far


def _right_side(line: LineString) -> list[tuple[Point, int]]:
    """Probes just right (+1: water) and just left (-1: land) of every segment."""
    probes: list[tuple[Point, int]] = []
    points = list(line.coords)
    for (x1, y1), (x2, y2) in pairwise(points):
        length = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5
        if length > 0:
            right = (y2 - y1) / length * PROBE_DEG, (x1 - x2) / length * PROBE_DEG
            middle = (x1 + x2) / 2, (y1 + y2) / 2
            probes.append((Point(middle[0] + right[0], middle[1] + right[1]), 1))
            probes.append((Point(middle[0] - right[0], middle[1] - right[1]), -1))
    return probes


def _is_water(face: Polygon, probes: Sequence[tuple[Point, int]]) -> bool:
    shapely.prepare(face)
    return sum(side for probe, side in probes if face.contains(probe)) > 0
