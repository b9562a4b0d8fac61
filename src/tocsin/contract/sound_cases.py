"""Small true bangs for docstrings, tests and pages: microphones on a square, and what they hear of a source."""

from collections.abc import Sequence
from math import hypot

from tocsin.contract.examples import START_AT
from tocsin.contract.sounds import Impulse
from tocsin.model import Observation, Origin, Place, moved

ZERO = Place(lon=24.9414, lat=60.1710, radius_m=2.0)
"""The south-western corner of the square."""

SPOTS_M = ((0.0, 0.0), (600.0, 40.0), (40.0, 620.0), (580.0, 600.0), (300.0, 280.0), (620.0, 320.0), (10.0, 300.0))
"""Where its microphones hang, east and north in metres."""

SPEED_M_S = 340.4


def heard_shot(
    count: int = 5,
    *,
    east_m: float = 210.0,
    north_m: float = 390.0,
    at: float = START_AT,
    late_s: Sequence[float] = (),
    score: float | None = 0.9,
    whistle: float | None = None,
    height_m: float = 0.0,
    seq: int = 0,
) -> list[Observation[Impulse]]:
    """What `count` microphones send of one bang at a place, in order of time; `late_s` is added one by one.

    >>> [round(one.at - START_AT, 2) for one in heard_shot(3)]
    [0.84, 1.3, 1.54]
    """
    sent = []
    for number, (east, north) in enumerate(SPOTS_M[:count]):
        far = hypot(hypot(east - east_m, north - north_m), height_m)
        late = late_s[number] if number < len(late_s) else 0.0
        scores = {} if score is None else {"gunshot": score}
        body = Impulse(
            crest_db=18.0, rise_db=30.0, scores=scores, whistle=whistle, model="" if score is None else "made"
        )
        sent.append(_observed(number, at + far / SPEED_M_S + late, moved(ZERO, east, north), body, seq))
    return sorted(sent, key=lambda one: one.at)


def _observed(number: int, at: float, place: Place, body: Impulse, seq: int) -> Observation[Impulse]:
    return Observation(
        at=round(at, 6),
        origin=Origin.SIMULATED,
        source=f"mic-{number + 1}",
        seq=seq,
        body=body,
        place=place,
        level=Impulse.level,
    )
