"""The grain of a picture: what is left in small native patches once the usual is taken away, as a few bits per patch.

It is sensor noise, what an encoder makes of it, and whatever moves: none of it comes back by itself. A frozen
picture keeps its grain, a replayed one repeats it; neither depends on how strong it is, only on its signs.
"""

from collections.abc import Iterator
from itertools import product

import numpy as np
from numpy.typing import NDArray

from tocsin.perceivers.tamper.small import Floats

SIDE_PX = 16
"""Side of a patch, native pixels: a macroblock, whose grain an encoder keeps or drops as one."""

COLUMNS, ROWS = 8, 6
PATCHES = COLUMNS * ROWS
BITS = 32
"""Bits per patch: the signs of its middle frequencies, where grain outlives an encoder and light does not reach."""

LOWEST = 5
"""Lowest frequency that counts (half waves down plus half waves across a patch)."""

RESIDUE_MIN = 0.05
"""A coefficient nearer to the usual than this has no sign: nothing but rounding."""

LEARN_S = 10.0
"""How long it takes until what stays in the picture is no grain any more."""

STRANGE, CALM = 5.0, 16.0
"""So many times the usual energy in half of the patches is no grain; least energy that is taken for usual."""

Bits = NDArray[np.uint32]


def _waves() -> Floats:
    """The cosine patterns of middle frequency, one row each (BITS, pixels of a patch)."""
    steps = (np.arange(SIDE_PX) + 0.5) * np.pi / SIDE_PX
    pairs = sorted(product(range(10), repeat=2), key=lambda pair: (sum(pair) < LOWEST, sum(pair), pair))[:BITS]
    waves = [np.outer(np.cos(down * steps), np.cos(right * steps)).ravel() for down, right in pairs]
    return np.stack([wave / np.linalg.norm(wave) for wave in waves]).astype(np.float32)


_WAVES = _waves()


class Grain:
    """The usual content of the patches of one camera, and the grain of each frame against it."""

    def __init__(self, height: int, width: int) -> None:
        self.size = (height, width)
        self._places = np.stack(list(_places(height, width)))
        self._usual: Floats | None = None
        self._last: Floats | None = None
        self._states = 0
        self._energy: float | None = None
        self._now = 0.0
        self.repeats = 0
        self.strange = False

    def of(self, picture: NDArray[np.uint8]) -> Bits:
        """The grain of a frame, one number of BITS bits per patch."""
        content = np.take(picture.reshape(-1), self._places).astype(np.float32) @ _WAVES.T
        self.repeats = self.repeats + 1 if self._last is not None and np.array_equal(content, self._last) else 0
        self._last = content
        if self._usual is None:
            self._usual = content.copy()
        residue = self._without_usual(content)
        self._weigh(residue)
        signs = residue > RESIDUE_MIN
        return np.packbits(signs, axis=1).view(np.uint32)[:, 0]

    def learn(self, every_s: float) -> None:
        """Take the last frame into what is usual."""
        if self._usual is not None and self._last is not None:
            self._states += 1
            part = max(1.0 / (self._states + 1), min(1.0, every_s / LEARN_S))
            self._usual += np.float32(part) * (self._last - self._usual)
            if self._states > 1:  # the first residue is none, or what made it begin anew
                known = self._now if self._energy is None else self._energy
                self._energy = known + part * (self._now - known)

    def restart(self) -> None:
        """Begin to learn anew, as after the light changed at once."""
        self._states, self._energy, self.strange = 0, None, False
        self._usual = None if self._last is None else self._last.copy()

    def _weigh(self, residue: Floats) -> None:
        """Note whether half of the patches hold far more than grain: the light changed, or the view."""
        self._now = float(np.median(np.einsum("ij,ij->i", residue, residue)))
        self.strange = self._energy is not None and self._now > STRANGE * max(self._energy, CALM)

    def _without_usual(self, content: Floats) -> Floats:
        """What is not usual in each patch, whatever its contrast now."""
        usual = self._usual if self._usual is not None else content
        strength = np.einsum("ij,ij->i", usual, usual)
        gain = np.einsum("ij,ij->i", content, usual) / np.maximum(strength, 1e-3)
        residue: Floats = content - np.clip(gain, 0.0, 2.0)[:, None] * usual
        return residue


def _places(height: int, width: int) -> Iterator[NDArray[np.intp]]:
    """Where the green values of each patch lie in a picture's bytes."""
    tops = np.linspace(0, height - SIDE_PX, ROWS + 2).astype(int)[1:-1]
    lefts = np.linspace(0, width - SIDE_PX, COLUMNS + 2).astype(int)[1:-1]
    for top in tops:
        for left in lefts:
            rows, columns = np.arange(top, top + SIDE_PX), np.arange(left, left + SIDE_PX)
            yield ((rows[:, None] * width + columns[None, :]) * 3 + 1).ravel()


def likeness(one: Bits, others: Bits) -> Floats:
    """The share of equal bits per patch: about a half where two grains are strangers."""
    found: Floats = 1.0 - np.bitwise_count(one ^ others).astype(np.float32) / BITS
    return found


def whole_likeness(one: Bits, others: Bits) -> Floats:
    """The same of each whole frame."""
    apart = np.bitwise_count(others.view(np.uint64) ^ one.view(np.uint64))
    found: Floats = 1.0 - apart.sum(axis=1, dtype=np.float32) / (BITS * PATCHES)
    return found
