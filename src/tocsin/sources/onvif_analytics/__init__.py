"""Cameras with analytics on board: what they see by themselves, from their ONVIF metadata stream, without a pixel."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from tocsin.contract.camera_views import views
from tocsin.contract.protocols import Delivered
from tocsin.contract.resources import Resources
from tocsin.contract.streams import called
from tocsin.model import ConfigError, Level, Origin
from tocsin.sources.onvif_analytics.listening import Listening
from tocsin.sources.onvif_analytics.telling import Telling

SCHEMES = ("rtsp://", "rtsps://")


@dataclass(frozen=True, slots=True, kw_only=True)
class OnvifAnalytics:
    """Reads the metadata track of an RTSP stream (ONVIF profile M): objects become `Tracks`, events `Sighting`.

    Pictures and sound are not asked for. `url` is the stream address of a profile with metadata
    (`tocsin add camera onvif` lists them); `source` the sensor id; `user` and `secret` (the name of the password
    among the installation's secrets) sign in. Tracks are told at most `tracks_per_s_max` times a second; an object
    that the camera does not mention for `held_s` is gone. `events` takes the events in the stream as well: switch
    them off where camera.onvif-events fetches them from the same device.

    >>> running = OnvifAnalytics(url="rtsp://127.0.0.1:9/meta", source="cam-1").start(Resources())
    >>> running.snapshot(), running.close()
    (b'', None)
    """

    kind: ClassVar[str] = "camera.onvif-analytics"
    needs: ClassVar[Level] = Level.ANONYMOUS
    on_record: ClassVar[bool] = True

    url: str
    source: str
    name: str = "onvif-analytics"
    user: str = ""
    secret: str = ""
    transport: Literal["tcp", "udp", "multicast"] = "tcp"
    tracks_per_s_max: float = 5.0
    held_s: float = 2.0
    events: bool = True
    alive_s: float = 30.0
    stall_s: float = 60.0
    retry_s: float = 1.0
    retry_s_max: float = 60.0
    waiting_max: int = 500
    origin: Origin = Origin.LIVE

    def check(self, resources: Resources) -> None:
        """Raises ConfigError for an address, a number or a secret that cannot work; calls nobody."""
        if not self.url.lower().startswith(SCHEMES):
            raise ConfigError(
                f"{self.name}: the URL begins with rtsp:// or rtsps://, and names a stream with metadata."
            )
        if not (self.tracks_per_s_max > 0.0 and self.held_s > 0.0 and self.alive_s > 0.0 and self.waiting_max >= 1):
            raise ConfigError(f"{self.name}: tracks_per_s_max, held_s, alive_s and waiting_max are above 0.")
        if not (self.stall_s > 0.0 and 0.0 < self.retry_s <= self.retry_s_max):
            raise ConfigError(f"{self.name}: stall_s and retry_s are above 0, retry_s_max is no less.")
        self._called(resources)

    def start(self, resources: Resources, resume: bytes = b"") -> "RunningOnvifAnalytics":
        """Begin; an absent camera is a `problem()`, tried again, and not an error.

        Raises ConfigError for parameters that cannot work, or where PyAV is missing.
        """
        del resume  # what a camera saw is gone
        self.check(resources)
        shown, address = self._called(resources)
        telling = Telling(self, views(resources).of(self.source))
        return RunningOnvifAnalytics(Listening(self, shown, address, telling))

    def _called(self, resources: Resources) -> tuple[str, str]:
        password = resources.secret(self.secret) if self.secret else ""
        return called(self.url, self.user, password, name=self.name)


class RunningOnvifAnalytics:
    """The stream at work: a thread of its own listens, the engine asks."""

    def __init__(self, listening: Listening) -> None:
        self._listening = listening
        self.counts = listening.counts
        listening.start()

    def next_batch(self, wait_s: float) -> Delivered | None:
        """What the camera told, in order; the oldest is dropped, and counted, where nobody takes it."""
        return self._listening.next_batch(wait_s)

    def snapshot(self) -> bytes:
        """Nothing: what a camera saw is gone."""
        return b""

    def problem(self) -> str:
        """Why nothing comes, and since when; empty while documents come."""
        return self._listening.problem()

    def close(self) -> None:
        """Stop listening."""
        self._listening.close()


__all__ = ["OnvifAnalytics", "RunningOnvifAnalytics"]
