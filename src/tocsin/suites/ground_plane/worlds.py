"""What is known to be true: where people of ETH and of PETS 2009 walked, in metres, and how cameras saw it."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tocsin.model import ConfigError
from tocsin.physics.ground import Ground
from tocsin.physics.ground.tsai import Tsai

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PETS_RATE_HZ = 7.0
ETH_RATE_HZ = 15.0
_PICTURE = (768, 576)
_SMOOTH_S = 0.6
_TALL_M = 1.75


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Seen:
    """People at moments, one row each: time, person, place in metres, feet in px, height of the box in px."""

    name: str
    at: Floats
    person: Ints
    place_m: Floats
    feet_px: Floats
    tall_px: Floats
    ground: Ground

    @property
    def moments(self) -> list[NDArray[np.intp]]:
        """The rows of each moment, in order of time."""
        order = np.argsort(self.at, kind="stable")
        return np.split(order, np.flatnonzero(np.diff(self.at[order])) + 1)


def eth(data: Path) -> Seen:
    """Trajectories in metres with the homography of their camera."""
    folder = data / "datasets" / "ETH" / "seq_eth"
    rows, plane = _table(folder / "obsmat.txt"), _table(folder / "H.txt")
    swapped = plane @ np.array([[0.0, 1, 0], [1, 0, 0], [0, 0, 1]])  # theirs takes row, column
    ground = Ground(swapped / np.abs(swapped).max(), float(np.sign(swapped[2, 2])))
    place = rows[:, [2, 4]]
    feet = ground.to_picture(place)
    tall = _TALL_M * ground.pixels_per_m(feet)
    at, person = rows[:, 0] / ETH_RATE_HZ, rows[:, 1].astype(np.int64)
    return Seen(name="eth", at=at, person=person, place_m=place, feet_px=feet, tall_px=tall, ground=ground)


def lenses(data: Path) -> dict[str, tuple[Tsai, int, int]]:
    """The calibrated cameras of PETS 2009 by name, with the size of their pictures."""
    found = {}
    for path in sorted(data.glob("View_*.xml")):
        one = _xml(path)
        parts = [one.find(name) for name in ("Geometry", "Intrinsic", "Extrinsic")]
        given = {key: value for part in parts if part is not None for key, value in part.attrib.items()}
        try:
            numbers = {field.name: float(given[field.name]) for field in fields(Tsai)}
            found[path.stem] = (Tsai(**numbers), int(given["width"]), int(given["height"]))
        except (KeyError, ValueError) as error:
            raise ConfigError(f"{path.name} is no calibration after Tsai: {error}.") from error
    if not found:
        raise ConfigError("Give --data with OpenTraj's View_00X.xml and datasets/.")
    return found


def pets(data: Path, lens: Tsai) -> Seen:
    """The labelled boxes of S2L1 in the first view, their feet brought to the ground by its calibration.

    Hand-drawn boxes tremble; what is taken as true is each way smoothed over half a second.
    """
    root = _xml(data / "datasets" / "PETS-2009" / "data" / "annotations" / "PETS2009-S2L1.xml")
    rows = np.array(
        [
            [
                float(frame.attrib["number"]),
                float(one.attrib["id"]),
                *(float(box.attrib[key]) for key in ("xc", "yc", "h")),
            ]
            for frame in root.iter("frame")
            for one in frame.iter("object")
            for box in one.iter("box")
        ]
    )
    at, person = rows[:, 0] / PETS_RATE_HZ, rows[:, 1].astype(np.int64)
    place = lens.to_ground(np.column_stack([rows[:, 2], rows[:, 3] + rows[:, 4] / 2]))
    good = np.isfinite(place).all(axis=1)
    at, person, place, tall = at[good], person[good], place[good], rows[good, 4]
    for one in np.unique(person):
        mine = person == one
        place[mine] = _smoothed(at[mine], place[mine])
    ground = plane_of(lens, *_PICTURE)
    feet = lens.to_picture(place)
    return Seen(name="pets", at=at, person=person, place_m=place, feet_px=feet, tall_px=tall, ground=ground)


def plane_of(lens: Tsai, width: int, height: int) -> Ground:
    """The homography nearest to a calibrated lens, fitted on the ground it sees (up to 60 m away)."""
    pixels = grid(width, height)
    metres = lens.to_ground(pixels)
    good = np.isfinite(metres).all(axis=1) & (np.abs(metres - np.nanmedian(metres, axis=0)).max(axis=1) < 60)
    return Ground.fit(pixels[good], metres[good])


def grid(width: int, height: int) -> Floats:
    """Points spread evenly over the lower half of a picture and a little more."""
    return np.array(
        [[x, y] for x in np.linspace(20, width - 20, 15) for y in np.linspace(0.45 * height, height - 10, 12)]
    )


def _smoothed(at: Floats, place: Floats) -> Floats:
    """Each place as the mean of those around it, by a bell of half a second."""
    weight = np.exp(-0.5 * ((at[:, None] - at[None, :]) / (_SMOOTH_S / 2)) ** 2)
    middle = (weight @ at) / weight.sum(axis=1)
    smooth = (weight @ place) / weight.sum(axis=1)[:, None]
    spread = (weight * (at[None, :] - middle[:, None]) ** 2).sum(axis=1)
    slope = np.einsum("ij,ijk->ik", weight * (at[None, :] - middle[:, None]), place[None] - smooth[:, None])
    return np.asarray(smooth + slope / np.maximum(spread, 1e-9)[:, None] * (at - middle)[:, None])


def _table(path: Path) -> Floats:
    try:
        return np.loadtxt(path, ndmin=2)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path.name} cannot be read: give --data with OpenTraj's datasets/ETH.") from error


def _xml(path: Path) -> Any:  # noqa: ANN401  # lxml's element
    from lxml import etree

    try:
        return etree.parse(path, etree.XMLParser(resolve_entities=False, no_network=True)).getroot()
    except (OSError, etree.XMLSyntaxError) as error:
        raise ConfigError(f"{path.name} cannot be read: give --data with OpenTraj's PETS-2009.") from error
