"""The thread that listens to one metadata stream, again and again, and lays ready what it tells."""

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from tocsin.contract.protocols import Delivered
from tocsin.contract.streams import BREAKS, words_for
from tocsin.formats.onvif_metadata import Documents
from tocsin.model import BadInput, ConfigError, Reading, SourceLost
from tocsin.sources.onvif_analytics.telling import Telling

BATCH_MAX = 100
"""Most readings of one delivery."""

OPEN_S_MAX = 10.0
"""Longest time that a camera takes to answer."""

CLOSE_S_MAX = 2.0
"""How long closing waits for the thread; it ends by itself after the next answer of the camera."""

NO_TRACK = "it has no metadata track: add a metadata configuration to its profile"
"""Said as well where a server answers that it was asked to play nothing (455)."""

PROTOCOLS = "rtsp,rtsps,rtp,srtp,tcp,udp,tls,http,https,crypto"
"""Where a stream may lead."""


class Declared(Protocol):
    """What of the declaration is needed here."""

    @property
    def source(self) -> str: ...
    @property
    def transport(self) -> str: ...
    @property
    def stall_s(self) -> float: ...
    @property
    def retry_s(self) -> float: ...
    @property
    def retry_s_max(self) -> float: ...
    @property
    def waiting_max(self) -> int: ...


class Listening:
    """Listens until `close`; one thread. `shown` may be told to anybody, `address` holds the password."""

    def __init__(self, declared: Declared, shown: str, address: str, telling: Telling) -> None:
        require_av()
        self._declared = declared
        self._shown = shown
        self._address = address
        self._telling = telling
        telling.boot = f"{time.time_ns() // 1_000_000:x}"
        self.counts = telling.counts
        self._ready: deque[Reading[Any]] = deque()
        self._rejected: deque[tuple[bytes, str]] = deque(maxlen=100)
        self._changed = threading.Condition()
        self._closed = threading.Event()
        self._problem, self._since = "not connected yet", time.time()
        self._thread = threading.Thread(target=self._run, name=f"analytics-{declared.source}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def next_batch(self, wait_s: float) -> Delivered | None:
        """What waits, in order."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._ready or self._rejected) or self._closed.is_set(), wait_s)
            readings = tuple(self._ready.popleft() for _ in range(min(BATCH_MAX, len(self._ready))))
            rejected = tuple(self._rejected)
            self._rejected.clear()
        return Delivered(readings, rejected) if readings or rejected else None

    def problem(self) -> str:
        """Why nothing comes, and since when; empty while documents come."""
        if not self._problem:
            return ""
        since = time.strftime("%H:%M:%S", time.gmtime(self._since))
        return f"Metadata at {self._shown}, since {since} UTC: {self._problem}. Trying again by itself."

    def close(self) -> None:
        """Stop listening."""
        self._closed.set()
        with self._changed:
            self._changed.notify_all()
        self._thread.join(timeout=CLOSE_S_MAX)

    def _run(self) -> None:
        pause_s = self._declared.retry_s
        while not self._closed.is_set():
            before = self.counts.documents
            try:
                self._listen()
            except SourceLost as error:
                self._trouble(str(error))
            except BREAKS as error:
                self._trouble(f"what it sends breaks the reader ({type(error).__name__})")
            if self.counts.documents > before:
                pause_s = self._declared.retry_s
            self._closed.wait(pause_s)
            pause_s = min(2 * pause_s, self._declared.retry_s_max)

    def _listen(self) -> None:
        documents = Documents()
        self._telling.restart()
        for number, (payload, stamp) in enumerate(_payloads(self._address, self._declared)):
            if self._closed.is_set():
                return
            self.counts.connections += number == 0
            try:
                for raw in documents.add(payload, stamp):
                    self._lay(list(self._telling.readings(raw, time.time())))
                    self._trouble("")
            except BadInput as error:
                self.counts.unreadable += 1
                self._trouble(f"its documents cannot be read: {error}")
                with self._changed:
                    self._rejected.append((b"", str(error)))  # what is in it may name somebody
        raise SourceLost("it ended the stream")

    def _lay(self, readings: list[Reading[Any]]) -> None:
        with self._changed:
            self._ready.extend(readings)
            while len(self._ready) > self._declared.waiting_max:
                self._ready.popleft()
                self.counts.dropped += 1
            self._changed.notify_all()

    def _trouble(self, words: str) -> None:
        if words and not self._problem:
            self._since = time.time()
        self._problem = words


def require_av() -> None:
    """Raises ConfigError where PyAV is not installed."""
    try:
        import av
    except ImportError as error:
        raise ConfigError("Metadata streams need PyAV: pip install 'tocsin[vision]'.") from error
    av.logging.set_level(None)  # what it would say of a stream holds its address, and so its password


def _payloads(address: str, declared: Declared) -> Iterator[tuple[bytes, int | None]]:
    """The payloads of the metadata track with their timestamps; raises SourceLost with the reason in words."""
    import av

    try:
        with _opened(address, declared) as container:
            tracks = [stream for stream in container.streams if stream.type == "data"]
            if not tracks:
                raise SourceLost(NO_TRACK)
            for packet in container.demux(tracks[0]):
                yield bytes(packet), packet.pts
    except (av.FFmpegError, ValueError) as error:
        nothing_asked = isinstance(error, av.HTTPOtherClientError)
        raise SourceLost(NO_TRACK if nothing_asked else words_for(error)) from None  # the cause names the address


@contextmanager
def _opened(address: str, declared: Declared) -> Iterator[Any]:
    """The stream with its metadata alone: neither pictures nor sound are asked for."""
    import av

    options = {
        "rtsp_transport": {"multicast": "udp_multicast"}.get(declared.transport, declared.transport),
        "allowed_media_types": "data",
        "protocol_whitelist": PROTOCOLS,
        "format_whitelist": "rtsp,sdp,rtp",
    }
    limits = (OPEN_S_MAX, declared.stall_s)
    with av.open(address, options=options, timeout=limits, metadata_errors="replace") as container:
        yield container
