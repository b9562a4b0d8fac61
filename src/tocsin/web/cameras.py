"""Routes about cameras: how each stands, its masked pictures, its clips, and what an analytic would have said."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from msgspec import Struct
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from tocsin.city.cameras import PIXELS_PER_M, Camera
from tocsin.city.processing import Processing
from tocsin.city.registry import Sensor
from tocsin.contract.camera_views import Views
from tocsin.contract.pictures import CameraLoad, CrowdFlow, MaskedPicture, PictureState, Tracks
from tocsin.engine.gallery import Gallery
from tocsin.engine.setting_up import about_cameras
from tocsin.engine.trying import Trial, Tried, tried
from tocsin.model import Level, NotFound, Observation, Receipt, derived_id
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

router = APIRouter(prefix="/api", tags=["cameras"])

Looker = Annotated[Account, Depends(allowed(SEE_PICTURES))]


class AnalyticRow(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One analytic: what it finds, how close it looks, and whether it runs where nobody chose."""

    kind: str
    title: str
    level: int
    by_default: bool
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


class Now(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a camera sees now, without a picture: pseudonymous tracks, and how the crowd moves."""

    at: float | None = None
    tracks: Tracks | None = None
    flow_at: float | None = None
    flow: CrowdFlow | None = None


@router.get("/cameras", responses=says(Cameras, "Every camera that is set up or shows pictures."))
def cameras(office: InOffice, _who: Who) -> Response:
    """Cameras, analytics, and the pixels per metre that each task takes."""
    analytics = tuple(_analytic(node.member) for node in office.graph.nodes if about_cameras(node.member))
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
        )
    )


@router.post(
    "/cameras/{id:path}/try",
    responses=says(Tried, "What it would have said."),
    openapi_extra=takes(Trial, {"try": {"camera": {}, "kind": "vision.zone", "hours": 24}}),
)
def try_analytic(id: str, office: InOffice, _who: Looker, trial: Annotated[Trial, Depends(body_of(Trial))]) -> Response:
    """How often an analytic would have rung over the last hours with a set-up that is not in force."""
    if office.resources is None:
        raise NotFound("Nothing can be tried here: this installation keeps no log.")
    resources = replace(office.resources, city=office.view.city)
    return answer(tried(office.graph, office.log, resources, id, trial))


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


def _analytic(member: Any) -> AnalyticRow:  # noqa: ANN401  # members are open
    return AnalyticRow(
        kind=member.kind,
        title=(type(member).__doc__ or member.kind).strip().splitlines()[0],
        level=int(member.needs),
        by_default=bool(member.on_by_default),
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
