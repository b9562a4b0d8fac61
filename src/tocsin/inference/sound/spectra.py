"""Spectra of sound as the classifier looks at them: log-mel bands, levels and envelopes of a piece of audio."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RATE_HZ = 16_000
"""Sampling rate at which sounds are classified: what is sampled faster is brought down to it."""

FRAME, HOP = 512, 160
"""Samples of one spectrum (32 ms) and from one to the next (10 ms)."""

BANDS = 32
"""Mel bands from 60 to 7,600 Hz."""

_LOW_HZ, _HIGH_HZ = 60.0, 7_600.0
_FLOOR = 1e-10


def _mel(hz: float) -> float:
    return float(2595.0 * np.log10(1.0 + hz / 700.0))


@cache
def mel_bands() -> Floats:
    """Triangular filters (BANDS, FRAME / 2 + 1) over power spectra, each of unit area."""
    marks = np.linspace(_mel(_LOW_HZ), _mel(_HIGH_HZ), BANDS + 2)
    edges = 700.0 * (10.0 ** (marks / 2595.0) - 1.0)
    hz = np.fft.rfftfreq(FRAME, 1.0 / RATE_HZ)
    rising = (hz - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - hz) / (edges[2:] - edges[1:-1])[:, None]
    weights = np.maximum(0.0, np.minimum(rising, falling))
    shares: Floats = weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-9)
    return shares


def framed(samples: Floats) -> Floats:
    """The piece in overlapping frames (frames, FRAME), at least one; a short piece is filled with silence."""
    whole = samples if len(samples) >= FRAME else np.pad(samples, (0, FRAME - len(samples)))
    return np.lib.stride_tricks.sliding_window_view(whole, FRAME)[::HOP]


def power(samples: Floats) -> Floats:
    """Power spectra (frames, FRAME / 2 + 1) of a piece."""
    spectrum = np.fft.rfft(framed(samples) * np.hanning(FRAME), axis=1)
    found: Floats = np.abs(spectrum) ** 2
    return found


def log_mel_db(spectra: Floats) -> Floats:
    """Levels of the mel bands (frames, BANDS) of power spectra, dB."""
    found: Floats = 10.0 * np.log10(spectra @ mel_bands().T + _FLOOR)
    return found


def envelope_db(samples: Floats, step: int) -> Floats:
    """Mean level of each `step` samples, dB re full scale."""
    whole = samples[: len(samples) // step * step].reshape(-1, step)
    found: Floats = 10.0 * np.log10(np.mean(whole * whole, axis=1) + _FLOOR)
    return found
