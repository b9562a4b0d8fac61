"""What happens to sound on its way: noise, rooms, microphones, codecs, gain. To learn with, and to be judged by."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np

from tocsin.inference.sessions import needed
from tocsin.inference.sound.spectra import RATE_HZ, Floats
from tocsin.model import ConfigError

Spoil = Callable[[Floats, np.random.Generator], Floats]

CODECS: dict[str, tuple[str, str, int, int]] = {
    "mp3": ("mp3", "libmp3lame", RATE_HZ, 32_000),
    "opus": ("ogg", "libopus", 48_000, 24_000),
    "aac": ("adts", "aac", RATE_HZ, 32_000),
    "g711": ("wav", "pcm_mulaw", 8_000, 64_000),
}
"""Container, encoder, rate and bits per second of each codec."""


def pink(count: int, chance: np.random.Generator) -> Floats:
    """Noise whose power falls with frequency, of deviation 1."""
    spectrum = np.fft.rfft(chance.standard_normal(count))
    spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum)), 1.0))
    made = np.fft.irfft(spectrum, count)
    found: Floats = made / max(float(made.std()), 1e-12)
    return found


def loudest(samples: Floats) -> float:
    """Root mean square of the loudest tenth of a second."""
    size = RATE_HZ // 10
    sums = np.cumsum(np.r_[0.0, samples**2])
    if len(samples) <= size:
        return float(np.sqrt(np.mean(samples**2)))
    return float(np.sqrt(((sums[size:] - sums[:-size]) / size).max()))


def noisy(samples: Floats, chance: np.random.Generator, snr_db: float, *, colour: str = "pink") -> Floats:
    """With steady noise so many dB below the loudest tenth of a second."""
    noise = pink(len(samples), chance) if colour == "pink" else chance.standard_normal(len(samples))
    found: Floats = samples + noise * loudest(samples) * 10.0 ** (-snr_db / 20.0)
    return found


def reverberant(samples: Floats, chance: np.random.Generator, t60_s: float, wet_db: float = -3.0) -> Floats:
    """With a decaying tail of chance (60 dB in `t60_s`), so strong against the direct sound."""
    tail = chance.standard_normal(max(16, round(t60_s * RATE_HZ)))
    tail *= np.exp(-6.91 * np.arange(len(tail)) / len(tail))
    tail[: RATE_HZ // 200] = 0.0
    tail *= 10.0 ** (wet_db / 20.0) / max(float(np.sqrt((tail**2).sum())), 1e-12)
    tail[0] = 1.0
    size = 1 << (len(samples) + len(tail) - 1).bit_length()
    found: Floats = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(tail, size), size)[: len(samples)]
    return found


def coloured(samples: Floats, chance: np.random.Generator) -> Floats:
    """As another microphone hears it: tilted, sometimes without its lowest or highest part."""
    spectrum = np.fft.rfft(samples)
    hz = np.fft.rfftfreq(len(samples), 1.0 / RATE_HZ)
    gain = 10.0 ** (chance.uniform(-4.0, 4.0) * np.log2(np.maximum(hz, 50.0) / 1000.0) / 20.0)
    if chance.random() < 0.4:
        gain /= 1.0 + (hz / chance.uniform(2500.0, 8000.0)) ** 8
    if chance.random() < 0.4:
        gain /= 1.0 + (chance.uniform(50.0, 300.0) / np.maximum(hz, 1.0)) ** 4
    found: Floats = np.fft.irfft(spectrum * gain, len(samples))
    return found


def coded(samples: Floats, codec: str) -> Floats:
    """Through an encoder and back; raises ConfigError where PyAV here lacks it."""
    av = needed("av")
    form, encoder = CODECS[codec][:2]
    peak = max(float(np.abs(samples).max(initial=0.0)), 1e-9)
    buffer = BytesIO()
    try:
        _encode(av, buffer, codec, samples / peak * 0.9)
        buffer.seek(0)
        back = _decode(av, buffer, form)
    except (av.FFmpegError, ValueError) as error:
        raise ConfigError(f"PyAV on this machine cannot code {codec} ({encoder}): {type(error).__name__}.") from error
    found: Floats = np.resize(np.pad(back, (0, max(0, len(samples) - len(back)))), len(samples)) * (peak / 0.9)
    return found


def _encode(av: Any, buffer: BytesIO, codec: str, samples: Floats) -> None:  # noqa: ANN401  # PyAV is optional
    form, encoder, *how = CODECS[codec]
    with av.open(buffer, "w", format=form) as out:
        stream = out.add_stream(encoder, rate=how[0], layout="mono")
        stream.bit_rate = how[1]
        frame = av.AudioFrame.from_ndarray((samples * 32767.0).astype(np.int16)[None], format="s16", layout="mono")
        frame.sample_rate = RATE_HZ
        size = stream.codec_context.frame_size or 1024
        resampler = av.AudioResampler(stream.codec_context.format, "mono", how[0], frame_size=size)
        for made in (*resampler.resample(frame), *resampler.resample(None)):
            made.pts = None
            out.mux(stream.encode(made))
        out.mux(stream.encode(None))


def _decode(av: Any, buffer: BytesIO, form: str) -> Floats:  # noqa: ANN401  # as above
    with av.open(buffer, format="aac" if form == "adts" else form) as container:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE_HZ)
        parts = [made.to_ndarray().ravel() for frame in container.decode(audio=0) for made in resampler.resample(frame)]
        parts += [made.to_ndarray().ravel() for made in resampler.resample(None)]
    return np.concatenate(parts).astype(float) if parts else np.zeros(1)


def at_random(samples: Floats, chance: np.random.Generator) -> Floats:
    """Spoiled in some of these ways, as to learn with."""
    if chance.random() < 0.5:
        samples = reverberant(samples, chance, chance.uniform(0.15, 1.2), chance.uniform(-15.0, 0.0))
    if chance.random() < 0.7:
        samples = coloured(samples, chance)
    if chance.random() < 0.7:
        samples = noisy(
            samples, chance, chance.uniform(-3.0, 35.0), colour="pink" if chance.random() < 0.6 else "white"
        )
    if chance.random() < 0.3:
        samples = coded(samples, str(chance.choice(list(CODECS))))
    if chance.random() < 0.15:
        top = chance.uniform(0.2, 0.8) * float(np.abs(samples).max(initial=0.0))
        samples = np.clip(samples, -top, top)
    if chance.random() < 0.6:
        samples = samples * 10.0 ** (chance.uniform(-24.0, 24.0) / 20.0)
    return samples


CONDITIONS: dict[str, Spoil] = {
    **{
        f"{colour}_{snr}db": (lambda x, chance, snr=snr, colour=colour: noisy(x, chance, snr, colour=colour))  # type: ignore[misc]
        for colour in ("pink", "white")
        for snr in (20, 10, 0)
    },
    "reverberation": lambda x, chance: reverberant(x, chance, 1.0, 0.0),
    **{name: (lambda x, _chance, name=name: coded(x, name)) for name in CODECS},  # type: ignore[misc]
    "gain_-20db": lambda x, _chance: x * 0.1,
    "gain_+20db_clipped": lambda x, _chance: np.clip(x * 10.0, -1.0, 1.0),
}
"""Conditions under which robustness is reported."""
