"""Routes of the session: who is signed in, signing in and out."""

from typing import Annotated

from fastapi import APIRouter, Depends
from msgspec import Meta, Struct, json
from starlette.requests import Request
from starlette.responses import Response

from tocsin.store.accounts import Account
from tocsin.web.asking import BySession, body_of
from tocsin.web.document import says, takes
from tocsin.web.problems import SignInFirst

router = APIRouter(prefix="/api/session", tags=["session"])


class Session(Struct, frozen=True):
    """Who is signed in: the pseudonymous account, the name on the screen, the role."""

    account: str
    name: str
    role: str


class Credentials(Struct, frozen=True, forbid_unknown_fields=True):
    """A name and its password."""

    name: Annotated[str, Meta(max_length=200)]
    password: Annotated[str, Meta(max_length=2000)]


@router.get("", responses=says(Session, "Who is signed in."), openapi_extra={"security": [{"session": []}, {}]})
def session(request: Request, sessions: BySession) -> Response:
    """Who is signed in. A demo signs whoever sits at its own machine in as its operator."""
    answer = Response(media_type="application/json")
    try:
        account = sessions.whose(request)
    except SignInFirst:
        account = sessions.open_demo(request, answer)
    return _told(account, answer)


@router.post(
    "",
    responses=says(Session, "Signed in: the cookie `tocsin_session` is set."),
    openapi_extra=takes(Credentials, {"operator": {"name": "anna", "password": "correct horse battery"}}, public=True),
)
def sign_in(
    request: Request, sessions: BySession, given: Annotated[Credentials, Depends(body_of(Credentials))]
) -> Response:
    """Open a session. After several failures a name, and an address, must wait (429 with Retry-After)."""
    answer = Response(media_type="application/json")
    return _told(sessions.sign_in(request, answer, given.name, given.password), answer)


@router.delete(
    "", status_code=204, responses=says(None, "Signed out.", 204), openapi_extra={"security": [{"page": []}]}
)
def sign_out(request: Request, sessions: BySession) -> Response:
    """End the session; ending none is no error."""
    answer = Response(status_code=204)
    sessions.sign_out(request, answer)
    return answer


def _told(account: Account, answer: Response) -> Response:
    answer.body = json.encode(Session(account.id, account.name, account.role))
    answer.headers["Content-Length"] = str(len(answer.body))
    return answer
