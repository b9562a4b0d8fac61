"""Errors as `application/problem+json` (RFC 9457): what happened, what is still safe, what to do."""

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from msgspec import Struct, json
from starlette.exceptions import HTTPException
from starlette.responses import Response

from tocsin.model import (
    BadInput,
    ConfigError,
    Conflict,
    NotFound,
    Refused,
    StoreError,
    Tampered,
    TocsinError,
    TooMuch,
)
from tocsin.web.headers import HEADERS

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"


class SignInFirst(TocsinError):
    """Nobody is signed in, or the session is over."""

    code = "sign-in"


class TooLarge(BadInput):
    """A body is larger than the limit that the message names."""

    code = "too-large"


STATUS: dict[type[TocsinError], int] = {
    BadInput: 400,
    SignInFirst: 401,
    Refused: 403,
    NotFound: 404,
    Conflict: 409,
    TooMuch: 429,
    ConfigError: 500,
    StoreError: 503,
    Tampered: 500,
}
"""The HTTP status of each error of ours."""

TOO_LARGE = 413

TITLES = {
    400: "This could not be read",
    401: "Sign in first",
    403: "This is not allowed",
    404: "There is no such thing",
    405: "This cannot be done here",
    409: "This cannot be done now",
    413: "This is too large",
    421: "This is not the place for that name",
    422: "This could not be read",
    429: "Too much at once",
    500: "Something broke",
    503: "This cannot be kept safe now",
}


class Problem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body of every error."""

    title: str
    status: int
    code: str
    detail: str
    type: str = "about:blank"
    next: str = ""


def problem(
    status: int, code: str, detail: str, next_step: str = "", headers: dict[str, str] | None = None
) -> Response:
    """An error as a response."""
    body = Problem(
        title=TITLES.get(status, "The request failed"), status=status, code=code, detail=detail, next=next_step
    )
    return Response(json.encode(body), status, HEADERS | (headers or {}), media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Answer every error in that form."""
    app.add_exception_handler(TocsinError, _ours)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Exception, _broken)


def status_of(error: TocsinError) -> int:
    """The HTTP status of an error: what is too large is told by its code, whoever found it."""
    if error.code == TooLarge.code:
        return TOO_LARGE
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


async def _ours(_request: Request, error: Exception) -> Response:
    assert isinstance(error, TocsinError)  # noqa: S101  # registered for these alone
    headers = {"Retry-After": f"{max(1.0, error.retry_after_s):.0f}"} if isinstance(error, TooMuch) else None
    return problem(status_of(error), error.code, str(error), headers=headers)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    detail = f"{request.method} {request.url.path} leads to nothing."
    headers, what_there_is = dict(error.headers or {}), "/api/openapi.json says what there is."
    return problem(error.status_code, f"http-{error.status_code}", detail, what_there_is, headers)


async def _invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    wrong = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()[:3])
    return problem(422, "bad-input", wrong, "See /api/openapi.json for what is expected.")


async def _broken(request: Request, error: Exception) -> Response:
    log.error("request failed", path=request.url.path, error=type(error).__name__)
    return problem(500, "internal", "Nothing was changed by this request that you were not told of.", "Try again.")
