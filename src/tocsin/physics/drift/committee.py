"""Nine judges that differ in how they think sensors drift: they answer where all agree.

Where drift has made two gases hard to tell, judges part long before any one of them is in doubt by itself.

The settings are the nine of 328 drawn at random that were right most often on batches 2 and 3 of the UCI gas sensor
array drift set after calibration on batch 1 (as it lies in the files, and shuffled once). Later batches had no say.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tocsin.physics.drift.classes import DriftingClasses, Settings, packed, unpacked
from tocsin.physics.drift.features import Layout, Reference

Floats = NDArray[np.float64]

_ALL = (0, 1, 2, 3, 4, 5, 6, 7)
_RISE = (0, 1, 2, 3, 4)

COMMITTEE = (
    Settings(common=0.187, own=0.0484, slope=0.221, tail=2.0, wide=3.0, chosen=_ALL),
    Settings(common=0.165, own=0.0441, slope=0.383, tail=8.0, wide=3.0, shrink=0.1, chosen=_RISE),
    Settings(common=0.0493, own=0.0341, slope=0.205, tail=2.0, chosen=_RISE),
    Settings(common=0.0355, own=0.171, slope=0.154, tail=2.0, chosen=_ALL),
    Settings(common=1.45, own=0.0308, slope=0.0607, tail=2.0, chosen=_ALL),
    Settings(
        common=0.0748, own=0.0377, slope=0.174, tail=8.0, wide=3.0, shrink=0.1, unsure=0.3, floor=0.001, chosen=_RISE
    ),
    Settings(common=0.556, own=0.0318, slope=0.0248, tail=8.0, shares=5.0, chosen=_ALL),
    Settings(common=0.0185, own=0.0422, slope=0.0387, tail=8.0, shares=5.0, chosen=_RISE),
    Settings(common=0.00508, own=0.111, slope=0.256, tail=4.0, wide=3.0, chosen=_ALL),
)


@dataclass(frozen=True, slots=True)
class Judgement:
    """The gas that most judges name (its number), the share of judges who do, and their mean probability of it."""

    gas: int
    agreement: float
    probability: float


@dataclass(slots=True)
class Committee:
    """The judges at work on one instrument."""

    reference: Reference
    judges: list[DriftingClasses]

    @classmethod
    def of(
        cls, layout: Layout, features: Floats, labels: NDArray[np.intp], settings: Sequence[Settings] = COMMITTEE
    ) -> "Committee":
        """From calibration: features (N, sensors·8) of known gases, numbered from 0 on."""
        reference = Reference.of(layout, features)
        judges = [DriftingClasses.of(*reference.pattern(features, one.chosen), labels, one) for one in settings]
        return cls(reference, judges)

    def pass_time(self, months: float) -> None:
        """Let the sensors drift."""
        for judge in self.judges:
            judge.pass_time(months)

    def judge(self, features: Floats) -> Judgement:
        """Judge one exposure (sensors·8), and learn from it."""
        votes: Counter[int] = Counter()
        chances_of = []
        for judge in self.judges:
            (pattern,), (strength,) = self.reference.pattern(features[None], judge.settings.chosen)
            chances, squares = judge.judge(pattern, float(strength))
            judge.learn(pattern, float(strength), chances, squares)
            votes[int(chances.argmax())] += 1
            chances_of.append(chances)
        gas, agreed = min(votes.items(), key=lambda item: (-item[1], item[0]))
        return Judgement(gas, agreed / len(self.judges), float(np.mean([chances[gas] for chances in chances_of])))

    def teach(self, features: Floats, gas: int) -> None:
        """Learn from an exposure whose gas is known."""
        for judge in self.judges:
            (pattern,), (strength,) = self.reference.pattern(features[None], judge.settings.chosen)
            _, squares = judge.judge(pattern, float(strength))
            judge.learn(pattern, float(strength), np.eye(judge.count)[gas], squares)

    def packed(self) -> list[bytes]:
        """What a state can keep of it: the offsets, then each judge."""
        return [self.reference.offsets.tobytes(), *packed(self.judges)]

    @classmethod
    def unpacked(
        cls, raw: Sequence[bytes], layout: Layout, gases: int, settings: Sequence[Settings] = COMMITTEE
    ) -> "Committee":
        """The inverse of `packed`."""
        offsets = np.frombuffer(raw[0], np.float64).reshape(layout.sensors, -1)
        types = len(layout.replicas)
        sizes = [len(one.chosen) * (types - 1) + sum(k > 0 for k in one.chosen) for one in settings]
        rows = zip(raw[1:], settings, sizes, strict=True)
        judges = [unpacked(part, one, gases, size) for part, one, size in rows]
        return cls(Reference(layout, offsets), judges)
