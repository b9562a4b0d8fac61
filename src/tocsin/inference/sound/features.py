"""What the classifier is told of a sound: windows around its bangs and along it, each as one row of numbers.

The first SHAPE numbers of a row are relative to the loudest of its window, so that gain does not matter, and
bounded, so that no odd recording lies far outside of what was learned. The rest are levels of the piece as recorded.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tocsin.inference.sound.spectra import (
    BANDS,
    FRAME,
    HOP,
    RATE_HZ,
    Floats,
    envelope_db,
    framed,
    log_mel_db,
    mel_bands,
)

WINDOW_S, BEFORE_S = 1.5, 0.1
"""Length of a window, and how much of it lies before the bang."""

BANGS_MAX, ALONG_MAX = 6, 8
"""Most windows around bangs and along a piece."""

QUIET_DB = 25.0
"""Windows so far below the loudest moment of the piece are left out."""

RISE_DB = 6.0
_FINE = 16
_FRAMES = round(WINDOW_S * RATE_HZ) // HOP
_SPAN = round(WINDOW_S * RATE_HZ)
_LAGS = (8, 160)
_DECAY_FRAMES = (3, 6, 12, 25, 50, 90)


@dataclass(frozen=True, slots=True)
class Windows:
    """Rows (n, features), where each window begins (samples), and whether it lies around a bang."""

    rows: Floats
    begins: NDArray[np.int64]
    bangs: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Whole:
    """A piece analysed once: power, mel levels, level, harmonicity and its lag, zero crossings, per frame."""

    power: Floats
    mel_db: Floats
    mel: Floats
    level_db: Floats
    harmonic: Floats
    lag: Floats
    crossings: Floats
    fine_db: Floats
    samples: Floats


def windows_of(samples: Floats) -> Windows:
    """All windows of a piece (n,) at RATE_HZ, full scale 1.0; silence has one window too."""
    padded = np.asarray(samples, float)
    short = _SPAN + FRAME - len(padded)
    padded = np.pad(padded, (0, max(0, short)))
    levels = envelope_db(padded[: max(len(samples), HOP)], HOP)
    bangs = _bangs(levels)
    along = _along(levels)
    begins = [max(0, index * HOP - round(BEFORE_S * RATE_HZ)) for index in bangs] + [index * HOP for index in along]
    if not begins:
        begins = [0]
    last = len(padded) - _SPAN
    begins = [min(begin, last) // HOP * HOP for begin in begins]
    whole = _analysed(padded)
    rows = np.stack([_row(whole, begin) for begin in begins])
    levels = _of_levels(whole.mel_db[: max(1, (len(samples) - FRAME) // HOP + 1)])
    rows = np.hstack([rows, np.tile(levels, (len(rows), 1))])
    marks = np.arange(len(begins)) < len(bangs)
    return Windows(np.nan_to_num(rows, nan=0.0, posinf=0.0, neginf=0.0), np.array(begins, np.int64), marks)


def _of_levels(mel_db: Floats) -> Floats:
    """How loud each band of the whole piece is: mean, spread, and what is exceeded hardly, half the time, mostly.

    Unlike the rest of a row these are levels as recorded: they tell much where microphones are set up alike, and
    nothing where they are not. So they are judged by a part of the model of their own.
    """
    parts = [mel_db.mean(axis=0), mel_db.std(axis=0), *np.percentile(mel_db, (10, 50, 90, 100), axis=0)]
    return np.concatenate(parts)


def _bangs(levels: Floats) -> list[int]:
    """The steps (10 ms) where the piece grows louder most, loud ones first."""
    if len(levels) < 4:
        return []
    past = np.lib.stride_tricks.sliding_window_view(np.pad(levels, (12, 0), constant_values=-100.0), 11)[: len(levels)]
    ahead = np.lib.stride_tricks.sliding_window_view(np.pad(levels, (0, 3), mode="edge"), 4).max(axis=1)
    top, rise = levels.max(), ahead - past.max(axis=1)
    worth = np.where((rise < RISE_DB) | (ahead < top - QUIET_DB), -np.inf, rise + 0.7 * (ahead - top))
    found: list[int] = []
    while len(found) < BANGS_MAX and np.isfinite(worth.max()):
        best = int(worth.argmax())
        found.append(best)
        worth[max(0, best - 25) : best + 26] = -np.inf
    return found


def _along(levels: Floats) -> list[int]:
    """Windows one after another, where the piece is not much quieter than elsewhere; evenly thinned to ALONG_MAX."""
    step = RATE_HZ // HOP
    begins = range(0, max(1, len(levels) - _FRAMES // 2), step)
    loud = [begin for begin in begins if levels[begin : begin + _FRAMES].max() > levels.max() - QUIET_DB]
    if len(loud) <= ALONG_MAX:
        return loud
    return [loud[int(index)] for index in np.linspace(0, len(loud) - 1, ALONG_MAX)]


def _analysed(samples: Floats) -> _Whole:
    frames = framed(samples)
    power = np.abs(np.fft.rfft(frames * np.hanning(FRAME), axis=1)) ** 2
    correlation = np.fft.irfft(np.abs(np.fft.rfft(frames[::2], 2 * FRAME, axis=1)) ** 2, axis=1)
    part = correlation[:, _LAGS[0] : _LAGS[1]] / (correlation[:, :1] + 1e-12)
    every = np.minimum(np.arange(len(frames)) // 2, len(part) - 1)
    return _Whole(
        power=power,
        mel_db=log_mel_db(power),
        mel=power @ mel_bands().T,
        level_db=10.0 * np.log10(power.sum(axis=1) + 1e-10),
        harmonic=part.max(axis=1)[every],
        lag=(part.argmax(axis=1) + _LAGS[0]).astype(float)[every],
        crossings=np.mean(np.abs(np.diff(np.signbit(frames).astype(float), axis=1)), axis=1),
        fine_db=envelope_db(samples, _FINE),
        samples=samples,
    )


def _row(whole: _Whole, begin: int) -> Floats:
    part = slice(begin // HOP, begin // HOP + _FRAMES)
    mel = np.maximum(whole.mel_db[part] - whole.mel_db[part].max(), -60.0)
    peak = int(whole.level_db[part].argmax())
    sum_db = 10.0 * np.log10(whole.mel[part].sum(axis=0) + 1e-10)
    groups = mel.reshape(len(mel), 8, -1).mean(axis=2)
    decay = [np.clip(groups[min(peak + later, len(groups) - 1)] - groups[peak], -50.0, 10.0) for later in _DECAY_FRAMES]
    parts = [
        np.maximum(sum_db - sum_db.max(), -60.0),
        mel.mean(axis=0) - mel.mean(),
        mel.std(axis=0),
        mel[peak] - mel[peak].max(),
        np.percentile(mel, 10, axis=0),
        *decay,
        _of_envelope(whole.fine_db[begin // _FINE : (begin + _SPAN) // _FINE], whole.samples[begin : begin + _SPAN]),
        _of_frames(whole, part, peak),
    ]
    return np.concatenate(parts)


def _of_envelope(fine_db: Floats, samples: Floats) -> Floats:
    """How the level rises and falls, in steps of a millisecond."""
    levels = np.maximum(fine_db - fine_db.max(), -80.0)
    peak = int(levels.argmax())
    before = levels[max(0, peak - 100) : max(1, peak - 4)]
    quiet = np.flatnonzero(levels[: peak + 1] < -20.0)
    energy = np.cumsum(10.0 ** (levels / 10.0))
    halves = np.searchsorted(energy / energy[-1], (0.1, 0.5, 0.9))
    smooth = 10.0 * np.log10(np.convolve(10.0 ** (levels / 10.0), np.full(10, 0.1), "same") + 1e-9)
    smooth = smooth[int(smooth.argmax()) :] - smooth.max()
    falls = [_first_below(smooth, -drop) for drop in (5.0, 10.0, 20.0, 30.0)]
    spread = float(np.sqrt(np.mean(samples**2)) + 1e-9)
    crest = 20.0 * np.log10(np.abs(samples).max() / spread + 1e-9)
    tails = float(np.mean((samples - samples.mean()) ** 4) / (samples.var() ** 2 + 1e-12)) ** 0.25
    return np.array(
        [
            min(float(peak - quiet[-1]) if len(quiet) else 200.0, 200.0),
            *falls,
            *halves,
            before.max(initial=-80.0),
            float(np.median(before)) if len(before) else -80.0,
            float(np.median(levels)),
            *np.percentile(levels, (10, 90)),
            np.clip(crest, 0.0, 45.0),
            min(tails, 8.0),
        ]
    )


def _first_below(levels: Floats, least: float) -> float:
    found = np.flatnonzero(levels < least)
    return float(found[0]) if len(found) else float(len(levels))


def _of_frames(whole: _Whole, part: slice, peak: int) -> Floats:
    """Tone, pitch and centre of the loud frames, and how they move."""
    level = np.maximum(whole.level_db[part] - whole.level_db[part].max(), -60.0)
    loud, power = level > -20.0, whole.power[part]
    hz = np.fft.rfftfreq(FRAME, 1.0 / RATE_HZ)
    sums = power.sum(axis=1) + 1e-12
    centre, share = power @ hz / sums, power.max(axis=1) / sums
    flat = np.exp(np.log(power + 1e-12).mean(axis=1)) / (power.mean(axis=1) + 1e-12)
    tone, pitch = np.log2(power.argmax(axis=1) + 1.0), np.log2(whole.lag[part])
    harmonic, crossings = whole.harmonic[part], whole.crossings[part]
    steps = np.diff(level)
    return np.array(
        [
            steps.max(),
            steps.std(),
            float((steps > RISE_DB).sum()),
            level.mean(),
            level.std(),
            harmonic[loud].mean(),
            harmonic[loud].max(),
            np.percentile(harmonic[loud], 20),
            *_moves(pitch[loud]),
            loud.mean(),
            centre[peak] / 1e3,
            centre[loud].mean() / 1e3,
            centre[loud].std() / 1e3,
            flat[peak],
            flat[loud].mean(),
            crossings[peak],
            crossings[loud].mean(),
            share[peak],
            share[loud].mean(),
            np.percentile(share[loud], 80),
            *_moves(tone[loud]),
        ]
    )


def _moves(track: Floats) -> tuple[float, float, float]:
    """Spread of a track of octaves, how much it moves from frame to frame, and whether it rises (-1 to 1)."""
    if len(track) < 3 or float(track.std()) < 1e-9:
        return 0.0, 0.0, 0.0
    rises = float(np.corrcoef(np.arange(len(track)), track)[0, 1])
    return float(track.std()), float(np.abs(np.diff(track)).mean()), rises


SHAPE = len(_row(_analysed(np.zeros(_SPAN + FRAME)), 0))
"""How many numbers of a row are about the window itself, whatever the gain."""

FEATURES = SHAPE + 6 * BANDS
"""How many numbers a row has."""
