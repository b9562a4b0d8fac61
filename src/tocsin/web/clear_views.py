"""Routes about clear views: ask for one with a reason, see what is asked, approve it, look while it lasts."""

from typing import Annotated

from fastapi import APIRouter, Depends
from msgspec import Meta, Struct
from starlette.responses import Response

from tocsin.engine.requests import OPEN_MAX
from tocsin.engine.unmasking import ClearUntil, Unmasking, ViewRequest
from tocsin.model import NotFound, Refused
from tocsin.store.accounts import Account
from tocsin.web import office as ask
from tocsin.web.asking import InOffice, Who, allowed, answer, body_of
from tocsin.web.document import says, says_bytes, takes
from tocsin.web.office import Office
from tocsin.web.roles import APPROVE_VIEW, ASK_FOR_VIEW

router = APIRouter(prefix="/api", tags=["cameras"])


class ViewAsked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which camera, why, and the incident that it is asked for, where there is one."""

    source: Annotated[str, Meta(max_length=500)]
    reason: Annotated[str, Meta(max_length=2_000)]
    incident: Annotated[str, Meta(max_length=500)] = ""


class Views(Struct, frozen=True, kw_only=True):
    """What waits for approval, and the clear views that are open: everybody may know who looks."""

    waiting: list[ViewRequest]
    open: list[ClearUntil]


Body = Annotated[ViewAsked, Depends(body_of(ViewAsked))]
Asker = Annotated[Account, Depends(allowed(ASK_FOR_VIEW))]
Approver = Annotated[Account, Depends(allowed(APPROVE_VIEW))]

_EXAMPLE = {"source": "cam-1", "reason": "A person lies on the ground and masks hide whether they move."}


@router.post(
    "/views",
    responses=says(ViewRequest, "The request, which waits for another person."),
    openapi_extra=takes(ViewAsked, {"ask": _EXAMPLE}),
)
def ask_for_view(asked: Body, office: InOffice, who: Asker) -> Response:
    """Ask for a clear view of a camera (level 4). The policy of its place says who may approve, and for how long."""
    return answer(_unmasking(office).ask(asked.source, asked.reason, ask.person_of(who), asked.incident))


@router.get("/views", responses=says(Views, f"Oldest first, {OPEN_MAX} waiting at most."))
def views(office: InOffice, _who: Who) -> Response:
    """Clear views: those that wait for approval, those that are open."""
    now, unmasking = office.now(), _unmasking(office)
    return answer(Views(waiting=unmasking.open(now), open=unmasking.running(now)))


@router.post(
    "/views/{id}",
    responses=says(ClearUntil, "For whom, of which camera, until when."),
    openapi_extra={"security": [{"session": [], "page": []}]},
)
def approve_view(id: str, office: InOffice, who: Approver) -> Response:
    """Approve a clear view that somebody else asked for. The receipt is in the ledger before the first picture."""
    return answer(_unmasking(office).answer(id, ask.person_of(who)))


@router.get(
    "/cameras/{id:path}/clear",
    responses={**says_bytes("image/jpeg", "A picture without masks."), 204: {"description": "None came yet."}},
)
def clear(id: str, office: InOffice, who: Asker) -> Response:
    """The newest clear picture, for the one whose clear view is open and nobody else. Nothing of it is kept."""
    now = office.now()
    view = _unmasking(office).clear(id, who.id, now)
    if view is None:
        raise Refused("No clear view of this camera is open for you: ask for one with a reason.")
    found = None if office.gallery is None else office.gallery.newest_clear(id, now)
    if found is None:
        return Response(status_code=204)
    headers = {"x-at": f"{found.at:.3f}", "x-until": f"{view.until:.3f}", "cache-control": "private, no-store"}
    return Response(found.body.jpeg, media_type="image/jpeg", headers=headers)


def _unmasking(office: Office) -> Unmasking:
    if office.unmasking is None:
        raise NotFound("No clear views can be asked for here: no pictures are taken.")
    return office.unmasking
