"""Small true cases of cameras, for docstrings, tests and pages: a camera with what is drawn, and tracks that walk."""

from collections.abc import Sequence
from itertools import pairwise
from math import ceil, cos, hypot, sin
from typing import Any

from msgspec.structs import replace

from tocsin.city.cameras import Area, Camera, Line, Pose, Spot
from tocsin.city.context import City
from tocsin.city.processing import Processing
from tocsin.city.registry import Coverage, Sensor
from tocsin.contract.analytics import STATURE_M
from tocsin.contract.examples import SQUARE, START_AT, seen, series
from tocsin.contract.pictures import CameraLoad, Point, Still, Stills, Track, Tracks
from tocsin.contract.resources import Resources
from tocsin.model import Observation, SourceState

CAMERA = "cam-1"
"""The camera of the cases."""

RECORD = Processing(
    id="square",
    name="Square",
    purpose="Safety of people on the square.",
    legal_basis="An invented law, section 1.",
    controller="The invented city.",
    notice="Cameras see events here, not people.",
)


def city_with(
    areas: Sequence[Area] = (),
    lines: Sequence[Line] = (),
    analytics: Sequence[str] = (),
    pose: Pose | None = None,
    record: Processing = RECORD,
) -> Resources:
    """What a member starts with where one camera is set up so."""
    camera = Camera(processing=record.id, areas=tuple(areas), lines=tuple(lines), analytics=tuple(analytics), pose=pose)
    sensor = Sensor(
        id=CAMERA,
        family="camera",
        name="Camera 1",
        place=SQUARE,
        coverage=Coverage(range_m=60.0),
        state=SourceState.IN_SERVICE,
        camera=camera,
    )
    return Resources(city=City.empty("Cases", SQUARE).with_processing(record).with_sensor(sensor))


def area(id: str, corner: Spot, opposite: Spot, **more: Any) -> Area:  # noqa: ANN401  # fields of Area by name
    """An upright rectangle of the picture."""
    (x1, y1), (x2, y2) = corner, opposite
    return Area(id=id, ring=((x1, y1), (x2, y1), (x2, y2), (x1, y2)), **more)


def track(foot: Point, *, id: int = 1, label: str = "person", height: float = 0.2, **more: Any) -> Track:  # noqa: ANN401
    """One track with its feet at a point (shares); `height` is that of its box."""
    x, y = foot
    width = height * (0.2 if label == "person" else 1.2)
    return Track(id=id, label=label, box=(x - width / 2, y - height, x + width / 2, y), **{"since": START_AT, **more})


def frames(
    tracks: Sequence[Sequence[Track]],
    every_s: float = 0.2,
    at: float = START_AT,
    **more: Any,  # noqa: ANN401
) -> list[Observation[Tracks]]:
    """One observation per frame, at a steady pace."""
    return [
        seen(Tracks(tracks=tuple(one), every_s=every_s, number=n, **more), at=at + n * every_s, seq=n, source=CAMERA)
        for n, one in enumerate(tracks)
    ]


def path(*points: Point, step: float = 0.012) -> list[Point]:
    """Points along straight ways, a step of so many picture widths apart; a point that is named twice is a pause.

    >>> len(path((0.0, 0.5), (0.12, 0.5))), path((0.1, 0.5), (0.1, 0.5))[-1]
    (11, (0.1, 0.5))
    """
    made = [points[0]]
    for a, b in pairwise(points):
        steps = max(1, ceil(hypot(b[0] - a[0], b[1] - a[1]) / step - 1e-9))
        made += [(a[0] + (b[0] - a[0]) * n / steps, a[1] + (b[1] - a[1]) * n / steps) for n in range(1, steps + 1)]
    return made


def walk(*points: Point, stay: int = 20, step: float = 0.012, **more: Any) -> list[Observation[Tracks]]:  # noqa: ANN401
    """One track along a path at five frames a second, then standing for `stay` frames."""
    way = path(*points, step=step)
    return frames([[track(spot, **more)] for spot in [*way, *[way[-1]] * stay]])


def with_ids(facts: Sequence[Observation[Tracks]], ids: Sequence[int]) -> list[Observation[Tracks]]:
    """The same frames, with the one track of each given another number: an identity that switches."""
    began: dict[int, float] = {}
    return [_numbered(fact, number, began.setdefault(number, fact.at)) for fact, number in zip(facts, ids, strict=True)]


def _numbered(fact: Observation[Tracks], number: int, since: float) -> Observation[Tracks]:
    tracks = tuple(replace(one, id=number, since=since) for one in fact.body.tracks)
    return replace(fact, body=replace(fact.body, tracks=tracks))


HANGS = Pose(height_m=6.0, tilt_deg=30.0, field_deg=75.0)
"""How the camera of the cases hangs where it is placed on the ground: what is 10 m north of it is near the middle."""


def crowd_walks(
    people: int,
    spot_m: Point,
    *,
    toward: Point | None = None,
    m_s: float = 1.3,
    lasting_s: float = 4.0,
    calm_s: float = 0.0,
) -> list[Observation[Tracks]]:
    """People around a spot (metres east and north): calm at first, then all going one way, or outward for None."""
    places = [(spot_m[0] + 0.9 * (n % 3 - 1), spot_m[1] + 1.1 * (n // 3 - (people - 1) / 6)) for n in range(people)]
    made = []
    for frame in range(round((calm_s + lasting_s) * 5)):
        made.append([_on_ground(place, n + 1) for n, place in enumerate(places)])
        step_m = 0.0 if frame < calm_s * 5 else m_s * 0.2
        places = [_further(place, spot_m, toward, step_m, n) for n, place in enumerate(places)]
    return frames(made, calibrated=True)


def _on_ground(place: Point, id: int) -> Track:
    """A track that stands so many metres east and north of the camera as HANGS says."""
    from tocsin.physics.ground import Ground

    width, height = Camera().picture
    ground = Ground.from_pose(HANGS.height_m, HANGS.tilt_deg, HANGS.field_deg, HANGS.bearing_deg, width, height)
    ((x, y),) = ground.to_picture([place]).tolist()
    tall = STATURE_M * float(ground.pixels_per_m([(x, y)])[0]) / height
    return track((x / width, y / height), id=id, height=tall, east_m=place[0], north_m=place[1])


def _further(place: Point, spot_m: Point, toward: Point | None, step_m: float, n: int) -> Point:
    dx, dy = toward or (place[0] - spot_m[0], place[1] - spot_m[1])
    length = hypot(dx, dy)
    if length < 1e-9:
        dx, dy, length = cos(n), sin(n), 1.0
    return place[0] + dx / length * step_m, place[1] + dy / length * step_m


def falling(spot: Point = (0.5, 0.7), stands_s: float = 3.0, down_s: float = 8.0) -> list[Observation[Tracks]]:
    """Somebody who stands, goes down within a second, and stays down."""
    x, y = spot
    high, wide = 0.2, 0.04
    made = []
    for n in range(round((stands_s + 1.0 + down_s) * 5)):
        fallen = min(1.0, max(0.0, n / 5 - stands_s))
        h, w = high * (1 - 0.7 * fallen), wide + (high * 0.55 - wide) * fallen
        made.append([Track(id=1, label="person", box=(x - w / 2, y - h, x + w / 2, y), since=START_AT)])
    return frames(made)


def left_behind(
    stays_s: float = 30.0,
    away_after_s: float = 6.0,
    *,
    label: str = "backpack",
    share: float = 0.004,
    **more: Any,  # noqa: ANN401
) -> list[Observation[Stills]]:
    """A thing that is put down, whose owner goes away after some seconds: one picture a second."""
    made = []
    for second in range(int(stays_s)):
        near_s = max(0.0, second - away_after_s)
        still = Still(3, (0.5, 0.7, 0.54, 0.76), START_AT, label=label, share=share, person_near_s=near_s, owner=1)
        made.append(Stills(stills=(replace(still, **more),), every_s=1.0))
    return series(made, 1.0, CAMERA)


def loads(budgets: Sequence[float], every_s: float = 5.0) -> list[Observation[CameraLoad]]:
    """Reports of how a camera's analysis keeps up, with these shares of what it asked for."""
    reports = [CameraLoad(frames_per_s=5, detections_per_s=1, pictures_per_s=1, dropped=0, budget=b) for b in budgets]
    return series(reports, every_s, CAMERA)
