"""Audio from microphones and files: RTSP, HTTP, ALSA devices, WAV and FLAC, through PyAV, as blocks of samples."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from tocsin.contract.resources import Resources
from tocsin.contract.streams import called
from tocsin.model import ConfigError, Level, Origin
from tocsin.sources.audio.listening import LiveAudio
from tocsin.sources.audio.opening import FORMATS, Place, require_av
from tocsin.sources.audio.recorded import RecordedAudio


@dataclass(frozen=True, slots=True, kw_only=True)
class Audio:
    """Delivers the sound of one microphone or file as `AudioBlock`s of `block_s`, mono, dated on our clock.

    `url` is rtsp://, http(s)://, alsa:NAME (such as alsa:hw:1,0), or a file (WAV, FLAC and others); `source` the
    sensor id. `user` and `secret` sign in. A file is delivered as fast as it is asked for, dated from `start_at`
    (else 0), and then ends. `rate_hz` 0 keeps the microphone's own rate. A lost microphone is tried again after
    `retry_s`, doubled up to `retry_s_max`; `stall_s` is how long nothing may come.

    >>> running = Audio(url="rtsp://127.0.0.1:9/live", source="mic-1").start(Resources())
    >>> running.snapshot(), running.close()
    (b'', None)
    """

    kind: ClassVar[str] = "source.audio"
    needs: ClassVar[Level] = Level.CLEAR

    url: str
    source: str
    name: str = "audio"
    user: str = ""
    secret: str = ""
    rate_hz: int = 0
    block_s: float = 0.5
    start_at: float | None = None
    stall_s: float = 10.0
    retry_s: float = 1.0
    retry_s_max: float = 60.0
    origin: Origin = Origin.LIVE

    def check(self, resources: Resources) -> None:
        """Raises ConfigError for an address, a number or a secret that cannot work; calls nobody."""
        if not (0.05 <= self.block_s <= 10.0 and self.stall_s > 0.0 and 0.0 < self.retry_s <= self.retry_s_max):
            raise ConfigError(f"{self.name}: block_s is 0.05 to 10, stall_s and retry_s above 0, retry_s_max no less.")
        if self.rate_hz and not 4_000 <= self.rate_hz <= 192_000:
            raise ConfigError(f"{self.name}: rate_hz is 0 (as it comes) or 4000 to 192000.")
        self._place(resources)

    def start(self, resources: Resources, resume: bytes = b"") -> "LiveAudio | RecordedAudio":
        """Begin; an absent microphone is a `problem()`, tried again, and not an error. A file has to be there."""
        del resume  # sound of the past is gone; a file begins at its beginning
        self.check(resources)
        require_av()
        place = self._place(resources)
        return RecordedAudio(self, place) if place.recorded else LiveAudio(self, place)

    def _place(self, resources: Resources) -> Place:
        scheme = self.url.partition(":")[0].lower() if "://" in self.url else ""
        if scheme in FORMATS:
            password = resources.secret(self.secret) if self.secret else ""
            return Place(scheme, *called(self.url, self.user, password, name=self.name))
        if self.url.startswith("alsa:"):
            return Place("alsa", self.url, self.url.removeprefix("alsa:"))
        path = Path(self.url.removeprefix("file://"))
        if scheme not in ("", "file") or not path.is_file():
            raise ConfigError(f"{self.name}: {path} is no file; write rtsp://, http://, https://, alsa:NAME or a file.")
        return Place("file", str(path), str(path))


__all__ = ["Audio"]
