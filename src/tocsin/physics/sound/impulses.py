"""Impulses in a piece of audio: when each begins, to less than a sample, how sharp it is, and what shape it has."""

from dataclasses import dataclass

import numpy as np

from tocsin.physics.sound.arrivals import Floats

STEP_S = 0.002
"""Step of the envelope in which impulses are looked for."""

BEFORE_S, RISE_S = 0.1, 0.012
"""An impulse is as much louder than the loudest of so long before, within so short a time."""

REST_S = 0.06
"""After an impulse, what comes within this belongs to it."""

AFTER_S = 0.5
"""How much of what follows tells its shape."""

PIECE_IMPULSES_MAX = 64
"""Most impulses taken from one piece; more is no impulse but noise."""

_FLOOR = 1e-12
_N_WAVE_S = (8e-5, 6e-4)
_N_WAVE_ALIKE = 1.8
_N_WAVE_RATE_HZ = 32_000.0
"""A small bullet's shock wave lasts 0.1 to 0.5 ms: with fewer samples its shape cannot be told from another crack's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One impulse. `onset` and `onset_sd` in samples of the piece; levels in dB re full scale (unless calibrated).

    `rise_db` above the loudest just before, `snr_db` above the usual of the piece, `crest_db` peak over root mean
    square of the first 50 ms, `positive_s` how long the first swing lasts (a muzzle blast: 2 to 5 ms), `duration_s`
    until it has fallen by 20 dB, `centroid_hz` and `low_share` (below 500 Hz) of the first 50 ms. `n_wave_s` is how
    long its N lasts, where it has the shape of a bullet's shock wave.
    """

    onset: float
    onset_sd: float
    level_db: float
    rise_db: float
    snr_db: float
    crest_db: float
    positive_s: float
    duration_s: float
    centroid_hz: float
    low_share: float
    n_wave_s: float | None = None


def impulses_of(samples: Floats, rate_hz: float, *, rise_db: float = 12.0, snr_db: float = 15.0) -> list[Measured]:
    """The impulses of a piece (n,), in order; `rise_db` and `snr_db` are the least that counts.

    The onset is picked by Akaike's criterion on the variances before and after it (Maeda 1985), between samples by
    a parabola.

    >>> piece = 1e-3 * np.random.default_rng(1).standard_normal(8000)
    >>> piece[4000:4400] += 0.5 * np.exp(-np.arange(400) / 40.0)
    >>> [round(one.onset / 16.0, 1) for one in impulses_of(piece, 16000.0)]
    [250.0]
    """
    step = max(1, round(STEP_S * rate_hz))
    levels = _levels_db(samples, step)
    usual = float(np.median(levels)) if len(levels) else 0.0
    rises = _rises(levels, rise_db, usual + snr_db)[:PIECE_IMPULSES_MAX]
    return [_measured(samples, rate_hz, index * step, levels, usual) for index in rises]


def _levels_db(samples: Floats, step: int) -> Floats:
    whole = np.asarray(samples[: len(samples) // step * step], float).reshape(-1, step)
    levels: Floats = 10.0 * np.log10(np.mean(whole * whole, axis=1) + _FLOOR)
    return levels


def _rises(levels: Floats, rise_db: float, least_db: float) -> list[int]:
    """Steps at which the level rises enough, the first of each impulse."""
    before, ahead, rest = (max(1, round(seconds / STEP_S)) for seconds in (BEFORE_S, RISE_S, REST_S))
    if len(levels) < before // 4:
        return []
    padded = np.pad(levels, (before, ahead), mode="edge")
    past = np.lib.stride_tricks.sliding_window_view(padded, before)[: len(levels)].max(axis=1)
    coming = np.lib.stride_tricks.sliding_window_view(padded[before:], ahead + 1)[: len(levels)].max(axis=1)
    rising = np.flatnonzero((coming - past >= rise_db) & (coming >= least_db))
    found: list[int] = []
    for index in rising:
        if not found or index - found[-1] > rest:
            found.append(int(index))
    return found


def _measured(samples: Floats, rate_hz: float, near: int, levels: Floats, usual_db: float) -> Measured:
    span = round(0.02 * rate_hz)
    onset, sd = _picked(samples, max(0, near - span), min(len(samples), near + round(1.5 * span)))
    begin = int(onset)
    head = samples[begin : begin + max(2, round(0.05 * rate_hz))]
    first = begin / rate_hz / STEP_S
    before = levels[max(0, int(first - BEFORE_S / STEP_S)) : max(1, int(first))]
    level = 10.0 * float(np.log10(np.mean(head**2) + _FLOOR))
    top = float(levels[int(first) : int(first) + round(0.05 / STEP_S)].max(initial=level))
    centroid, low = _spectrum(head, rate_hz)
    return Measured(
        onset=onset,
        onset_sd=sd,
        level_db=20.0 * float(np.log10(np.abs(head).max() + 1e-9)),
        rise_db=top - float(before.max(initial=-120.0)),
        snr_db=top - usual_db,
        crest_db=20.0 * float(np.log10(np.abs(head).max() + 1e-9)) - level,
        positive_s=_first_swing_s(head, rate_hz),
        duration_s=_lasting_s(samples[begin : begin + round(AFTER_S * rate_hz)], rate_hz),
        centroid_hz=centroid,
        low_share=low,
        n_wave_s=_n_wave_s(samples[begin : begin + max(8, round(0.012 * rate_hz))], rate_hz),
    )


def _picked(samples: Floats, begin: int, end: int) -> tuple[float, float]:
    """Onset and its deviation within a window, in samples."""
    part = np.asarray(samples[begin:end], float)
    count = len(part)
    if count < 16:
        return float(begin), 4.0
    sums, squares = np.cumsum(part), np.cumsum(part**2)
    n = np.arange(4, count - 4)
    early = squares[n - 1] / n - (sums[n - 1] / n) ** 2
    late = (squares[-1] - squares[n - 1]) / (count - n) - ((sums[-1] - sums[n - 1]) / (count - n)) ** 2
    worth = n * np.log(early + _FLOOR) + (count - n) * np.log(late + _FLOOR)
    best = int(worth.argmin())
    shift = 0.0
    if 0 < best < len(worth) - 1:
        left, middle, right = worth[best - 1 : best + 2]
        bend = left - 2.0 * middle + right
        shift = 0.5 * float((left - right) / bend) if bend > 1e-9 else 0.0
    chance = np.exp(-0.5 * np.minimum(worth - worth[best], 1_400.0))
    spread = float(np.sqrt((chance * (n - n[best]) ** 2).sum() / chance.sum()))
    return begin + float(n[best]) + shift, max(0.3, spread)


def _spectrum(head: Floats, rate_hz: float) -> tuple[float, float]:
    """Centroid (Hz) and the share of power below 500 Hz."""
    power = np.abs(np.fft.rfft(head)) ** 2
    hz = np.fft.rfftfreq(len(head), 1.0 / rate_hz)
    power[hz < 20.0] = 0.0
    whole = float(power.sum()) + _FLOOR
    return float((power * hz).sum()) / whole, float(power[hz < 500.0].sum()) / whole


def _first_swing_s(head: Floats, rate_hz: float) -> float:
    """From the beginning until the strongest early swing ends."""
    early = head[: max(4, round(0.012 * rate_hz))]
    peak = int(np.abs(early).argmax())
    after = np.flatnonzero(np.sign(early[peak:]) != np.sign(early[peak]))
    return (peak + (int(after[0]) if len(after) else len(early) - peak)) / rate_hz


def _lasting_s(tail: Floats, rate_hz: float) -> float:
    """Until the level (over 10 ms) has fallen by 20 dB for good, at most AFTER_S."""
    levels = _levels_db(tail, max(1, round(0.01 * rate_hz)))
    loud = np.flatnonzero(levels > levels.max(initial=-120.0) - 20.0)
    return 0.01 * (int(loud[-1]) + 1) if len(loud) else 0.01


def _n_wave_s(head: Floats, rate_hz: float) -> float | None:
    """How long an N lasts: up, straight down to as far below, and back; None for any other shape."""
    if rate_hz < _N_WAVE_RATE_HZ:
        return None
    up, down = int(head.argmax()), int(head.argmin())
    lasts = (down - up) / rate_hz
    peak, dip = float(head[up]), -float(head[down])
    alike = min(peak, dip) > 0.0 and max(peak, dip) / max(min(peak, dip), 1e-9) <= _N_WAVE_ALIKE
    if not (alike and _N_WAVE_S[0] <= lasts <= _N_WAVE_S[1] and up / rate_hz < 2e-3):
        return None
    end = down + 2 + round(3e-4 * rate_hz)
    inside, outside = float((head[:end] ** 2).sum()), float((head[end:] ** 2).sum())
    return lasts if outside < 0.25 * inside else None
