"""Sequential Monte Carlo: hypotheses are reweighted by each new reading, resampled, and moved to stay different."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tocsin.physics.dispersion.air import Floats
from tocsin.physics.source_term.hypotheses import Prior

LEAST = 0.5
"""Share of effective hypotheses below which they are resampled and moved."""

STAGES_MAX = 30
"""Most steps in which one update may be taken; the last one takes the rest."""

Likelihoods = Callable[[Floats], tuple[Floats, Floats]]
"""Of hypotheses: the logarithm of the likelihood of what was known before, and of all that is known now."""

IMPOSSIBLE = -1e300
"""Logarithm of what cannot be: a hypothesis outside of what is believed now moves as soon as it can."""

JUMP = 2.38
"""Best scale of steps over the square root of twice the dimensions (ter Braak and Vrugt 2008)."""


def updated(
    rows: Floats, prior: Prior, likelihoods: Likelihoods, chance: np.random.Generator, *, moves: int = 4
) -> Floats:
    """Equally likely hypotheses (rows) once more is known.

    The step from the old to the new likelihood is taken in parts, each as large as leaves half of the hypotheses
    effective (tempering); after each they are resampled, and moved by differential evolution (ter Braak and Vrugt
    2008) under the likelihood as far as it has been taken.
    """
    old, new = likelihoods(rows)
    taken = 0.0
    for stage in range(STAGES_MAX):
        step = 1.0 - taken if stage == STAGES_MAX - 1 else _step(new - old, 1.0 - taken)
        taken = min(1.0, taken + step)
        kept = _resampled(_weights((new - old) * step), chance)
        rows, old, new = _moved((rows[kept], old[kept], new[kept]), prior, likelihoods, chance, (taken, moves))
        if taken >= 1.0:
            break
    return rows


_Told = tuple[Floats, Floats, Floats]
"""Hypotheses with both likelihoods."""


def _moved(
    told: _Told, prior: Prior, likelihoods: Likelihoods, chance: np.random.Generator, plan: tuple[float, int]
) -> _Told:
    """Metropolis steps, each towards where two other hypotheses differ."""
    (rows, old, new), (taken, moves) = told, plan
    dimensions = max(1.0, float(prior.open.sum()))
    believed = np.maximum(prior.log_density(rows) + old + taken * (new - old), IMPOSSIBLE)
    for _ in range(moves):
        far = 1.0 if chance.random() < 0.1 else JUMP / (2.0 * dimensions) ** 0.5
        pairs = chance.integers(0, len(rows), (2, len(rows)))
        shaken = 1e-3 * rows.std(axis=0) * chance.standard_normal(rows.shape)
        tried = rows + (far * (rows[pairs[0]] - rows[pairs[1]]) + shaken) * prior.open
        held = prior.log_density(tried)
        possible = np.isfinite(held)
        tried_old, tried_new = likelihoods(np.where(possible[:, None], tried, rows))
        better = np.maximum(held + tried_old + taken * (tried_new - tried_old), IMPOSSIBLE)
        accepted = possible & (np.log(chance.random(len(rows))) < better - believed)
        rows = np.where(accepted[:, None], tried, rows)
        old, new = np.where(accepted, tried_old, old), np.where(accepted, tried_new, new)
        believed = np.where(accepted, better, believed)
    return rows, old, new


def _step(gain: Floats, left: float) -> float:
    """The largest part of what is left that keeps enough hypotheses effective."""
    if _effective(gain * left) >= LEAST * len(gain):
        return left
    low, high = 0.0, left
    for _ in range(25):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if _effective(gain * middle) >= LEAST * len(gain) else (low, middle)
    return max(low, 1e-4 * left)


def _effective(logs: Floats) -> float:
    return float(1.0 / (_weights(logs) ** 2).sum())


def _weights(logs: Floats) -> Floats:
    raised = np.exp(logs - logs.max())
    return np.asarray(raised / raised.sum())


def _resampled(weights: Floats, chance: np.random.Generator) -> NDArray[np.int64]:
    """Systematic resampling: indexes, each about as often as its weight says."""
    points = (np.arange(len(weights)) + chance.random()) / len(weights)
    return np.minimum(np.searchsorted(np.cumsum(weights), points), len(weights) - 1).astype(np.int64)
