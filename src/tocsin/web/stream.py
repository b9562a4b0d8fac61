"""The event stream (SSE): resumed by id, bounded for slow listeners, ended when the house closes."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable

from tocsin.engine.ring import Event, Ring
from tocsin.model import TooMuch
from tocsin.web.office import Office, event_id

HEARTBEAT_S = 15.0
"""A comment is sent when nothing else was for so long, so that proxies keep the connection."""

CHECK_S = 30.0
"""How often a listener's session is asked for anew."""

EVENTS_MAX = 100
"""Most events in one write: a listener that reads slowly is not sent a heap."""

STREAMS_MAX = 256
"""Most listeners at once."""

RETRY_MS = 2000

RESET = b"event: reset\ndata: {}\n\n"
"""Tells a listener to load /api/state anew: events that it did not hear are gone."""


class Waker:
    """Wakes the streams of an event loop when the ring has news: one thread, however many listen."""

    def __init__(self, ring: Ring) -> None:
        self._ring = ring
        self._news: set[asyncio.Event] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    def check_room(self) -> None:
        """Raise TooMuch when too many listen."""
        if len(self._news) >= STREAMS_MAX:
            raise TooMuch(f"{STREAMS_MAX} consoles listen already.", retry_after_s=30.0)

    def listen(self) -> asyncio.Event:
        """An event that is set when there is news."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop = loop
            threading.Thread(target=self._run, args=(loop,), name="tocsin streams", daemon=True).start()
        news = asyncio.Event()
        self._news.add(news)
        return news

    def leave(self, news: asyncio.Event) -> None:
        """Stop listening."""
        self._news.discard(news)

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        seen = self._ring.last
        while not self._ring.closed and not loop.is_closed():
            if self._ring.after(seen, 1.0) != []:
                seen = self._ring.last
                self._wake(loop)
        self._wake(loop)

    def _wake(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            loop.call_soon_threadsafe(self._set)
        except RuntimeError:
            return  # that loop is closed, and with it everybody who listened

    def _set(self) -> None:
        for news in self._news:
            news.set()


async def stream(
    office: Office, waker: Waker, last_id: str, *, valid: Callable[[], bool], check_s: float = CHECK_S
) -> AsyncIterator[bytes]:
    """Events after `last_id` for ever, until the house closes or `valid` says that the session is over."""
    ring, news, checked = office.ring, waker.listen(), time.monotonic()
    try:
        position, known = _position(office, last_id)
        yield f"retry: {RETRY_MS}\n\n".encode() + (b"" if known else RESET)
        while not ring.closed:
            news.clear()
            events = ring.after(position, 0.0)
            if events is None:
                position = ring.last
                yield RESET
            elif events:
                position = events[:EVENTS_MAX][-1].number
                yield b"".join(encoded(office, event) for event in events[:EVENTS_MAX])
            elif not await _waited(news):
                yield b": still here\n\n"
            if time.monotonic() - checked > check_s:
                checked = time.monotonic()
                if not await asyncio.to_thread(valid):
                    yield RESET
                    return
    finally:
        waker.leave(news)


def encoded(office: Office, event: Event) -> bytes:
    """One event as it is sent."""
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (
        event_id(office, event.number).encode(),
        event.name.encode(),
        event.data,
    )


def _position(office: Office, last_id: str) -> tuple[int, bool]:
    """After which number to go on, and whether that is where the listener was."""
    epoch, _, number = last_id.partition("-")
    if not last_id:
        return office.ring.last, True
    if epoch != office.epoch or not number.isdecimal():
        return office.ring.last, False
    return int(number), True


async def _waited(news: asyncio.Event) -> bool:
    try:
        await asyncio.wait_for(news.wait(), HEARTBEAT_S)
    except TimeoutError:
        return False
    return True
