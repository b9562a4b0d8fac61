"""ONVIF devices (cameras, recorders, door controllers) whose events are fetched by their pull points."""

from dataclasses import dataclass, field
from typing import ClassVar
from urllib.parse import urlsplit

from tocsin.contract.protocols import Delivered
from tocsin.contract.resources import Resources
from tocsin.model import ConfigError, Level, Origin
from tocsin.sources.onvif_events.fetching import Fetching
from tocsin.sources.onvif_events.session import Access, Session

PATHS = ("/onvif/device_service", "/onvif/event_service")
"""Where devices answer about themselves and about events, unless they are said to be elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnvifEvents:
    """Fetches the events of one ONVIF device by a pull point, and says on which side its two-state parts are.

    `url` is http:// or https:// with the device's host; `source` its sensor id; `user` and `secret` (the name
    of the password among the installation's secrets) an account of the device that may read events. `parts`
    maps a token of the device (a door, an input, a channel of a recorder) to a sensor of its own. The device
    is asked to answer within `pull_s`, and to keep the pull point for `lasts_s`; what it says is taken as far
    as `waiting_max` messages wait here, then it has to keep them. `ca_file` trusts a device's own authority.

    >>> running = OnvifEvents(url="http://127.0.0.1:9", source="cam-1").start(Resources())
    >>> running.snapshot(), running.close()
    (b'', None)
    """

    kind: ClassVar[str] = "camera.onvif-events"
    needs: ClassVar[Level] = Level.CLEAR

    url: str
    source: str
    name: str = "onvif"
    user: str = ""
    secret: str = ""
    events_path: str = PATHS[1]
    device_path: str = PATHS[0]
    parts: dict[str, str] = field(default_factory=dict)
    ca_file: str = ""
    pull_s: float = 5.0
    lasts_s: float = 60.0
    alive_s: float = 30.0
    waiting_max: int = 1_000
    urgent: bool = False
    origin: Origin = Origin.LIVE

    def check(self, resources: Resources) -> None:
        """Raises ConfigError for an address, a time or a secret that cannot work; calls nobody."""
        self._check_url()
        if not (0.0 < self.pull_s <= self.lasts_s / 2 and self.alive_s > 0.0 and self.waiting_max >= 1):
            raise ConfigError(f"{self.name}: pull_s is above 0 and at most half of lasts_s; the others are above 0.")
        if self.secret:
            resources.secret(self.secret)

    def _check_url(self) -> None:
        try:
            parts = urlsplit(self.url)
            _ = parts.port
        except ValueError:
            raise ConfigError(f"{self.name}: the URL has no valid port: write http://192.0.2.7:80.") from None
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ConfigError(f"{self.name}: the URL begins with http:// or https:// and names the device's host.")
        if parts.username or parts.password:
            raise ConfigError(f"{self.name}: no user or password in a URL: set `user` and `secret`.")

    def start(self, resources: Resources, resume: bytes = b"") -> "RunningOnvifEvents":
        """Begin to connect; an absent device is a `problem()`, tried again, and not an error.

        Raises ConfigError for parameters or a certificate that cannot work.
        """
        del resume  # the pull point is made anew; the device says then what is the case
        self.check(resources)
        access = Access(
            url=self.url,
            user=self.user,
            password=resources.secret(self.secret) if self.secret else "",
            events_path=self.events_path,
            device_path=self.device_path,
            ca_file=self.ca_file,
        )
        return RunningOnvifEvents(self, Fetching(self, Session(access, self.pull_s)))


class RunningOnvifEvents:
    """The subscription at work: a thread of its own fetches, the engine asks."""

    def __init__(self, declared: OnvifEvents, fetching: Fetching) -> None:
        self._declared = declared
        self._fetching = fetching
        self.counts = fetching.counts
        fetching.start()

    def next_batch(self, wait_s: float) -> Delivered | None:
        """What the device said, in order. It cannot be acknowledged: ONVIF forgets what was fetched."""
        return self._fetching.next_batch(wait_s, urgent=self._declared.urgent)

    def snapshot(self) -> bytes:
        """Nothing: a new pull point begins with what is the case."""
        return b""

    def problem(self) -> str:
        """Why nothing comes, and since when; empty while the device answers."""
        return self._fetching.problem()

    def close(self) -> None:
        """Unsubscribe and stop."""
        self._fetching.close()


__all__ = ["OnvifEvents", "RunningOnvifEvents"]
