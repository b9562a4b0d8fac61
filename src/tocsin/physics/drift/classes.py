"""Classes that drift, each a line along which its pattern moves with the strength of the exposure.

All lines together are one Gaussian state: drift that all classes share, and drift of their own, both growing with the
time that passes. A pattern without a label updates every class by how likely it is to be of it; through the shared
part it also moves the classes that are not seen. A class that was long not seen is wide, so it and not a neighbour
takes the cluster that appears where none was. It is a Kalman filter with matrix-normal state (rows: classes and their
slopes; columns: whitened features), the noise heavy-tailed.

References: R. E. Kalman (1960); A. P. Dawid (1981), Biometrika 68, 265-274 (matrix-variate normal); Y. Bar-Shalom and
T. E. Fortmann (1988), Tracking and Data Association, ch. 6 (soft association); K. L. Lange et al. (1989), JASA 84.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FORGETS = 0.999
"""How much of what is known of the shares of classes is kept per pattern."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How fast classes drift (variance per month, in units of the noise within a class), and how they are judged.

    `common` is shared by all, `own` of each; slopes drift by `slope` times that. `tail` are the degrees of freedom of
    the noise, `wide` widens all when judging, `unsure` is the least probability of a class that still learns, `shares`
    how many patterns the first shares of classes count as, `shrink` and `floor` steady the covariance.
    """

    common: float
    own: float
    slope: float
    tail: float
    chosen: tuple[int, ...]
    wide: float = 1.0
    unsure: float = 0.02
    shares: float = 50.0
    shrink: float = 0.02
    floor: float = 0.0


@dataclass(slots=True)
class DriftingClasses:
    """The classes as they are believed to be now."""

    settings: Settings
    whitening: Floats
    lines: Floats
    """(2K, D): per class its place at strength 0 and its slope, whitened."""
    covariance: Floats
    """(2K, 2K) of the rows of `lines`."""
    shares: Floats

    @classmethod
    def of(cls, patterns: Floats, strengths: Floats, labels: NDArray[np.intp], settings: Settings) -> "DriftingClasses":
        """From calibration: patterns (N, D), strengths (N), labels (N) from 0 on, each class at least once."""
        fits = [_fit(patterns[labels == k], strengths[labels == k]) for k in range(int(labels.max()) + 1)]
        residuals = np.concatenate([residual for _, _, residual in fits])
        spread = np.cov(residuals.T) + settings.floor * np.eye(patterns.shape[1])
        whitening = _whitening(spread, settings.shrink)
        covariance = np.zeros((2 * len(fits), 2 * len(fits)))
        for k, (_, own, _) in enumerate(fits):
            covariance[2 * k : 2 * k + 2, 2 * k : 2 * k + 2] = own
        lines = np.concatenate([line for line, _, _ in fits]) @ whitening
        return cls(settings, whitening, lines, covariance, np.full(len(fits), settings.shares))

    @property
    def count(self) -> int:
        """How many classes there are."""
        return len(self.shares)

    def pass_time(self, months: float) -> None:
        """Let the classes drift."""
        shape = np.diag([1.0, self.settings.slope])
        together, alone = np.ones((self.count, self.count)), np.eye(self.count)
        grown = self.settings.common * np.kron(together, shape) + self.settings.own * np.kron(alone, shape)
        self.covariance = self.covariance + months * grown

    def judge(self, pattern: Floats, strength: float) -> tuple[Floats, Floats]:
        """The probability of each class (K), and the squared distance to each (K) in its own width."""
        rows = np.array([1.0, strength])
        means = np.einsum("z,kzd->kd", rows, self.lines.reshape(self.count, 2, -1))
        blocks = self.covariance.reshape(self.count, 2, self.count, 2)
        own = np.einsum("z,kzky,y->k", rows, blocks, rows)
        width = (own + 1.0) * self.settings.wide
        squares = ((pattern @ self.whitening - means) ** 2).sum(axis=1) / width
        tail, size = self.settings.tail, self.lines.shape[1]
        logs = -0.5 * (tail + size) * np.log1p(squares / tail) - 0.5 * size * np.log(width)
        logs += np.log(self.shares / self.shares.sum())
        chances = np.exp(logs - logs.max())
        return chances / chances.sum(), squares

    def learn(self, pattern: Floats, strength: float, chances: Floats, squares: Floats) -> None:
        """Let one pattern move the classes, each by its chance; what lies far off moves little."""
        white = pattern @ self.whitening
        for k in sorted(range(self.count), key=lambda k: -chances[k]):
            if chances[k] < self.settings.unsure:
                break
            self._move(k, white, strength, float(chances[k]) * self._trust(float(squares[k])))
        self.shares = self.shares * FORGETS + chances

    def _trust(self, square: float) -> float:
        size = int(self.lines.shape[1])
        return min(1.0, (self.settings.tail + size) / (self.settings.tail + square))

    def _move(self, k: int, white: Floats, strength: float, weight: float) -> None:
        """One update of the Kalman filter, the noise divided by the weight."""
        seen = np.zeros(2 * self.count)
        seen[2 * k : 2 * k + 2] = (1.0, strength)
        gain = self.covariance @ seen
        gain = gain / (float(seen @ gain) + 1.0 / max(weight, 1e-9))
        self.lines = self.lines + np.outer(gain, white - seen @ self.lines)
        self.covariance = self.covariance - np.outer(gain, seen @ self.covariance)


def _fit(patterns: Floats, strengths: Floats) -> tuple[Floats, Floats, Floats]:
    """Least squares of one class (a faint prior holds the slope): its line, the line's covariance, residuals."""
    rows = np.stack([np.ones_like(strengths), strengths], axis=1)
    precision = rows.T @ rows + np.diag([1e-6, 1.0])
    line = np.linalg.solve(precision, rows.T @ patterns)
    return line, np.linalg.inv(precision), patterns - rows @ line


def _whitening(spread: Floats, shrink: float) -> Floats:
    steady = (1.0 - shrink) * spread + shrink * np.diag(np.diag(spread))
    values, vectors = np.linalg.eigh(steady)
    found: Floats = vectors / np.sqrt(np.maximum(values, 1e-12))
    return found


def packed(models: Sequence[DriftingClasses]) -> list[bytes]:
    """What changes of each model, as bytes that a state can keep."""
    return [
        b"".join(one.tobytes() for one in (model.lines, model.covariance, model.shares, model.whitening))
        for model in models
    ]


def unpacked(raw: bytes, settings: Settings, count: int, size: int) -> DriftingClasses:
    """The inverse, for a model of `count` classes and patterns of `size`."""
    numbers = np.frombuffer(raw, np.float64)
    ends = np.cumsum([2 * count * size, 4 * count * count, count, size * size])
    lines, covariance, shares, whitening = (part.copy() for part in np.split(numbers, ends[:-1]))
    return DriftingClasses(
        settings,
        whitening.reshape(size, size),
        lines.reshape(2 * count, size),
        covariance.reshape(2 * count, 2 * count),
        shares,
    )
