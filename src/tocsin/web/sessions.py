"""Who is asking: cookie sessions, the demo's own operator, the pace of sign-ins."""

import secrets
import threading
from collections import deque
from ipaddress import ip_address

from starlette.requests import Request
from starlette.responses import Response

from tocsin.model import TooMuch
from tocsin.store.accounts import Account
from tocsin.web.office import Office
from tocsin.web.problems import SignInFirst

COOKIE = "tocsin_session"

COOKIE_S_MAX = 12 * 3600
"""How long a browser keeps the cookie; the server ends a session by itself, earlier where it is idle."""

TRIES_MAX = 20
TRIES_S = 60.0
"""So many sign-ins from one address within so many seconds; names are locked besides, by `Accounts`."""

ADDRESSES_MAX = 10_000
HASHING_MAX = 2
"""Passwords that are checked at once: each takes 64 MiB for a moment."""

ON_DUTY_S = 90.0
"""Whoever asked for anything within this time is on duty; an open console asks by itself."""


class Pace:
    """Sign-ins per address, and how many are checked at once."""

    def __init__(self) -> None:
        self._tries: dict[str, deque[float]] = {}
        self._guard = threading.Lock()
        self.hashing = threading.BoundedSemaphore(HASHING_MAX)

    def count(self, address: str, now: float) -> None:
        """Count one try; raises TooMuch."""
        with self._guard:
            tries = self._tries.setdefault(address, deque(maxlen=TRIES_MAX))
            if len(tries) == TRIES_MAX and now - tries[0] < TRIES_S:
                raise TooMuch("Too many sign-ins from this address.", retry_after_s=TRIES_S - (now - tries[0]))
            tries.append(now)
            while len(self._tries) > ADDRESSES_MAX:
                del self._tries[next(iter(self._tries))]


class Sessions:
    """Cookies and whose they are. In a demo there is one session, for whoever sits at this machine."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._demo_token = secrets.token_urlsafe(32)
        self._pace = Pace()
        self._seen: dict[str, tuple[float, str]] = {}

    def whose(self, request: Request) -> Account:
        """The account of a request; raises SignInFirst."""
        account = self.holder(request.cookies.get(COOKIE, ""))
        if account is None:
            raise SignInFirst("Nobody is signed in here, or the session is over.")
        return account

    def holder(self, token: str) -> Account | None:
        """Whose token this is; asking counts as use. An open console is not idle."""
        account = self._account(token)
        if account is not None:
            self._seen[account.id] = (self._office.now(), account.name)
        return account

    def on_duty(self) -> list[str]:
        """The names of those who look on."""
        since = self._office.now() - ON_DUTY_S
        return sorted(name for at, name in list(self._seen.values()) if at >= since)

    def open_demo(self, request: Request, answer: Response) -> Account:
        """Sign the demo's operator in, where the request comes from this machine; raises SignInFirst."""
        demo = self._office.demo
        if demo is None or not is_loopback(request):
            raise SignInFirst("Nobody is signed in here, or the session is over.")
        self._set(answer, self._demo_token)
        return demo

    def sign_in(self, request: Request, answer: Response, name: str, password: str) -> Account:
        """Open a session; raises SignInFirst for a wrong pair, TooMuch for too many tries."""
        office = self._office
        self._pace.count(request.client.host if request.client else "", office.now())
        if office.accounts is None:
            raise SignInFirst("This demo has no accounts: open it on the machine it runs on.")
        if not self._pace.hashing.acquire(timeout=5.0):
            raise TooMuch("Too many people sign in at once.", retry_after_s=2.0)
        try:
            account = office.accounts.check(name, password, office.now())
        finally:
            self._pace.hashing.release()
        if account is None:
            raise SignInFirst("Name and password do not belong together.")
        self._set(answer, office.accounts.open_session(account, office.now()))
        return account

    def sign_out(self, request: Request, answer: Response) -> None:
        """End the session of a request."""
        token = request.cookies.get(COOKIE, "")
        account = self._account(token)
        if account is not None:
            self._seen.pop(account.id, None)
        if self._office.accounts is not None and token:
            self._office.accounts.close_session(token)
        answer.delete_cookie(COOKIE, path="/", secure=self._office.secure, httponly=True, samesite="strict")

    def _account(self, token: str) -> Account | None:
        office = self._office
        if office.demo is not None and secrets.compare_digest(token.encode(), self._demo_token.encode()):
            return office.demo
        return office.accounts.session(token, office.now()) if office.accounts is not None and token else None

    def _set(self, answer: Response, token: str) -> None:
        answer.set_cookie(
            COOKIE,
            token,
            max_age=COOKIE_S_MAX,
            path="/",
            secure=self._office.secure,
            httponly=True,
            samesite="strict",
        )


def is_loopback(request: Request) -> bool:
    """Whether a request comes from this very machine."""
    try:
        return request.client is not None and ip_address(request.client.host).is_loopback
    except ValueError:
        return False
