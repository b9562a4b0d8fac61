"""Voices and whistles in a piece of audio: rough and careful, to let out nothing that may be speech."""

import numpy as np

from tocsin.physics.sound.arrivals import Floats

FRAME_S, HOP_S = 0.04, 0.02
PITCH_HZ = (65.0, 450.0)
"""Where the pitch of voices lies."""

VOICED_MIN = 0.45
"""Autocorrelation from which a frame is voiced: below what telephone speech in street noise has, on purpose."""

QUIET_DB = 40.0
WHISTLE_HZ = (700.0, 6_000.0)
_TONE_MIN = 0.45
_TONES_MIN = 8


def _frames(samples: Floats, rate_hz: float, length_s: float, hop_s: float) -> Floats:
    length, hop = max(8, round(length_s * rate_hz)), max(1, round(hop_s * rate_hz))
    if len(samples) < length:
        return np.zeros((0, length))
    return np.lib.stride_tricks.sliding_window_view(np.asarray(samples, float), length)[::hop]


def voiced_s(samples: Floats, rate_hz: float) -> float:
    """Longest stretch (s) in which the piece has a pitch like a voice's, and is no quieter than 40 dB below its top.

    Sirens, engines and music count too: whoever wants no speech let out takes them for speech as well.

    >>> at = np.arange(16000) / 16000.0
    >>> vowel = sum(np.sin(2 * np.pi * 120.0 * k * at) / k for k in range(1, 20))
    >>> voiced_s(vowel, 16000.0) > 0.5, voiced_s(np.random.default_rng(1).standard_normal(16000), 16000.0)
    (True, 0.0)
    """
    frames = _frames(samples, rate_hz, FRAME_S, HOP_S)
    if not len(frames):
        return 0.0
    frames = frames - frames.mean(axis=1, keepdims=True)
    power = (frames**2).mean(axis=1)
    size = 1 << (2 * frames.shape[1] - 1).bit_length()
    spectra = np.abs(np.fft.rfft(frames * np.hanning(frames.shape[1]), size, axis=1)) ** 2
    spectra[:, np.fft.rfftfreq(size, 1.0 / rate_hz) > 4_000.0] = 0.0
    whole = np.fft.irfft(spectra, axis=1)
    taper = np.fft.irfft(np.abs(np.fft.rfft(np.hanning(frames.shape[1]), size)) ** 2)
    low, high = round(rate_hz / PITCH_HZ[1]), min(round(rate_hz / PITCH_HZ[0]), frames.shape[1] - 1)
    alike = (
        whole[:, low:high] / np.maximum(whole[:, :1], 1e-20) * (taper[0] / np.maximum(taper[low:high], 1e-3 * taper[0]))
    )
    inside = (alike[:, 1:-1] >= alike[:, :-2]) & (alike[:, 1:-1] >= alike[:, 2:])  # a peak, not the edge of a hum
    best = np.where(inside, alike[:, 1:-1], 0.0).max(axis=1)
    loud = power > power.max() * 10.0 ** (-QUIET_DB / 10.0)
    return _longest((best >= VOICED_MIN) & loud & (power > 1e-10)) * HOP_S


def _longest(marks: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> int:
    edges = np.flatnonzero(np.diff(np.r_[0, marks.astype(int), 0]))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def whistled(samples: Floats, rate_hz: float) -> float:
    """How much the piece is a tone that glides (0 to 1): a rocket's whistle before it bursts.

    >>> at = np.arange(16000) / 16000.0
    >>> whistled(np.sin(2 * np.pi * (1500.0 + 1000.0 * at) * at), 16000.0) > 0.8
    True
    """
    frames = _frames(samples, rate_hz, 0.032, 0.032)
    if len(frames) < _TONES_MIN:
        return 0.0
    power = np.abs(np.fft.rfft(frames * np.hanning(frames.shape[1]), axis=1)) ** 2
    hz = np.fft.rfftfreq(frames.shape[1], 1.0 / rate_hz)
    band = (hz >= WHISTLE_HZ[0]) & (hz <= WHISTLE_HZ[1])
    part = power[:, band]
    peak = part.argmax(axis=1)
    near = sum(part[np.arange(len(part)), np.clip(peak + off, 0, part.shape[1] - 1)] for off in (-1, 0, 1))
    tonal = near / np.maximum(power.sum(axis=1), 1e-20) >= _TONE_MIN
    if tonal.sum() < _TONES_MIN or np.ptp(peak[tonal]) < 2:
        return 0.0
    glides = abs(float(np.corrcoef(np.flatnonzero(tonal), peak[tonal])[0, 1]))
    return round(glides * float(tonal.mean()), 3)
