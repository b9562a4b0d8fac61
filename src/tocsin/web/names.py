"""Routes about names: ask whose token this is, see what is asked, answer with names to compare."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from msgspec import Meta, Struct
from starlette.responses import Response

from tocsin.engine.naming import NameRequest, Naming, Revealed
from tocsin.engine.requests import OPEN_MAX
from tocsin.model import BadInput, NotFound
from tocsin.store.accounts import Account
from tocsin.web import office as ask
from tocsin.web.asking import InOffice, allowed, answer, body_of, read_body
from tocsin.web.document import says, takes
from tocsin.web.office import Office
from tocsin.web.roles import ANSWER_FOR_NAME, ASK_FOR_NAME

router = APIRouter(prefix="/api", tags=["names"])

BYTES_MAX = 8 * 1024 * 1024
"""Largest list of names, in bytes."""


class NameAsked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose token, why, and the incident that it is asked for."""

    token: Annotated[str, Meta(max_length=100)]
    reason: Annotated[str, Meta(max_length=2_000)]
    incident: Annotated[str, Meta(min_length=1, max_length=500)]


Body = Annotated[NameAsked, Depends(body_of(NameAsked))]
Asker = Annotated[Account, Depends(allowed(ASK_FOR_NAME))]
Answerer = Annotated[Account, Depends(allowed(ANSWER_FOR_NAME))]

_EXAMPLE = {"token": "t:0123456789abcdef0123", "reason": "This account opened a shell.", "incident": "inc-1"}


@router.post(
    "/names",
    responses=says(NameRequest, "The request, which waits for another person."),
    openapi_extra=takes(NameAsked, {"ask": _EXAMPLE}),
)
def ask_for_name(asked: Body, office: InOffice, who: Asker) -> Response:
    """Ask whose token this is. The policy where the incident is decides who may answer."""
    place = office.view.incident(asked.incident).place
    zone = place.zone if place else ""
    return answer(naming_of(office).ask(asked.token, asked.reason, asked.incident, ask.person_of(who), zone=zone))


@router.get("/names", responses=says(list[NameRequest], f"Oldest first, {OPEN_MAX} at most."))
def asked_names(office: InOffice, _who: Answerer) -> Response:
    """The requests that wait for an answer: whose token, why, who asks."""
    return answer(naming_of(office).open(office.now()))


@router.post(
    "/names/{id}",
    responses=says(Revealed, "The name that has the token, empty where none of these has."),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "text/plain": {"schema": {"type": "string"}, "examples": {"accounts": {"value": "anna\nberta\n"}}}
            },
        },
        "security": [{"session": [], "page": []}],
    },
)
async def answer_for_name(id: str, request: Request, office: InOffice, who: Answerer) -> Response:
    """Approve a request of somebody else and compare these names (one a line) with its token. They are not kept."""
    body = await read_body(request, BYTES_MAX)
    return answer(await asyncio.to_thread(_revealed, office, id, body, who))


def _revealed(office: Office, id: str, body: bytes, who: Account) -> Revealed:
    """Apart from the loop that answers others: a large directory takes a second."""
    return naming_of(office).answer(id, names_in(body), ask.person_of(who))


def naming_of(office: Office) -> Naming:
    """What names are asked of; raises NotFound where this house gives no tokens."""
    if office.naming is None:
        raise NotFound("No names can be asked for here: this installation has no key of tokens.")
    return office.naming


def names_in(body: bytes) -> list[str]:
    """The lines of a text in UTF-8 that hold something; raises BadInput, which repeats nothing of it."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        at = error.start
        raise BadInput(f"The names are no UTF-8 from byte {at} on: save the list as UTF-8.") from None
    return [name for line in text.split("\n") if (name := line.strip())]
