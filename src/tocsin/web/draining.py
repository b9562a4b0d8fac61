"""Answers that do not need the request's body still take it in, so that the answer is not lost in a reset."""

import asyncio

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BYTES_MAX = 1 << 20
"""Most of an unwanted body that is taken in before the answer goes out all the same."""

WAIT_S_MAX = 5.0
"""Longest that an unwanted body is waited for."""


class Draining:
    """Reads what is left of a request's body before an answer to it begins.

    A server that answers and closes while a body is still on its way makes the system send a
    reset, and the client may never see the answer (RFC 9112, section 9.6).
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; take in the rest of its body when its answer begins."""
        if scope["type"] != "http" or not _announced(scope):
            await self._app(scope, receive, send)
            return
        body = _Body(receive)

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                await body.drain()
            await send(message)

        await self._app(scope, body.receive, sent)


def _announced(scope: Scope) -> bool:
    """Whether the request says that a body follows (RFC 9112, section 6)."""
    headers = Headers(scope=scope)
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"


class _Body:
    """The body of one request, and whether all of it was read."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._over = False

    async def receive(self) -> Message:
        """The next message of the request."""
        message = await self._receive()
        self._over = not message.get("more_body", False)
        return message

    async def drain(self) -> None:
        """Take in the rest, within the limits."""
        try:
            async with asyncio.timeout(WAIT_S_MAX):
                taken = 0
                while not self._over and taken < BYTES_MAX:
                    taken += len((await self.receive()).get("body", b""))
        except TimeoutError:
            self._over = True
