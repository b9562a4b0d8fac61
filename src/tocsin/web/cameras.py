"""Routes about cameras: how each stands, its masked pictures, its clips, and what an analytic would have said."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from msgspec import Struct, structs
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from tocsin.city.cameras import PIXELS_PER_M, Camera
from tocsin.city.processing import Processing
from tocsin.city.registry import Sensor
from tocsin.contract.analytics import Analytic, Analytics, Cell
from tocsin.contract.camera_views import CameraView, Views
from tocsin.contract.pictures import CameraLoad, CrowdFlow, MaskedPicture, PictureState, Tracks
from tocsin.contract.resources import Resources
from tocsin.engine.gallery import Gallery
from tocsin.engine.setting_up import about_cameras
from tocsin.engine.trying import Trial, Tried, tried
from tocsin.model import BadInput, ConfigError, Level, NotFound, Observation, Receipt, derived_id
from tocsin.store.accounts import Account
from tocsin.store.clips import Clip
from tocsin.web.asking import InOffice, Who, allowed, answer, body_of
from tocsin.web.document import says, says_bytes, takes
from tocsin.web.office import Office
from tocsin.web.roles import SEE_PICTURES

WATCHED_S = 10.0
"""So long a camera counts as looked at after somebody asked for its picture."""

LOOK_S = 900.0
"""A receipt says who looks at a camera's masked pictures, anew after so long."""

WAIT_S_MAX = 5.0

COLUMNS, ROWS = 16, 9
"""Parts of a picture that are told apart."""

TRACKS_S = 3.0
"""Dots older than this are not where they are drawn."""

DOTS_MAX = 2_000

router = APIRouter(prefix="/api", tags=["cameras"])

Looker = Annotated[Account, Depends(allowed(SEE_PICTURES))]


class AnalyticRow(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One analytic: what it finds, how close it looks, and whether it runs where nobody chose."""

    kind: str
    title: str
    level: int
    by_default: bool
    sees: str = ""
    cannot: str = ""
    draws: str = ""
    grades: tuple[str, ...] = ()


class CameraRow(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One camera: its set-up, the record it runs under, what runs on it, how it keeps up.

    `missing` says what keeps it from starting; `standards` are the pixels per metre of each task.
    """

    id: str
    name: str
    lon: float
    lat: float
    state: str
    condition: str
    camera: Camera
    processing: Processing | None = None
    missing: tuple[str, ...] = ()
    running: tuple[str, ...] = ()
    calibrated: bool = False
    picture_at: float | None = None
    picture_kind: str = ""
    load: CameraLoad | None = None
    load_at: float | None = None
    picture_state: PictureState | None = None


class Cameras(Struct, frozen=True, kw_only=True):
    """All cameras with pictures or a set-up, the analytics there are, and the scale of tasks."""

    cameras: tuple[CameraRow, ...]
    analytics: tuple[AnalyticRow, ...]
    standards: dict[str, dict[str, float]]


class Plan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A set-up that somebody thinks about."""

    camera: Camera


class Support(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What each part of a picture supports, row by row from above; `problem` where a calibration cannot be."""

    columns: int
    rows: int
    cells: tuple[Cell, ...]
    fit: str = ""
    problem: str = ""


class Dot(Struct, frozen=True, kw_only=True):
    """Somebody or something that moves, as a dot on the map: no name, no picture, no number to follow it by."""

    camera: str
    label: str
    lon: float
    lat: float


class Arrow(Struct, frozen=True, kw_only=True):
    """How people move at one part of a picture (shares): `dx`, `dy` is where one is after a second."""

    x: float
    y: float
    dx: float
    dy: float
    persons_per_m2: float


class Now(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a camera sees now, without a picture: pseudonymous tracks, and how the crowd moves."""

    at: float | None = None
    tracks: Tracks | None = None
    flow_at: float | None = None
    flow: CrowdFlow | None = None
    arrows: tuple[Arrow, ...] = ()


@router.get("/cameras", responses=says(Cameras, "Every camera that is set up or shows pictures."))
def cameras(office: InOffice, _who: Who) -> Response:
    """Cameras, analytics, and the pixels per metre that each task takes."""
    table = Analytics.load(office.resources or Resources()).rows
    analytics = tuple(_analytic(node.member, table) for node in office.graph.nodes if about_cameras(node.member))
    views = Views(office.view.city)
    shown = [one for one in office.view.city.sensors.values() if one.family == "camera" and _counts(office, one)]
    rows = tuple(_row(office, one, views, analytics) for one in sorted(shown, key=lambda one: (one.name, one.id)))
    return answer(
        Cameras(cameras=rows, analytics=analytics, standards={str(name): scale for name, scale in PIXELS_PER_M.items()})
    )


@router.get("/processing", responses=says(list[Processing], "The records of processing, by place."))
def processing(office: InOffice, _who: Who) -> Response:
    """Why, on which ground, by whom and for how long each place is looked at, and what is forbidden there."""
    return answer(sorted(office.view.city.processing.values(), key=lambda one: one.name))


@router.get(
    "/cameras/{id:path}/picture",
    responses={**says_bytes("image/jpeg", "The newest masked picture."), 204: {"description": "None newer came."}},
)
async def picture(
    id: str,
    office: InOffice,
    who: Looker,
    after: Annotated[int, Query(ge=0, description="The number of the last picture that is known.")] = 0,
    wait_s: Annotated[float, Query(ge=0, le=WAIT_S_MAX, description="How long to wait for a newer one.")] = 0.0,
) -> Response:
    """The newest picture of a camera, every person in it filled solid. Who looks is in the ledger before.

    Headers: `x-number` (give it as `after`), `x-at` (seconds UTC), `x-persons`, `x-filled` (share), `x-kind`.
    """
    gallery = _gallery(office)
    sensor = _sensor(office, id)
    await run_in_threadpool(_looks, office, sensor, who)
    gallery.watch(id, office.now() + WATCHED_S)
    found = await run_in_threadpool(gallery.after, id, after, wait_s)
    return Response(status_code=204) if found is None else _shown(*found)


@router.get("/cameras/{id:path}/now", responses=says(Now, "Tracks and flow, as they were last told."))
def now_seen(id: str, office: InOffice, _who: Looker) -> Response:
    """What a camera sees now, without any picture."""
    _sensor(office, id)
    wall = _gallery(office).wall(id)
    tracks, flow = wall.tracks, wall.flow
    return answer(
        Now(
            at=None if tracks is None else tracks.at,
            tracks=None if tracks is None else tracks.body,
            flow_at=None if flow is None else flow.at,
            flow=None if flow is None else flow.body,
            arrows=() if flow is None else _arrows(Views(office.view.city).of(id), flow.body),
        )
    )


@router.post(
    "/cameras/{id:path}/try",
    responses=says(Tried, "What it would have said."),
    openapi_extra=takes(Trial, {"try": {"camera": {}, "kind": "vision.zone", "hours": 24}}),
)
def try_analytic(id: str, office: InOffice, _who: Looker, trial: Annotated[Trial, Depends(body_of(Trial))]) -> Response:
    """How often an analytic would have rung over the last hours with a set-up that is not in force."""
    return answer(tried(office.graph, office.log, _resources(office), id, trial))


@router.post(
    "/cameras/{id:path}/support",
    responses=says(Support, "What each part of the picture supports."),
    openapi_extra=takes(Plan, {"support": {"camera": {}}}),
)
def support(id: str, office: InOffice, _who: Looker, plan: Annotated[Plan, Depends(body_of(Plan))]) -> Response:
    """Pixels per metre, tasks and analytics of every part of the picture, with a set-up that need not be in force."""
    city = office.view.city.with_sensor(structs.replace(_sensor(office, id), camera=plan.camera))
    view = Views(city).of(id)
    try:
        cells = Analytics.load(_resources(office)).grid(view, COLUMNS, ROWS)
        return answer(Support(columns=COLUMNS, rows=ROWS, cells=cells, fit=_fit(view)))
    except (BadInput, ConfigError) as error:
        return answer(Support(columns=COLUMNS, rows=ROWS, cells=(), problem=str(error)))


@router.get("/tracks", responses=says(list[Dot], "One dot per person or vehicle."))
def tracks(office: InOffice, _who: Looker) -> Response:
    """Where people and vehicles are now in the sight of calibrated cameras: dots without names or pictures."""
    gallery, since = _gallery(office), office.now() - TRACKS_S
    views = Views(office.view.city)
    walls = ((source, gallery.wall(source).tracks) for source in office.view.city.sensors)
    fresh = ((source, seen) for source, seen in walls if seen is not None and seen.at >= since)
    return answer([dot for source, seen in fresh for dot in _dots(views.of(source), seen)][:DOTS_MAX])


def _arrows(view: CameraView, flow: CrowdFlow) -> tuple[Arrow, ...]:
    """The small grid of a flow, turned from the ground into the picture; without a ground nobody knows which way."""
    cells = [cell for area in flow.areas for cell in area.cells]
    if view.ground is None or not cells:
        return ()
    import numpy as np

    size = np.asarray(view.camera.picture, dtype=np.float64)
    found = np.asarray(cells, dtype=np.float64)
    ahead = view.ground.to_picture(view.metres([(x, y) for x, y in found[:, :2]]) + found[:, 2:4]) / size
    return tuple(
        Arrow(x=x, y=y, dx=float(to_x - x), dy=float(to_y - y), persons_per_m2=dense)
        for (x, y, _, _, dense), (to_x, to_y) in zip(cells, ahead, strict=True)
        if np.isfinite(to_x) and np.isfinite(to_y)
    )


def _dots(view: CameraView, seen: Observation[Tracks]) -> list[Dot]:
    placed = ((one, one.east_m, one.north_m) for one in seen.body.tracks)
    spots = [(one, view.at(east, north)) for one, east, north in placed if east is not None and north is not None]
    return [Dot(camera=view.source, label=one.label, lon=spot.lon, lat=spot.lat) for one, spot in spots]


def _fit(view: CameraView) -> str:
    """How well the points lie on one plane, in words."""
    ground = view.ground
    residual = getattr(ground, "residual_m", None)
    return "" if residual is None else f"The points fit the map within {residual:.1f} m."


@router.get("/incidents/{id:path}/clips", responses=says(list[Clip], "Clips of masked pictures, newest first."))
def clips(id: str, office: InOffice, _who: Looker) -> Response:
    """The clips that were kept for the findings of an incident."""
    incident = office.view.incident(id)
    findings = [part.id for stage in incident.stages for part in stage.contributions]
    return answer(_gallery(office).clips.clips(findings=findings) if findings else [])


@router.get(
    "/clips/{id}/pictures/{number}", responses=says_bytes("image/jpeg", "One masked picture of a clip, from 0.")
)
def clip_picture(id: str, number: int, office: InOffice, who: Looker) -> Response:
    """One picture of a clip; who opened it is in the ledger before the first."""
    kept = _gallery(office).clips
    clip = kept.clip(id)
    if number == 0:
        _receipt(office, who, "clip.read", clip.source, {"clip": clip.id, "person_s": clip.person_s})
    stills = kept.stills(id)
    if not 0 <= number < len(stills):
        raise NotFound(f"The clip has {len(stills)} pictures, numbered from 0.")
    still = stills[number]
    headers = {"x-at": f"{still.at:.3f}", "x-persons": str(still.count), "cache-control": "private, no-store"}
    return Response(still.jpeg, media_type="image/jpeg", headers=headers)


def _resources(office: Office) -> Resources:
    """What stages are started with, with the city as it is now."""
    if office.resources is None:
        raise NotFound("Nothing can be tried here: this installation keeps no log.")
    return replace(office.resources, city=office.view.city)


def _gallery(office: Office) -> Gallery:
    if office.gallery is None:
        raise NotFound("No pictures are taken here.")
    return office.gallery


def _sensor(office: Office, name: str) -> Sensor:
    sensor = office.view.city.sensors.get(name)
    if sensor is None:
        raise NotFound(f"There is no camera {name!r}: /api/cameras lists them.")
    return sensor


def _counts(office: Office, sensor: Sensor) -> bool:
    return sensor.camera is not None or (office.gallery is not None and office.gallery.newest(sensor.id) is not None)


def _analytic(member: Any, table: Mapping[str, Analytic]) -> AnalyticRow:  # noqa: ANN401  # members are open
    """An analytic in the words of the table; one of a third party, which has no row there, in its own."""
    words = table.get(member.kind)
    return AnalyticRow(
        kind=member.kind,
        title=words.name if words else (type(member).__doc__ or member.kind).strip().splitlines()[0],
        level=int(member.needs),
        by_default=bool(member.on_by_default),
        sees=words.sees if words else "",
        cannot=words.cannot if words else "",
        draws=words.draws if words else "",
        grades=tuple(member.default_nats),
    )


def _row(office: Office, sensor: Sensor, views: Views, analytics: tuple[AnalyticRow, ...]) -> CameraRow:
    view, seen = views.of(sensor.id), office.view.sensor(sensor.id)
    wall = _gallery(office).wall(sensor.id)
    newest = wall.ring[-1] if wall.ring else None
    return CameraRow(
        id=sensor.id,
        name=sensor.name,
        lon=sensor.place.lon,
        lat=sensor.place.lat,
        state=seen.state,
        condition=seen.condition,
        camera=view.camera,
        processing=view.processing,
        missing=view.missing,
        running=tuple(one.kind for one in analytics if view.allows(one.kind, by_default=one.by_default)),
        calibrated=view.camera.calibrated,
        picture_at=None if newest is None else newest.at,
        picture_kind="" if newest is None else newest.body.kind,
        load=None if wall.load is None else wall.load.body,
        load_at=None if wall.load is None else wall.load.at,
        picture_state=None if wall.state is None else wall.state.body,
    )


def _shown(number: int, picture: Observation[MaskedPicture]) -> Response:
    body = picture.body
    headers = {
        "x-number": str(number),
        "x-at": f"{picture.at:.3f}",
        "x-persons": str(body.count),
        "x-filled": f"{body.filled:.3f}",
        "x-kind": body.kind,
        "cache-control": "private, no-store",
    }
    return Response(body.jpeg, media_type="image/jpeg", headers=headers)


def _looks(office: Office, sensor: Sensor, who: Account) -> None:
    """Write down who looks at a camera, once per LOOK_S."""
    period = int(office.now() // LOOK_S)
    if office.looks.get((who.id, sensor.id)) != period:
        _receipt(office, who, "look", sensor.id, {"lasts_s": LOOK_S})
        office.looks[who.id, sensor.id] = period


def _receipt(office: Office, who: Account, act: str, source: str, detail: dict[str, str | int | float]) -> None:
    now = office.now()
    seat = office.view.sensor(source)
    office.ledger.append(
        Receipt(
            id=derived_id(act, source, who.id, now),
            at=now,
            act=act,
            subject=source,
            by=who.id,
            level=int(Level.REDACTED),
            place=seat.place.zone if seat.place is not None else "",
            detail=detail,
        )
    )
