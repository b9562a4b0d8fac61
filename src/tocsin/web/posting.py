"""The route for readings that machines post: NDJSON, a token, an answer when they are on disk."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from tocsin.model import NotFound, Refused, TooMuch
from tocsin.store.accounts import ApiToken
from tocsin.web.asking import InOffice, answer, office_of, read_body
from tocsin.web.document import says
from tocsin.web.office import Office
from tocsin.web.problems import SignInFirst

SCOPE = "ingest"
"""What a token needs to post anything; `ingest:NAME` allows one input alone."""

BYTES_MAX = 16 * 2**20
"""Largest batch that is read at all; an input may take less."""

WAIT_S_MAX = 10.0
"""How long a batch may take to be on disk before its sender is asked to send it again."""

router = APIRouter(prefix="/api/ingest", tags=["ingest"])


class Rejection(Struct, frozen=True):
    """A line (from 1) that was not taken, and why."""

    line: int
    reason: str


class Posted(Struct, frozen=True):
    """What became of a batch: `accepted` lines are on disk, `duplicates` were there before."""

    accepted: int
    rejected: tuple[Rejection, ...]
    duplicates: int


def token_of(request: Request, office: Office, *scopes: str) -> ApiToken:
    """The API token of a request that has one of these scopes; raises SignInFirst or Refused."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    token = None
    if scheme.lower() == "bearer" and office.accounts is not None:
        token = office.accounts.token(secret.strip(), office.now())
    if token is None:
        raise SignInFirst("Send `Authorization: Bearer` with a token that is valid.")
    if not set(scopes) & set(token.scopes):
        raise Refused(f"This token does not allow that: it needs the scope {' or '.join(scopes)}.")
    return token


def sender(source: str, request: Request) -> ApiToken:
    """Whose token posts to an input; raises SignInFirst or Refused."""
    return token_of(request, office_of(request), SCOPE, f"{SCOPE}:{source}")


@router.post(
    "/{source}",
    responses=says(Posted, "What became of every line."),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/x-ndjson": {
                    "schema": {"type": "string"},
                    "examples": {"gas": {"value": '{"source":"g1","t":1800000000,"n":1,"cl2_ppm":0.4}\n'}},
                }
            },
        },
        "security": [{"token": []}],
    },
)
async def post_readings(
    source: str,
    request: Request,
    office: InOffice,
    token: Annotated[ApiToken, Depends(sender)],
    sensor: Annotated[str, Query(max_length=200, description="Who speaks where a line does not say.")] = "",
) -> Response:
    """Take readings for an input, one JSON object a line. 200 means: on disk. 429 and 503: send it again."""
    inlet = office.ingest.get(source)
    if inlet is None:
        raise NotFound(f"There is no HTTP input {source!r}: there are {', '.join(sorted(office.ingest)) or 'none'}.")
    body = await read_body(request, BYTES_MAX)
    pending = await asyncio.to_thread(inlet.submit, body, token.label, sensor)
    try:
        done = await asyncio.wait_for(asyncio.wrap_future(pending), WAIT_S_MAX)
    except TimeoutError as error:
        told = f"Not on disk within {WAIT_S_MAX:.0f} s: send the batch again."
        raise TooMuch(told, retry_after_s=WAIT_S_MAX / 2) from error
    rejected = tuple(Rejection(line, reason) for line, reason in done.rejected)
    return answer(Posted(done.accepted, rejected, done.duplicates))
