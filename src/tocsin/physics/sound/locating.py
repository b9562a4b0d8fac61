"""Where and when a sound was made, from its arrival times at several microphones, with clocks, weather and echoes."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from tocsin.physics.sound.air import speed_per_kelvin
from tocsin.physics.sound.arrivals import Floats, Heard, Locating, Weather, due_share, log_density, pull

MICROPHONES_MIN = 3
"""Fewest microphones that place a sound; three leave nothing to check it by."""

ARRIVALS_MAX = 200
"""Most arrivals that are taken into one search."""

_HELD = np.array([1e-6, 1e-6, 1e-3, 0.0, 0.0, 0.0])
_X, _Y, _AT, _SPEED, _EAST, _NORTH = range(6)
_STEP_M_MAX = 120.0
_CHUNK = 400


@dataclass(frozen=True, slots=True)
class Located:
    """A place: metres east and north, when (s, of the arrivals' zero), with its covariance (2, 2), m².

    `direct` is, per arrival in the order of `Heard`, the chance that it came the direct way; `late_s` how much later
    than due it came. `support_nats` is how much better one common source explains all than chance does.
    """

    east_m: float
    north_m: float
    at_s: float
    covariance_m2: Floats
    direct: Floats
    late_s: Floats
    support_nats: float
    speed_m_s: float

    def axes_m(self, probability: float) -> tuple[float, float, float]:
        """Half axes of the ellipse of that probability, long and short (m), and the long one's bearing (degrees)."""
        spreads, ways = np.linalg.eigh(self.covariance_m2)
        reach = float(np.sqrt(-2.0 * np.log(1.0 - probability)))
        short, long = np.sqrt(np.maximum(spreads, 0.01)) * reach
        return float(long), float(short), float(np.degrees(np.arctan2(ways[0, 1], ways[1, 1]))) % 180.0

    def outline_m(self, probability: float, points: int = 36) -> Floats:
        """The closed outline of that ellipse (points + 1, 2), metres east and north."""
        spreads, ways = np.linalg.eigh(self.covariance_m2)
        reach = np.sqrt(-2.0 * np.log(1.0 - probability)) * np.sqrt(np.maximum(spreads, 0.01))
        turn = np.linspace(0.0, 2.0 * np.pi, points + 1)
        round_ = np.column_stack([np.cos(turn), np.sin(turn)]) * reach
        outline: Floats = round_ @ ways.T + np.array([self.east_m, self.north_m])
        return outline


def located(heard: Heard, rule: Locating | None = None, weather: Weather | None = None) -> Located | None:
    """The most credible source of these arrivals; None where too few microphones heard anything.

    Grid search with every arrival as the anchor of the moment, then reweighted least squares on place, moment and
    weather from the best cells, then the mean over weighted draws around what remains.

    >>> spots = np.array([[0.0, 0], [800, 0], [0, 800], [800, 800], [400, 100]])
    >>> due = np.hypot(*(spots - [300.0, 500.0]).T) / 340.4
    >>> found = located(Heard.of(spots, np.arange(5), due))
    >>> abs(found.east_m - 300.0) < 3, abs(found.north_m - 500.0) < 3
    (True, True)
    """
    rule, weather = rule or Locating(), weather or Weather()
    if heard.count < MICROPHONES_MIN or len(heard.at_s) > ARRIVALS_MAX:
        return None
    zero = float(heard.at_s.min())
    search = _Search(Heard(heard.spots_m, heard.microphone, heard.at_s - zero), rule, weather)
    found, spread = search.refined(search.starts())
    return search.settled(found, spread, zero)


@cache
def _normals(count: int) -> Floats:
    """The same draws every time: the same sounds give the same place."""
    return np.random.default_rng(20_250_101).standard_normal((count, 7))


class _Search:
    """One search: the arrivals, what is believed, and the steps from cells to a place."""

    def __init__(self, heard: Heard, rule: Locating, weather: Weather, height_m: float = 0.0) -> None:
        self._heard, self._rule, self._weather, self._height_m = heard, rule, weather, height_m
        self._places, self._heads = heard.places_m, heard.heads
        self._wind = np.array([weather.east_m_s, weather.north_m_s])
        speed_sd = speed_per_kelvin(weather.temperature_c) * rule.temperature_sd_k
        self._prior = np.array([0.0, 0.0, 0.0, speed_sd**-2, rule.wind_sd_m_s**-2, rule.wind_sd_m_s**-2])
        self._weather_sd = float(np.hypot(speed_sd, rule.wind_sd_m_s))

    def _sd_s(self, far_m: Floats, more_s: float = 0.0) -> Floats:
        gusts = self._rule.gust_sd_m_s * far_m / self._weather.speed_m_s**2
        found: Floats = np.sqrt(self._rule.clock_sd_s**2 + gusts**2 + more_s**2)
        return found

    def starts(self) -> Floats:
        """The best cells with their moments, far enough from one another (K, 6)."""
        cells = self._cells()
        scores, moments = np.empty(len(cells)), np.empty(len(cells))
        for begin in range(0, len(cells), _CHUNK):
            part = slice(begin, begin + _CHUNK)
            scores[part], moments[part] = self._scored(cells[part])
        chosen: list[int] = []
        for index in np.argsort(-scores, kind="stable"):
            if all(np.hypot(*(cells[index] - cells[other])) > 1.5 * self._rule.cell_m for other in chosen):
                chosen.append(int(index))
            if len(chosen) == self._rule.starts:
                break
        return np.column_stack([cells[chosen], moments[chosen], np.zeros((len(chosen), 3))])

    def _cells(self) -> Floats:
        low, high = (self._places.min(axis=0) - self._rule.margin_m, self._places.max(axis=0) + self._rule.margin_m)
        step = max(self._rule.cell_m, float((high - low).max()) / 90.0)
        east, north = (np.arange(low[axis], high[axis] + step, step) for axis in (0, 1))
        return np.column_stack([one.ravel() for one in np.meshgrid(east, north)])

    def _scored(self, cells: Floats) -> tuple[Floats, Floats]:
        """The best score of each cell over moments anchored at each arrival, and that moment."""
        way = self._places[None] - cells[:, None]
        far = np.hypot(way[..., 0], way[..., 1])
        due = far / (self._weather.speed_m_s + way @ self._wind / np.maximum(far, 1.0))
        more_s = 0.4 * self._rule.cell_m / self._weather.speed_m_s
        sd = np.sqrt(self._sd_s(far, more_s) ** 2 + (far * self._weather_sd / self._weather.speed_m_s**2) ** 2)
        moments = self._heard.at_s - due
        residual = moments[:, None, :] - moments[:, :, None]
        density = log_density(residual, np.broadcast_to(sd[:, None, :], residual.shape), self._rule)
        scores = np.maximum.reduceat(density, self._heads, axis=2).sum(axis=2)
        best = scores.argmax(axis=1)
        rows = np.arange(len(cells))
        return scores[rows, best], moments[rows, best]

    def _due(self, guesses: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Residuals, deviations, distances (K, N) and directions (K, N, 2) under each guess."""
        way = self._places[None] - guesses[:, None, :2]
        far = np.maximum(np.hypot(np.hypot(way[..., 0], way[..., 1]), self._height_m), 1.0)
        unit = way / far[..., None]
        wind = self._wind + guesses[:, None, _EAST:]
        speed = np.maximum(self._weather.speed_m_s + guesses[:, _SPEED, None] + (unit * wind).sum(axis=2), 200.0)
        return self._heard.at_s - guesses[:, _AT, None] - far / speed, self._sd_s(far), far, unit

    def _log_posterior(self, guesses: Floats) -> Floats:
        residual, sd, *_ = self._due(guesses)
        density = log_density(residual, sd, self._rule)
        best = np.maximum.reduceat(density, self._heads, axis=1)
        alike = np.add.reduceat(
            np.exp(density - np.repeat(best, np.diff(np.r_[self._heads, len(sd[0])]), axis=1)), self._heads, axis=1
        )
        found: Floats = (best + np.log(alike)).sum(axis=1) - 0.5 * (guesses**2 @ self._prior)
        return found

    def _weights(self, residual: Floats, sd: Floats) -> Floats:
        """What each arrival pulls with: by its residual, and by its share among those of its microphone."""
        density = np.exp(log_density(residual, sd, self._rule))
        sums = np.add.reduceat(density, self._heads, axis=1)
        shares = density / np.repeat(sums, np.diff(np.r_[self._heads, residual.shape[1]]), axis=1)
        found: Floats = shares * pull(residual, sd, self._rule)
        return found

    def _step(self, guesses: Floats) -> tuple[Floats, Floats]:
        """One step of reweighted least squares, and the matrix of curvature (K, 6, 6)."""
        residual, sd, far, unit = self._due(guesses)
        speed = self._weather.speed_m_s
        slope = np.empty((*residual.shape, 6))
        slope[..., :2] = -unit / speed
        slope[..., _AT] = 1.0
        slope[..., _SPEED] = -far / speed**2
        slope[..., _EAST:] = -far[..., None] * unit / speed**2
        weighted = slope * self._weights(residual, sd)[..., None]
        curve = np.swapaxes(weighted, 1, 2) @ slope + np.diag(self._prior + _HELD)
        force = (weighted * residual[..., None]).sum(axis=1) - guesses * self._prior
        step = np.linalg.solve(curve, force[..., None])[..., 0]
        reach = np.hypot(step[:, 0], step[:, 1])
        return step * np.minimum(1.0, _STEP_M_MAX / np.maximum(reach, 1e-9))[:, None], curve

    def refined(self, guesses: Floats) -> tuple[Floats, Floats]:
        """Each guess at rest, and its curvature."""
        for _ in range(self._rule.steps):
            step, _ = self._step(guesses)
            guesses = guesses + step
        return guesses, self._step(guesses)[1]

    def best_nats(self, guess: Floats) -> float:
        """The log posterior of the place next to a guess that fits best."""
        return float(self._log_posterior(self.refined(guess)[0])[0])

    def settled(self, guesses: Floats, curves: Floats, zero: float) -> Located:
        """Weigh draws around every guess by how credible they are; the mean is the place."""
        spreads = np.linalg.inv(curves)
        worth = self._log_posterior(guesses) + 0.5 * np.linalg.slogdet(spreads)[1]
        kept = [int(one) for one in np.argsort(-worth, kind="stable")[:4] if worth[one] > worth.max() - 6.0]
        kept = _apart(guesses, kept)
        drawn = [self._drawn(guesses[one], spreads[one]) for one in kept]
        places = np.concatenate([places for places, _ in drawn])
        logs = np.concatenate([logs for _, logs in drawn])
        weight = np.exp(logs - logs.max())
        weight /= weight.sum()
        mean = weight @ places
        off = places[:, :2] - mean[:2]
        spread = (off * weight[:, None]).T @ off + 0.25 * np.eye(2)
        return self._told(mean, spread, zero)

    def _drawn(self, guess: Floats, spread: Floats) -> tuple[Floats, Floats]:
        """Draws of a wide-tailed distribution around one guess, with the log of what each is worth."""
        normals = _normals(self._rule.draws)
        root = np.linalg.cholesky(1.6 * spread)
        tails = np.exp(0.35 * normals[:, 6])
        places = guess + (normals[:, :6] * tails[:, None]) @ root.T
        size = (normals[:, :6] ** 2).sum(axis=1) * tails**2
        log_proposal = _log_scale_mixture(size) - float(np.log(np.diag(root)).sum())
        return places, self._log_posterior(places) - log_proposal

    def _told(self, mean: Floats, spread: Floats, zero: float) -> Located:
        residual, sd, *_ = self._due(mean[None])
        chance = self._rule.wild_share / self._rule.wild_s
        support = float(self._log_posterior(mean[None])[0]) - self._heard.count * float(np.log(chance))
        return Located(
            east_m=float(mean[_X]),
            north_m=float(mean[_Y]),
            at_s=zero + float(mean[_AT]),
            covariance_m2=spread,
            direct=due_share(residual, sd, self._rule)[0],
            late_s=residual[0],
            support_nats=support,
            speed_m_s=self._weather.speed_m_s + float(mean[_SPEED]),
        )


def airborne_nats(
    heard: Heard,
    ground: Located,
    rule: Locating | None = None,
    weather: Weather | None = None,
    heights_m: tuple[float, ...] = (40.0, 80.0, 140.0),
) -> float:
    """How much better a source so high above the microphones explains the arrivals than one on the ground, nats.

    The best of `heights_m`, each with the place that fits it, against the best place on the ground. Only microphones
    within a few heights of the source can tell.
    """
    rule, weather = rule or Locating(), weather or Weather()
    zero = float(heard.at_s.min())
    moved = Heard(heard.spots_m, heard.microphone, heard.at_s - zero)
    guess = np.array([[ground.east_m, ground.north_m, ground.at_s - zero, 0.0, 0.0, 0.0]])
    best = [_Search(moved, rule, weather, height).best_nats(guess) for height in (0.0, *heights_m)]
    return max(best[1:]) - best[0]


def _apart(guesses: Floats, kept: list[int]) -> list[int]:
    """Those that did not end up at the same place."""
    apart: list[int] = []
    for one in kept:
        if all(np.hypot(*(guesses[one, :2] - guesses[other, :2])) > 5.0 for other in apart):
            apart.append(one)
    return apart


def _log_scale_mixture(size: Floats) -> Floats:
    """Log density (up to a constant) of normals of log-normal scale, at squared radius `size`, in 6 dimensions."""
    nodes, shares = np.polynomial.hermite_e.hermegauss(9)
    scales = np.exp(0.35 * nodes)
    logs = np.log(shares) - 6.0 * np.log(scales) - 0.5 * size[:, None] / scales**2
    top = logs.max(axis=1)
    found: Floats = top + np.log(np.exp(logs - top[:, None]).sum(axis=1))
    return found
