"""What every request passes first: the name it asked for, and proof that a page of ours sent it."""

from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tocsin.web.headers import HEADERS, HTTPS_ONLY, NOT_KEPT
from tocsin.web.problems import problem

READING = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing."""

OF_MACHINES = "/api/ingest/"
"""Machines post here with a token of their own and no cookie, so no page can post in their name."""


class Shield:
    """Refuses foreign names (DNS rebinding) and foreign pages (CSRF); adds the security headers."""

    def __init__(self, app: ASGIApp, hosts: Iterable[str], *, secure: bool) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)
        self._headers = HEADERS | (HTTPS_ONLY if secure else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or pass on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        private = scope["path"].startswith("/api/")

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                if private:
                    headers.setdefault("Cache-Control", NOT_KEPT)
            await send(message)

        refusal = self._refusal(scope)
        await (refusal or self._app)(scope, receive, sent)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if host_name(headers.get("host", "")) not in self._hosts:
            told = "This server does not answer to that name."
            return problem(421, "wrong-host", told, "Use its own address, or add the name to `web.names`.")
        changes = scope["method"] not in READING and not scope["path"].startswith(OF_MACHINES)
        if changes and headers.get("x-tocsin") != "1":
            told = "Requests that change something carry the header `X-Tocsin: 1`, so that no other page can send them."
            return problem(403, "csrf", told, "Send that header.")
        return None


def host_name(host: str) -> str:
    """The name in a Host header, without its port.

    >>> host_name("[::1]:8420"), host_name("City.Example:443")
    ('[::1]', 'city.example')
    """
    name, _, port = host.rpartition(":")
    return (name if name and port.isdecimal() else host).lower()
