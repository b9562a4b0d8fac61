"""FLAC: short pieces of audio, kept without loss (16 bit, mono), through PyAV."""

from io import BytesIO
from typing import TYPE_CHECKING, Any

from tocsin.model import BadInput, ConfigError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RATES_HZ = (8_000, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000)


def encode(samples: "NDArray[np.float64]", rate_hz: int) -> bytes:
    """A piece (n,), full scale 1.0, as FLAC; raises BadInput for a rate that FLAC players do not know.

    >>> import numpy as np
    >>> piece = decode(encode(0.5 * np.sin(np.arange(1600.0)), 16000))
    >>> len(piece[0]), piece[1]
    (1600, 16000)
    """
    import numpy as np

    av = _av()
    if rate_hz not in RATES_HZ:
        raise BadInput(f"FLAC is written at {', '.join(map(str, RATES_HZ))} Hz, not at {rate_hz}.")
    buffer = BytesIO()
    with av.open(buffer, "w", format="flac") as out:
        stream = out.add_stream("flac", rate=rate_hz, layout="mono")
        whole = np.clip(np.asarray(samples, float) * 32767.0, -32768.0, 32767.0).round().astype(np.int16)
        frame = av.AudioFrame.from_ndarray(whole[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts = rate_hz, 0
        size = stream.codec_context.frame_size or len(whole)
        resampler = av.AudioResampler("s16", "mono", rate_hz, frame_size=size)
        for made in (*resampler.resample(frame), *resampler.resample(None)):
            out.mux(stream.encode(made))
        out.mux(stream.encode(None))
    return buffer.getvalue()


def decode(flac: bytes) -> "tuple[NDArray[np.float64], int]":
    """Samples and rate; raises BadInput where it is no FLAC."""
    import numpy as np

    av = _av()
    try:
        with av.open(BytesIO(flac), format="flac") as container:
            frames = list(container.decode(audio=0))
    except (av.FFmpegError, IndexError) as error:
        raise BadInput("This is no FLAC that can be read.") from error
    if not frames:
        raise BadInput("This FLAC holds no audio.")
    return np.concatenate([frame.to_ndarray().ravel() for frame in frames]) / 32768.0, int(frames[0].sample_rate)


def _av() -> Any:  # noqa: ANN401  # PyAV is optional
    try:
        import av
    except ImportError as error:
        raise ConfigError("Audio needs PyAV: pip install 'tocsin[vision]'.") from error
    return av
