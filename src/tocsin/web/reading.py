"""Routes that read: the state, the stream, and what lies behind an incident. They change nothing."""

import hashlib
from typing import Annotated, cast
from urllib.parse import unquote

import msgspec
from fastapi import APIRouter, Depends, Header, Query
from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from tocsin.city.citymap import CityMap, Collection, Feature
from tocsin.contract.screening import LaneRow
from tocsin.gate.ledger import Report
from tocsin.model import BadInput
from tocsin.store.accounts import Account
from tocsin.store.quarantine import Held
from tocsin.web import office as ask
from tocsin.web.asking import BySession, InOffice, Who, allowed, answer
from tocsin.web.document import says, says_text
from tocsin.web.evidence import Evidence, evidence_shown
from tocsin.web.office import Entry, Office, Preview, Revision, State
from tocsin.web.sessions import COOKIE
from tocsin.web.stream import Waker, stream

EVIDENCE_MAX = 200
"""Most readings in one answer."""

router = APIRouter(prefix="/api", tags=["read"])


class Checked(msgspec.Struct, frozen=True):
    """What the check of the ledger found; `lines` is the report as it is printed."""

    ok: bool
    size: int
    root: str
    problems: tuple[str, ...]
    lines: tuple[str, ...]


@router.get("/state", responses=says(State, "All that a console needs to begin."))
def state(office: InOffice, sessions: BySession, who: Who) -> Response:
    """Incidents, proposals, outcomes, sensors and the state of the system, as of event `event`."""
    return answer(ask.state_of(office, who, sessions.on_duty()))


@router.get(
    "/events",
    responses=says_text("text/event-stream", "Events, until the connection ends."),
    response_class=StreamingResponse,
)
async def events(
    request: Request,
    office: InOffice,
    sessions: BySession,
    _who: Who,
    after: Annotated[str, Query(max_length=100, description="The last event that is known, from /api/state.")] = "",
    last_event_id: Annotated[str, Header(max_length=100, description="Takes precedence over `after`.")] = "",
) -> StreamingResponse:
    """What changes: incident, proposal, outcome, finding (one each), sensor (rows), system, tick, reset.

    Every event has an id; ask for those after it to go on where you were. `reset` says that some
    are gone: load /api/state anew. `tick` comes every second; without it the view is stale.
    """
    waker, token = cast(Waker, request.app.state.waker), request.cookies.get(COOKIE, "")
    waker.check_room()
    told = stream(office, waker, last_event_id or after, valid=lambda: sessions.holder(token) is not None)
    return StreamingResponse(told, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


@router.get("/map", responses=says(CityMap, "GeoJSON collections by layer (RFC 7946)."))
def city_map(request: Request, office: InOffice, _who: Who) -> Response:
    """The ground that the console draws; ask again with its ETag to hear whether it changed."""
    raw, tag = _ground(request, office)
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(raw, headers=headers, media_type="application/json")


@router.get("/sensors/{id:path}/viewshed", responses=says(Feature, "A GeoJSON feature: a polygon, closed."))
def viewshed(id: str, office: InOffice, _who: Who) -> Response:
    """The area that a sensor covers, a camera's cut by buildings."""
    return answer(ask.viewshed_of(office, id))


@router.get("/incidents/{id:path}/evidence", responses=says(list[Evidence], "Readings in the order asked for."))
def evidence(
    id: str,
    request: Request,
    office: InOffice,
    who: Annotated[Account, Depends(allowed("see evidence"))],
    ids: Annotated[str, Query(max_length=20_000, description="Evidence ids, each escaped, parted by commas.")] = "",
) -> Response:
    """The readings that an incident cites: the first 200, or those asked for. What it does not cite is not given.

    `matched` says by which fields rules held, as they were in force when the reading came.
    Who looked, at how many and how closely, is in the ledger before they are shown.
    """
    del ids  # documented above; read unparsed, since an id may hold an escaped comma
    incident = office.view.incident(id)
    wanted = _asked(request) or office.view.evidence_ids(incident)[:EVIDENCE_MAX]
    return answer(evidence_shown(office, incident, wanted, who))


@router.get("/incidents/{id:path}/history", responses=says(list[Revision], "One line per revision, oldest first."))
def history(id: str, office: InOffice, _who: Who) -> Response:
    """How score, priority and state of an incident moved."""
    return answer(ask.history_of(office, id))


@router.get("/incidents/{id:path}/ledger", responses=says(list[Entry], "Receipts by index; null where erased."))
def ledger(id: str, office: InOffice, _who: Annotated[object, Depends(allowed("see the ledger"))]) -> Response:
    """What was decided about an incident and its proposals, and the leases of the sensors behind it."""
    return answer(ask.receipts_of(office, office.view.incident(id)))


@router.get("/proposals/{id:path}/preview", responses=says(Preview, "The message, byte for byte."))
def preview(id: str, office: InOffice, _who: Who) -> Response:
    """The message of a proposal as it would leave now. Looking sends nothing."""
    return answer(ask.preview_of(office, office.view.proposal(id)))


@router.get("/quarantine", responses=says(list[Held], "The newest first, without their content."))
def quarantine(
    office: InOffice,
    _who: Annotated[object, Depends(allowed("see quarantine"))],
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """Inputs that could not be read, with the reason."""
    return answer(ask.quarantined(office, limit))


@router.get("/screening", responses=says(list[LaneRow], "One row per lane that was heard, by name."))
def screening(office: InOffice, _who: Who) -> Response:
    """What each screening lane has done since the start: items, alarms, false alarms with their upper 95 % bound."""
    return answer(office.view.lanes.rows())


@router.get("/ledger/verify", responses=says(Checked, "What was found."))
def verify(office: InOffice, _who: Annotated[object, Depends(allowed("see the ledger"))]) -> Response:
    """Recompute every hash of the ledger from disk."""
    found: Report = ask.checked_ledger(office)
    return answer(Checked(found.ok, found.size, found.root, found.problems, found.lines))


def _asked(request: Request) -> list[str]:
    parts = [part.removeprefix("ids=") for part in request.url.query.split("&") if part.startswith("ids=")]
    names = [unquote(name) for part in parts for name in part.split(",") if name]
    if len(names) > EVIDENCE_MAX:
        raise BadInput(f"At most {EVIDENCE_MAX} readings in one question: ask for fewer.")
    return names


def _ground(request: Request, office: Office) -> tuple[bytes, str]:
    """The map as JSON with its ETag, encoded once; cameras are told as sensors."""
    kept = request.app.state.ground
    if kept is None:
        raw = msgspec.json.encode(replace(office.view.city.map, cameras=Collection()))
        kept = request.app.state.ground = (raw, f'"{hashlib.sha256(raw).hexdigest()[:32]}"')
    return cast("tuple[bytes, str]", kept)
