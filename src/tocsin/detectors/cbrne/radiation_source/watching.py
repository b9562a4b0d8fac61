"""What is remembered of the counters of a city, and which of them shows more than chance and weather."""

from math import exp, sqrt

from msgspec import Struct

from tocsin.physics.radiation.background import common_factor

LATELY_S = 15.0
"""Readings within this time tell what a counter shows now."""

FACTOR_S = 30.0
"""Counters heard within this time tell what all show alike."""

WEATHER_S = 60.0
"""How slowly that is followed: rain takes minutes, and while a source passes it is not followed at all."""

PATH_MAX = 60
"""Most points of a way that are kept."""


class Heard(Struct):
    """One counter: where it is, its background (counts/s, weather taken off), how many readings are behind that.

    `share` is what it showed last against its background.
    """

    lon: float
    lat: float
    mean: float
    last_at: float
    n: int = 1
    share: float = 1.0


class Reading(Struct, frozen=True, array_like=True):
    """One reading of the window."""

    source: str
    at: float
    counts: float
    live_s: float


class Point(Struct, frozen=True, array_like=True):
    """Where the source was believed to be."""

    at: float
    lon: float
    lat: float


class Hall(Struct):
    """The counters of a city, their latest readings, and the episode that is on."""

    counters: dict[str, Heard] = {}
    weather: float = 1.0
    recent: list[Reading] = []
    since: float | None = None
    seen_at: float = 0.0
    fitted_at: float = 0.0
    told_at: float = 0.0
    grade: str = ""
    path: list[Point] = []
    passed: list[str] = []
    cited: list[str] = []
    nuclide: str = ""
    alternatives: tuple[str, ...] = ()
    nuclide_at: float = 0.0
    nuclide_lon: float = 0.0
    nuclide_lat: float = 0.0

    def end(self) -> None:
        """The episode is over."""
        self.since, self.grade, self.told_at, self.path, self.passed, self.cited = None, "", 0.0, [], [], []


def hottest(hall: Hall, sigmas: float, ratio_min: float, at: float) -> str | None:
    """The counter whose latest readings exceed background and weather most, if by enough; else None."""
    factor, best, most = hall.weather, None, sigmas
    lately: dict[str, tuple[float, float]] = {}
    for one in hall.recent:
        if at - one.at <= LATELY_S:
            counts, expected = lately.get(one.source, (0.0, 0.0))
            added = hall.counters[one.source].mean * factor * one.live_s
            lately[one.source] = counts + one.counts, expected + added
    for source, (counts, expected) in lately.items():
        deviations = (counts - expected) / sqrt(max(expected, 1.0))
        if deviations >= most and counts >= (1.0 + ratio_min) * expected:
            best, most = source, deviations
    return best


def learned(hall: Hall, heard: Heard, reading: Reading, memory_s: float, *, quiet: bool) -> None:
    """Note what the counter shows; background and weather are learned while no counter shows anything."""
    rate = reading.counts / reading.live_s
    elapsed_s = min(reading.at - heard.last_at, memory_s)
    heard.share, heard.last_at = rate / max(heard.mean, 1e-9), reading.at
    if not quiet or hall.since is not None:
        return
    shares = [one.share for one in hall.counters.values() if reading.at - one.last_at <= FACTOR_S]
    part = (1.0 - exp(-elapsed_s / WEATHER_S)) / max(len(shares), 1)  # every counter adds its part
    hall.weather += part * (common_factor(shares) - hall.weather)
    heard.mean += (1.0 - exp(-elapsed_s / memory_s)) * (rate / max(hall.weather, 1e-9) - heard.mean)
