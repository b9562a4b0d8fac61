"""Video from cameras and files: RTSP, HLS, HTTP-MJPEG, USB cameras, clips and folders of clips, through PyAV."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from tocsin.contract.resources import Resources
from tocsin.model import ConfigError, Level, Origin
from tocsin.sources.video.address import Address
from tocsin.sources.video.opening import require_av, require_hardware
from tocsin.sources.video.recorded import RunningRecording
from tocsin.sources.video.watching import RunningCamera


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """Delivers pictures of one camera or file as `Frame`, dated by the stream's own times on our clock.

    `url` is rtsp://, rtsps://, http://, https:// (HLS and MJPEG), /dev/videoN, a file or a folder of files;
    `source` the sensor id. `user` and `secret` (the name of the password among the installation's secrets)
    sign in; where a camera wants them in the address itself, write {user} and {secret} there. `pace` is
    `live` (only the newest picture is handed out; those passed over are counted), `file` (every picture, as
    fast as asked, then the source ends), or `auto`: `file` for files, else `live`. Cameras of one `group`
    share a process. `start_at` dates the first picture of a file (else what the file says, else 0).
    `width_max` makes larger pictures smaller, `stall_s` is how long no picture may come before the camera
    counts as lost; then it is tried again after `retry_s`, doubled up to `retry_s_max`.

    >>> running = Video(url="rtsp://127.0.0.1:9/live", source="cam-1").start(Resources())
    >>> running.snapshot(), running.close()
    (b'', None)
    """

    kind: ClassVar[str] = "camera.video"
    needs: ClassVar[Level] = Level.CLEAR
    apart: ClassVar[bool] = True

    url: str
    source: str
    name: str = "video"
    user: str = ""
    secret: str = ""
    group: str = "cameras"
    transport: Literal["tcp", "udp", "multicast"] = "tcp"
    pace: Literal["auto", "live", "file"] = "auto"
    frames_per_s_max: float = 0.0
    width_max: int = 3840
    loop: bool = False
    start_at: float | None = None
    pictures_per_s: float = 25.0
    hardware: str = "auto"
    ca_file: str = ""
    stall_s: float = 10.0
    retry_s: float = 1.0
    retry_s_max: float = 60.0
    origin: Origin = Origin.LIVE

    def check(self, resources: Resources) -> None:
        """Raises ConfigError for an address, a number or a secret that cannot work; calls nobody."""
        if not (self.stall_s > 0.0 and 0.0 < self.retry_s <= self.retry_s_max and self.pictures_per_s > 0.0):
            raise ConfigError(f"{self.name}: stall_s, retry_s and pictures_per_s are above 0, retry_s_max is no less.")
        if self.frames_per_s_max < 0.0 or self.width_max < 16:
            raise ConfigError(f"{self.name}: frames_per_s_max is 0 (all) or more, width_max at least 16.")
        if self.ca_file and not Path(self.ca_file).is_file():
            raise ConfigError(f"{self.name}: there is no file {self.ca_file} with certificates.")
        address = self._address(resources)
        if self.pace == "file" and not address.recorded:
            raise ConfigError(f"{self.name}: pace `file` is for files; {address.shown} is live.")

    def start(self, resources: Resources, resume: bytes = b"") -> "RunningCamera | RunningRecording":
        """Begin; an absent camera is a `problem()`, tried again, and not an error. A file has to be there.

        Raises ConfigError for parameters that cannot work, or where PyAV is missing.
        """
        del resume  # pictures of the past are gone; a file begins at its beginning
        self.check(resources)
        require_av()
        require_hardware(self.hardware)
        address = self._address(resources)
        if address.recorded and self.pace != "live":
            return RunningRecording(self, address)
        return RunningCamera(self, address)

    def _address(self, resources: Resources) -> Address:
        password = resources.secret(self.secret) if self.secret else ""
        return Address.of(self.url, self.user, password, name=self.name)


__all__ = ["RunningCamera", "RunningRecording", "Video"]
