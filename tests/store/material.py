"""What the tests of the store share: keys in memory or from a seed, and observations to log."""

from hashlib import sha256

from tocsin.contract.bodies import Concentration, LogEvents
from tocsin.model import Level, Observation, Origin, StoreError

HOUR = 500_000
"""Hours since 1970 of the first facts."""


class SeededKeys:
    """Keys derived from a seed, so that two processes have the same; dropped ones stay dropped."""

    def __init__(self, seed: str = "seed") -> None:
        self.seed = seed
        self.dropped: dict[str, int] = {}

    def key(self, cls: str, hour: int) -> bytes:
        if hour < self.dropped.get(cls, 0):
            message = f"The key of {cls} at hour {hour} was dropped."
            raise StoreError(message)
        return sha256(f"{self.seed} {cls} {hour}".encode()).digest()

    def drop_before(self, cls: str, hour: int) -> int:
        self.dropped[cls] = max(hour, self.dropped.get(cls, 0))
        return 1


def gas(seq: int, *, source: str = "gas-1", boot: str = "b1", hour: int = HOUR, level: Level = Level.AMBIENT):
    return Observation(
        at=hour * 3600.0 + seq % 3600,
        origin=Origin.SIMULATED,
        source=source,
        boot=boot,
        seq=seq,
        body=Concentration(substance="chlorine", ppm=seq / 10),
        level=level,
    )


def lines(offsets: list[int], end: int, *, source: str = "eve"):
    body = LogEvents(format="eve", offsets=tuple(offsets), rows=tuple({"n": offset} for offset in offsets))
    return Observation(
        at=HOUR * 3600.0,
        origin=Origin.REPLAY,
        source=source,
        seq=offsets[0],
        seq_end=end,
        body=body,
        level=Level.ANONYMOUS,
    )
