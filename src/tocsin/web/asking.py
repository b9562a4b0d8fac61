"""What routes are given: the office, who asks, the body; and how they answer."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar, cast

import msgspec
from fastapi import Depends
from starlette.requests import Request
from starlette.responses import Response

from tocsin.model import BadInput
from tocsin.store.accounts import Account
from tocsin.web.office import Office
from tocsin.web.problems import TooLarge
from tocsin.web.roles import check_may
from tocsin.web.sessions import Sessions

T = TypeVar("T")

BODY_BYTES_MAX = 256 * 1024
"""Largest body of a decision: an edited draft in several languages fits."""


def office_of(request: Request) -> Office:
    """The office that an app serves."""
    return cast(Office, request.app.state.office)


def sessions_of(request: Request) -> Sessions:
    """Its sessions."""
    return cast(Sessions, request.app.state.sessions)


def account_of(request: Request) -> Account:
    """Who asks; raises SignInFirst."""
    return sessions_of(request).whose(request)


def allowed(deed: str) -> Callable[[Account], Account]:
    """A dependency: who asks, and may do this."""

    def check(account: Annotated[Account, Depends(account_of)]) -> Account:
        check_may(account, deed)
        return account

    return check


InOffice = Annotated[Office, Depends(office_of)]
BySession = Annotated[Sessions, Depends(sessions_of)]
Who = Annotated[Account, Depends(account_of)]


async def read_body(request: Request, bytes_max: int) -> bytes:
    """The body of a request; raises TooLarge as soon as it is."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > bytes_max:
            raise TooLarge(f"A body has {bytes_max} bytes at most here: send less at once.")
        parts.append(part)
    return b"".join(parts)


def body_of(kind: type[T]) -> Callable[[Request], Awaitable[T]]:
    """A dependency: the JSON body as `kind`; no body is an empty object. Raises BadInput saying where it is wrong."""
    decoder = msgspec.json.Decoder(kind)

    async def read(request: Request) -> T:
        raw = await read_body(request, BODY_BYTES_MAX)
        try:
            return decoder.decode(raw or b"{}")
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise BadInput(f"The body is not right: {error}.") from error

    return read


def answer(value: Any) -> Response:  # noqa: ANN401  # any Struct or list of them
    """A value as JSON."""
    return Response(msgspec.json.encode(value), media_type="application/json")
