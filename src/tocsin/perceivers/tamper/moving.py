"""How the whole picture moved against the usual one: shift, turn and size, from the shifts of its parts."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tocsin.perceivers.tamper.small import Floats

Complex = NDArray[np.complex64]

ROWS, COLUMNS = 3, 4
"""Parts that are compared singly, so that a crowd in some of them does not move the rest."""

AROUND_PX = 12
"""How far around its usual place a part is looked for, pixels of the picture at half size."""

PEAK_MIN = 0.25
"""Least agreement at which a part counts as found again (1 is equal)."""

ENERGY_MIN = 0.02
"""Least mean square of edges by which a part can be found."""

APART_PX_MAX = 2.0
"""A part that lies further from where the others say is a stranger."""

PARTS_MIN = 4
"""Fewest parts that must say the same."""


@dataclass(frozen=True, slots=True)
class Moved:
    """Shift in shares of the picture's width, turn in degrees, size (1 is usual), share of parts that say so."""

    right: float = 0.0
    down: float = 0.0
    turn_deg: float = 0.0
    size: float = 1.0
    parts: float = 0.0

    @property
    def shift(self) -> float:
        """How far, as a share of the width."""
        return float(np.hypot(self.right, self.down))


def moved(now: Floats, usual: Floats) -> Moved:
    """Where the usual edges are now; no parts where they cannot be found."""
    near = _whole(now, usual, (0, 0))
    if near.parts >= 0.5:
        return near
    far = _whole(now, usual, _jump(now, usual))
    return far if far.parts > near.parts else near


def _whole(now: Floats, usual: Floats, jump: tuple[int, int]) -> Moved:
    """Fit one motion to the shifts of all parts, looked for around a jump (rows, columns)."""
    places, shifts, sure = _shifts(now, usual, jump)
    possible = int(sure.size)
    for _ in range(3):
        if sure.sum() < PARTS_MIN:
            return Moved()
        motion = _fit(places[sure], shifts[sure])
        apart = np.abs(_applied(motion, places) - shifts).max(axis=1)
        still = sure & (apart <= APART_PX_MAX)
        if still.sum() == sure.sum():
            break
        sure = still
    down, right, grown, turned = motion
    width = now.shape[2]
    turn_deg = float(np.degrees(np.arctan2(turned, 1 + grown)))
    return Moved(float(right / width), float(down / width), turn_deg, float(1 + grown), float(sure.sum() / possible))


def _shifts(now: Floats, usual: Floats, jump: tuple[int, int]) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Middle (from the picture's) and shift of each part, rows first, and whether it was found."""
    height, width = usual.shape[1:]
    part = (height // ROWS, width // COLUMNS)
    corners = [(row * part[0], column * part[1]) for row in range(ROWS) for column in range(COLUMNS)]
    theirs = np.stack([_cut(usual, corner, part) for corner in corners])
    around = (part[0] + 2 * AROUND_PX, part[1] + 2 * AROUND_PX)
    mine = np.stack(
        [_cut(now, (row + jump[0] - AROUND_PX, column + jump[1] - AROUND_PX), around) for row, column in corners]
    )
    peaks, heights = _peaks(mine, theirs)
    places = np.array([(row + part[0] / 2 - height / 2, column + part[1] / 2 - width / 2) for row, column in corners])
    strong = (np.abs(theirs) ** 2).mean(axis=(1, 2)) >= ENERGY_MIN
    return places.astype(np.float32), peaks + np.array(jump, np.float32), strong & (heights >= PEAK_MIN)


def _cut(slopes: Floats, corner: tuple[int, int], size: tuple[int, int]) -> Complex:
    """A part of a field of edges as complex numbers; nothing where it lies outside."""
    found = np.zeros(size, np.complex64)
    top, left = (max(0, one) for one in corner)
    bottom, right = (max(0, one + length) for one, length in zip(corner, size, strict=True))
    inside = slopes[:, top:bottom, left:right]
    if inside.size:
        at = (top - corner[0], left - corner[1])
        found[at[0] : at[0] + inside.shape[1], at[1] : at[1] + inside.shape[2]] = inside[0] + 1j * inside[1]
    return found


def _peaks(mine: Complex, theirs: Complex) -> tuple[Floats, Floats]:
    """The shift of each part within its surroundings at which it agrees best, and how well."""
    spectra = np.fft.fft2(mine) * np.conj(np.fft.fft2(theirs, mine.shape[1:]))
    reach = 2 * AROUND_PX + 1
    agreements = np.fft.ifft2(spectra).real[:, :reach, :reach].astype(np.float32)
    rows, columns = np.divmod(agreements.reshape(len(mine), -1).argmax(axis=1), reach)
    shifts = np.empty((len(mine), 2), np.float32)
    heights = np.empty(len(mine), np.float32)
    for n, (row, column) in enumerate(zip(rows, columns, strict=True)):
        under = mine[n, row : row + theirs.shape[1], column : column + theirs.shape[2]]
        energies = np.sqrt((np.abs(under) ** 2).sum() * (np.abs(theirs[n]) ** 2).sum())
        inside = 0 < row < reach - 1 and 0 < column < reach - 1  # at the rim it goes on rising beyond
        heights[n] = agreements[n, row, column] / max(float(energies), 1e-6) if inside else 0.0
        shifts[n] = _between(agreements[n], int(row), int(column))
    return shifts - AROUND_PX, heights


def _between(agreements: Floats, row: int, column: int) -> tuple[float, float]:
    """A peak to a fraction of a pixel; one at the rim is taken as it is."""
    last = len(agreements) - 1
    if not (0 < row < last and 0 < column < last):
        return float(row), float(column)
    down = _vertex(*(float(one) for one in agreements[row - 1 : row + 2, column]))
    return row + down, column + _vertex(*(float(one) for one in agreements[row, column - 1 : column + 2]))


def _vertex(before: float, peak: float, after: float) -> float:
    """Where a parabola through three neighbours is highest, from the middle one."""
    bend = before - 2 * peak + after
    return 0.0 if bend >= 0 else float(0.5 * (before - after) / bend)


def _fit(places: Floats, shifts: Floats) -> Floats:
    """Least squares of shift = (down, right) + size × place + turn × (place at a right angle)."""
    ones, none = np.ones(len(places)), np.zeros(len(places))
    rows = np.column_stack((ones, none, places[:, 0], places[:, 1]))
    columns = np.column_stack((none, ones, places[:, 1], -places[:, 0]))
    found: Floats = np.linalg.lstsq(np.vstack((rows, columns)), np.concatenate(shifts.T), rcond=None)[0]
    return found


def _applied(motion: Floats, places: Floats) -> Floats:
    down, right, grown, turned = motion
    return np.stack(
        (down + grown * places[:, 0] + turned * places[:, 1], right + grown * places[:, 1] - turned * places[:, 0]),
        axis=1,
    )


def _jump(now: Floats, usual: Floats) -> tuple[int, int]:
    """The shift of the whole picture at which it agrees best, to a pixel."""
    mine, theirs = (slopes[0] + 1j * slopes[1] for slopes in (now, usual))
    size = tuple(2 * length for length in mine.shape)
    agreements = np.fft.ifft2(np.fft.fft2(mine, size) * np.conj(np.fft.fft2(theirs, size))).real
    row, column = (int(one) for one in np.unravel_index(int(agreements.argmax()), agreements.shape))
    return (row - size[0] if row > size[0] / 2 else row, column - size[1] if column > size[1] / 2 else column)
