"""Opens one stream with PyAV: which protocols and containers may be read, with which decoder, and what went wrong."""

import functools
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tocsin.contract.streams import words_for
from tocsin.model import ConfigError, SourceLost
from tocsin.sources.video.address import Way

if TYPE_CHECKING:
    from av.codec.hwaccel import HWAccel
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

SIDE_PX_MAX, PIXELS_MAX = 7680, 7680 * 4320
"""Largest picture that is decoded: 8K, upright or not."""

OPEN_S_MAX = 10.0
"""Longest time that a camera takes to answer and to show its first pictures."""

DEVICES = ("cuda", "vaapi", "videotoolbox", "d3d11va", "qsv")
"""Kinds of hardware decoders in the order in which `auto` tries them."""

_RAW = "mjpeg,h264,hevc,m4v,mpegvideo,jpeg_pipe,png_pipe,image2"
_FILES = f"mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,flv,asf,ivf,{_RAW}"
_UNTIMED = frozenset({*_RAW.split(","), "mpjpeg"})
"""Containers whose pictures carry no time of their own."""

_OPTIONS: dict[Way, dict[str, str]] = {
    "rtsp": {
        "protocol_whitelist": "rtsp,rtsps,rtp,srtp,tcp,udp,tls,http,https,crypto",
        "format_whitelist": "rtsp,sdp,rtp",
        "allowed_media_types": "video",  # never sound; metadata has a source of its own
        "analyzeduration": "1000000",
        "fpsprobesize": "2",
        "fflags": "nobuffer",
    },
    "http": {
        "protocol_whitelist": "http,https,httpproxy,tcp,tls,crypto,data",
        "format_whitelist": f"hls,mpjpeg,aac,webvtt,{_FILES}",
        "analyzeduration": "2000000",
    },
    "usb": {"analyzeduration": "1000000"},
    "file": {"protocol_whitelist": "file", "format_whitelist": _FILES},
    "folder": {"protocol_whitelist": "file", "format_whitelist": _FILES},
}
_TRANSPORT = {"tcp": "tcp", "udp": "udp", "multicast": "udp_multicast"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How to open: the way, the transport, limits in seconds (None: none), the decoder."""

    way: Way
    transport: str = "tcp"
    stall_s: float | None = None
    hardware: str = "off"
    ca_file: str = ""
    pictures_per_s: float = 25.0


@dataclass(frozen=True, slots=True)
class Stream:
    """An open stream. `timed` where its pictures carry times, `shows_pts` where these are of presentation.

    `bursts` where it comes in pieces of seconds.
    """

    container: "InputContainer"
    video: "VideoStream"
    timed: bool
    shows_pts: bool
    bursts: bool
    every_s: float
    taken_at: float | None


def require_av() -> None:
    """Raises ConfigError where PyAV is not installed."""
    try:
        import av
    except ImportError as error:
        raise ConfigError("Video needs PyAV: pip install 'tocsin[vision]'.") from error
    av.logging.set_level(None)  # what it would say of a stream holds its address, and so its password


@contextmanager
def opened(called: str, plan: Plan) -> Iterator[Stream]:
    """The stream at an address; raises SourceLost with the reason in words."""
    import av

    options = dict(_OPTIONS[plan.way])
    if plan.way == "rtsp":
        options["rtsp_transport"] = _TRANSPORT[plan.transport]
    if plan.ca_file:
        options |= {"tls_verify": "1", "ca_file": plan.ca_file}
    timeout = None if plan.stall_s is None else (OPEN_S_MAX, plan.stall_s)
    began = time.monotonic()
    try:
        container = av.open(
            called,
            format="v4l2" if plan.way == "usb" else None,
            options=options,
            metadata_errors="replace",
            timeout=timeout,
            hwaccel=accelerator(plan.hardware),
        )
    except (av.FFmpegError, NotImplementedError, ValueError) as error:
        late = timeout is not None and time.monotonic() - began >= OPEN_S_MAX
        raise SourceLost(_why_closed(error, plan, late=late)) from None  # the cause names the address
    try:
        yield _stream(container, plan)
    finally:
        container.close()


def _why_closed(error: Exception, plan: Plan, *, late: bool) -> str:
    if late:
        return f"it shows nothing within {OPEN_S_MAX:.0f} s"
    if plan.ca_file and type(error).__name__ == "OSError":  # all that is said of a handshake that failed
        return "its certificate is none that `ca_file` trusts, or it speaks no TLS"
    return words_for(error)


def _stream(container: "InputContainer", plan: Plan) -> Stream:
    from av.video.stream import VideoStream

    video = container.streams.best("video")
    if not isinstance(video, VideoStream):
        raise SourceLost("it holds no video")
    context = video.codec_context
    refuse_size(context.width, context.height)
    context.thread_count = 1  # many cameras share the cores; more threads would only add delay to each
    context.options = {"max_pixels": str(PIXELS_MAX)}
    formats = set(container.format.name.split(","))
    timed = not formats & _UNTIMED
    rate = float(video.average_rate or 0.0) if timed else plan.pictures_per_s
    return Stream(
        container=container,
        video=video,
        timed=timed,
        shows_pts="avi" not in formats,
        bursts="hls" in formats,
        every_s=1.0 / rate if rate > 0.0 else 0.0,
        taken_at=_told_time(container.metadata.get("creation_time", "")),
    )


def refuse_size(width: int, height: int) -> None:
    """Raise SourceLost for a picture larger than 8K."""
    if width > SIDE_PX_MAX or height > SIDE_PX_MAX or width * height > PIXELS_MAX:
        raise SourceLost(
            f"its picture of {width}x{height} is larger than 8K ({SIDE_PX_MAX}x4320): lower its resolution"
        )


def _told_time(text: str) -> float | None:
    """When a file says that it was made; None for the zero of some clock."""
    try:
        at = datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        return None
    return at if at >= 946_684_800.0 else None  # before 2000: a clock that nobody set


def told_wall(packet: "Packet[Any]") -> float | None:
    """When a packet was made by the clock of its producer (RTCP sender reports), seconds UTC."""
    if not packet.has_sidedata("prft"):
        return None
    raw = bytes(packet.get_sidedata("prft"))
    return float(struct.unpack_from("<q", raw)[0]) / 1e6 if len(raw) >= 8 else None


def accelerator(hardware: str) -> "HWAccel | None":
    """The hardware decoder to use: `auto` takes the first that works here, `off` none."""
    if hardware == "off":
        return None
    device = next((one for one in DEVICES if _works(one)), None) if hardware == "auto" else hardware
    if device is None:
        return None
    from av.codec.hwaccel import HWAccel

    return HWAccel(device, allow_software_fallback=True)


def require_hardware(hardware: str) -> None:
    """Raises ConfigError for a kind of hardware decoder that was named and does not work on this machine."""
    if hardware in ("auto", "off") or _works(hardware):
        return
    working = ", ".join(device for device in DEVICES if _works(device)) or "none"
    raise ConfigError(f"The hardware decoder {hardware!r} does not work on this machine ({working} does): use `auto`.")


@functools.cache
def _works(device: str) -> bool:
    """Whether a kind of device can be opened on this machine, and decodes the most common video."""
    import av
    from av.codec.hwaccel import HWAccel, hwdevices_available

    if device not in hwdevices_available():
        return False
    try:
        HWAccel(device).create(av.Codec("h264", "r"))
    except (av.FFmpegError, NotImplementedError):
        return False
    return True
