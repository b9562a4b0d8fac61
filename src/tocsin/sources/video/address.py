"""Where pictures come from: what a URL means, how it is shown without secrets, and how it is called with them."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tocsin.contract.streams import called
from tocsin.model import ConfigError

Way = Literal["rtsp", "http", "usb", "file", "folder"]

_NETWORK: dict[str, Way] = {"rtsp": "rtsp", "rtsps": "rtsp", "http": "http", "https": "http"}
CLIPS = (".mp4", ".avi", ".mkv", ".mov", ".webm", ".ts", ".mpg", ".mpeg", ".m4v", ".mjpeg", ".mjpg", ".h264", ".264")
PICTURES = (".jpg", ".jpeg", ".png")
FILES_MAX = 100_000
"""Most files of a folder that are taken."""


@dataclass(frozen=True, slots=True)
class Address:
    """One place where pictures come from. `shown` may be told to anybody, `called` holds the password."""

    way: Way
    shown: str
    called: str = field(repr=False)

    @classmethod
    def of(cls, url: str, user: str, password: str, *, name: str) -> "Address":
        """Read a URL or path; raises ConfigError that says what to write instead.

        >>> Address.of("rtsp://192.0.2.7/live?channel=1", "viewer", "a/b", name="cam").shown
        'rtsp://192.0.2.7/live'
        """
        scheme = url.partition(":")[0].lower() if "://" in url else ""
        if scheme in _NETWORK:
            return cls(_NETWORK[scheme], *called(url, user, password, name=name))
        if scheme not in ("", "file"):
            raise ConfigError(f"{name}: {scheme}:// is not read: use rtsp, rtsps, http, https, /dev/videoN or a file.")
        path = url.removeprefix("file://")
        if path.startswith("/dev/video"):
            return cls("usb", path, path)
        return _local(Path(path), name)

    @property
    def recorded(self) -> bool:
        """Whether it has an end: a file, or a folder of them."""
        return self.way in ("file", "folder")


def _local(path: Path, name: str) -> Address:
    if path.is_dir():
        if not files_of(path):
            raise ConfigError(f"{name}: {path} holds no clips ({', '.join(CLIPS[:4])} …) and no pictures (.jpg, .png).")
        return Address("folder", str(path), str(path))
    if not path.is_file():
        raise ConfigError(f"{name}: there is no file {path}.")
    return Address("file", str(path), str(path))


def files_of(folder: Path) -> list[Path]:
    """The clips of a folder in the order of their names; where there are none, its pictures."""
    found = sorted(path for path in folder.iterdir() if path.is_file())[:FILES_MAX]
    clips = [path for path in found if path.suffix.lower() in CLIPS]
    return clips or [path for path in found if path.suffix.lower() in PICTURES]
