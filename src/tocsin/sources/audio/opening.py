"""Opens one sound with PyAV and cuts it into blocks."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from tocsin.contract.raster import Raster
from tocsin.contract.sounds import AudioBlock
from tocsin.contract.streams import words_for
from tocsin.model import ConfigError, Origin, Reading, SourceLost

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FORMATS: dict[str, dict[str, str]] = {
    "rtsp": {
        "protocol_whitelist": "rtsp,rtp,srtp,tcp,udp,tls,crypto",
        "allowed_media_types": "audio",  # never pictures: they have a source of their own
        "rtsp_transport": "tcp",
    },
    "rtsps": {"protocol_whitelist": "rtsp,rtsps,rtp,srtp,tcp,udp,tls,crypto", "allowed_media_types": "audio"},
    "http": {"protocol_whitelist": "http,https,httpproxy,tcp,tls,crypto"},
    "https": {"protocol_whitelist": "http,https,httpproxy,tcp,tls,crypto"},
    "alsa": {},
    "file": {"protocol_whitelist": "file"},
}
"""What each way may read: nothing that is opened leads anywhere else."""

OPEN_S_MAX = 10.0
CHANNELS_MAX = 64


@dataclass(frozen=True, slots=True)
class Place:
    """Where sound comes from. `shown` may be told to anybody, `called` holds the password."""

    way: str
    shown: str
    called: str = field(repr=False)

    @property
    def recorded(self) -> bool:
        """Whether it has an end."""
        return self.way == "file"


class Declared(Protocol):
    """What of the declaration is needed here."""

    @property
    def source(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def rate_hz(self) -> int: ...
    @property
    def block_s(self) -> float: ...
    @property
    def start_at(self) -> float | None: ...
    @property
    def stall_s(self) -> float: ...
    @property
    def retry_s(self) -> float: ...
    @property
    def retry_s_max(self) -> float: ...
    @property
    def origin(self) -> Origin: ...


def require_av() -> None:
    """Raises ConfigError where PyAV is not installed."""
    try:
        import av
    except ImportError as error:
        raise ConfigError("Audio needs PyAV: pip install 'tocsin[vision]'.") from error
    av.logging.set_level(None)  # what it would say of a stream holds its address, and so its password


def blocks(declared: Declared, place: Place) -> Iterator[tuple["NDArray[np.float32]", int]]:
    """Mono samples of full scale 1.0 in blocks of `block_s` (the last may be shorter), with their rate.

    Raises SourceLost with the reason in words.
    """
    import av
    import numpy as np

    timeout = None if place.recorded else (OPEN_S_MAX, declared.stall_s)
    form = "alsa" if place.way == "alsa" else None
    try:
        with av.open(place.called, format=form, options=dict(FORMATS[place.way]), timeout=timeout) as container:
            stream: Any = container.streams.best("audio")
            if stream is None:
                raise SourceLost("it holds no sound")
            rate = declared.rate_hz or int(stream.rate or 0)
            size = max(1, round(declared.block_s * rate))
            waiting = np.zeros(0, np.float32)
            for piece in _pieces(av, container, stream, rate):
                waiting = np.concatenate([waiting, piece])
                while len(waiting) >= size:
                    yield waiting[:size], rate
                    waiting = waiting[size:]
            if len(waiting):
                yield waiting, rate
    except (av.FFmpegError, NotImplementedError, ValueError) as error:
        raise SourceLost(words_for(error)) from None  # the cause names the address


def _pieces(av: Any, container: Any, stream: Any, rate: int) -> "Iterator[NDArray[np.float32]]":  # noqa: ANN401
    """Decoded samples, one microphone's channels averaged."""
    if not 4_000 <= rate <= 192_000 or int(stream.channels or 1) > CHANNELS_MAX:
        raise SourceLost(f"its sound has {rate} samples a second: between 4000 and 192000 can be read")
    resampler = av.AudioResampler(format="flt", layout="mono", rate=rate)
    for frame in container.decode(stream):
        for made in resampler.resample(frame):
            yield made.to_ndarray().ravel()
    for made in resampler.resample(None):
        yield made.to_ndarray().ravel()


def reading_of(
    declared: Declared, block: "tuple[NDArray[np.float32], int]", first: int, at: float, boot: str, *, gap: bool
) -> Reading[AudioBlock]:
    """One block with its rate as a reading; `at` is when its first sample was taken."""
    samples, rate = block
    body = AudioBlock(samples=Raster.of(samples), rate_hz=float(rate), first=first, flags=("gap",) if gap else ())
    return Reading(
        at=at, origin=declared.origin, source=declared.source, seq=first, boot=boot, body=body, via=declared.name
    )
