"""What speaks for a shot and what against it, in nats and in words."""

from dataclasses import dataclass
from math import hypot, log

from tocsin.detectors.sound.shot.memory import Bang, Burst

SCORE_NATS_MAX = 3.0
"""Most that the classes of all microphones together say: they hear the same bang with the same model."""

WHISTLE_MIN = 0.5
SALVO, SALVO_M = 5, 150.0
"""So many bangs, in more than one burst, within this distance are a display."""

AIRBORNE_MIN = 1.5

STEADY_M = 5.0
SCATTERED = 3
SCATTER_MIN = 4.0
"""So many bangs, so many times as scattered as their spreads allow, are not from one place."""


@dataclass(frozen=True, slots=True)
class Judged:
    """The sum in nats, and the words of each part."""

    nats: float
    speaks_for: tuple[str, ...]
    against: tuple[str, ...]


def judged(burst: Burst, others: list[Burst]) -> Judged:
    """What a burst sounds like, in the company of the other bursts of the last minutes."""
    parts = [_classes(burst.bangs), _shock_wave(burst.bangs), _whistled(burst.bangs), _in_the_air(burst)]
    parts += [_scattered(burst), _display(burst, others)]
    told = [(nats, words) for nats, words in parts if words]
    return Judged(
        sum(nats for nats, _ in told),
        tuple(words for nats, words in told if nats > 0.0),
        tuple(words for nats, words in told if nats <= 0.0),
    )


def _classes(bangs: list[Bang]) -> tuple[float, str]:
    scores = [min(max(bang.score, 0.01), 0.99) for bang in bangs if bang.score is not None]
    if not scores:
        return 0.0, "only the times were judged: no microphone gave a class"
    nats = sum(log(one / (1.0 - one)) for one in scores) / len(scores)
    nats = max(-SCORE_NATS_MAX, min(SCORE_NATS_MAX, 1.5 * nats))
    mean = sum(scores) / len(scores)
    count = len({bang.source for bang in bangs if bang.score is not None})
    return nats, f"{count} microphones call it a gunshot or an explosion with {mean:.2f} on average"


def _shock_wave(bangs: list[Bang]) -> tuple[float, str]:
    count = sum(bang.lead_ms is not None for bang in bangs)
    return (3.0, f"a bullet's shock wave came before the bang at {count}") if count else (0.0, "")


def _whistled(bangs: list[Bang]) -> tuple[float, str]:
    count = sum(bang.whistle >= WHISTLE_MIN for bang in bangs)
    return (-3.0, f"a rising whistle came before it at {count}, as of a firework") if count else (0.0, "")


def _in_the_air(burst: Burst) -> tuple[float, str]:
    nats = sum(max(-3.0, min(3.0, one.airborne_nats)) for one in burst.fired)
    if nats >= AIRBORNE_MIN:
        return -min(5.0, nats), "the times fit a source high in the air better, as of a firework"
    if nats <= -AIRBORNE_MIN:
        return min(1.5, -0.5 * nats), "the times fit a source on the ground better than one in the air"
    return 0.0, ""


def _scattered(burst: Burst) -> tuple[float, str]:
    """Bangs that are farther from one another than their places are unsure, or as near as one shooter's."""
    count = len(burst.fired)
    if count < 2:
        return 0.0, ""
    east, north = (sum(getattr(one, axis) for one in burst.fired) / count for axis in ("east_m", "north_m"))
    found = sum((one.east_m - east) ** 2 + (one.north_m - north) ** 2 for one in burst.fired) / (count - 1)
    expected = sum(one.spread_m2[0] + one.spread_m2[2] for one in burst.fired) / count
    if found <= expected + STEADY_M**2:
        return 1.5, f"{count} bangs came from the same place, within {max(found, 1.0) ** 0.5:.0f} m"
    if count < SCATTERED or found < SCATTER_MIN * expected + 100.0:
        return 0.0, ""
    return -3.0, f"{count} bangs are scattered over {found**0.5:.0f} m, as of a firework"


def _display(burst: Burst, others: list[Burst]) -> tuple[float, str]:
    """Many bangs around here within the last minutes: a shot far from a display is not part of it."""
    here = burst.best
    near = [one for one in others if hypot(one.best.east_m - here.east_m, one.best.north_m - here.north_m) <= SALVO_M]
    count = sum(one.count for one in near) + burst.count
    if not near or count < SALVO:
        return 0.0, ""
    return -3.0, f"{count} bangs within {SALVO_M:.0f} m and some minutes, not all from one place, as of a firework"
