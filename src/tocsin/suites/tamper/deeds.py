"""What saboteurs do to a camera, on its pictures: cover, blur, turn; and to its stream: freeze, replay."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tocsin.inference.sessions import needed
from tocsin.suites.tamper.footage import Picture, Values, picture_of

Alter = Callable[[Picture, float], Picture]
"""A picture and the seconds since the deed began → what the camera sees instead."""

VIEW = 0.7
"""Part of the clip that a camera shows which is going to be turned: the rest is what it turns to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One way of tampering: `kind` is the grade it should be told as, `name` says how; `aimed` deeds must be found.

    `alter` is for what happens before the lens; `freeze` and `loop_s` for what is done to the stream, which is sent
    on as it is, or encoded again `worse_crf` worse than the camera does.
    """

    kind: str
    name: str
    aimed: bool = True
    alter: Callable[[tuple[int, ...], np.random.Generator], Alter] | None = None
    turns: bool = False
    freeze: bool = False
    loop_s: float = 0.0
    worse_crf: int | None = None
    away: bool = False


def cover(share: float, enter_s: float, colour: tuple[int, int, int], folds: float) -> Callable[..., Alter]:
    """Something out of focus that comes in from a side until it hides this share of the picture."""

    def make(shape: tuple[int, ...], chance: np.random.Generator) -> Alter:
        field = _ranks(_side(shape, chance) + 0.25 * _clouds(shape, 0.2, chance))
        thing = np.array(colour, np.float32) + folds * _clouds(shape, 0.08, chance)[..., None]
        return lambda picture, since_s: _under(picture, thing, field, share * min(1.0, since_s / enter_s), since_s)

    return make


def spray(share: float, enter_s: float) -> Callable[..., Alter]:
    """Drops of paint that grow together."""

    def make(shape: tuple[int, ...], chance: np.random.Generator) -> Alter:
        field = _ranks(_clouds(shape, 0.06, chance) + 0.5 * _clouds(shape, 0.25, chance))
        thing = np.array(chance.integers(30, 200, 3), np.float32) + 6.0 * _clouds(shape, 0.03, chance)[..., None]
        return lambda picture, since_s: _under(picture, thing, field, share * min(1.0, since_s / enter_s), 0.0)

    return make


def defocus(width_share: float, grow_s: float) -> Callable[..., Alter]:
    """A blur that grows to this standard deviation, as a share of the picture's width."""

    def make(shape: tuple[int, ...], chance: np.random.Generator) -> Alter:
        del chance
        cv2 = needed("cv2")

        def alter(picture: Picture, since_s: float) -> Picture:
            sigma = width_share * shape[1] * min(1.0, since_s / grow_s)
            return picture if sigma < 0.1 else np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma))

        return alter

    return make


def turn(
    right: float = 0.0, down: float = 0.0, turn_deg: float = 0.0, size: float = 1.0, over_s: float = 1.0
) -> Callable[..., Alter]:
    """Pan, tilt (shares of the view's width), roll and zoom of a camera that shows the middle of the clip."""

    def make(shape: tuple[int, ...], chance: np.random.Generator) -> Alter:
        del shape
        way = 1.0 if chance.random() < 0.5 else -1.0

        def alter(picture: Picture, since_s: float) -> Picture:
            done = way * min(1.0, max(0.0, since_s / over_s))
            return looking(picture, right * done, down * done, turn_deg * done, size ** abs(done))

        return alter

    return make


def looking(picture: Picture, right: float, down: float, turn_deg: float, size: float) -> Picture:
    """What a camera shows that looks at the middle of a picture, so far aside; beyond its rim it is mirrored."""
    cv2 = needed("cv2")
    height, width = (int(length * VIEW) // 2 * 2 for length in picture.shape[:2])
    middle = (picture.shape[1] / 2, picture.shape[0] / 2)
    matrix = cv2.getRotationMatrix2D(middle, turn_deg, size)
    matrix[:, 2] += (width / 2 - middle[0] - right * width, height / 2 - middle[1] - down * width)
    return np.asarray(cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REFLECT_101))


def _side(shape: tuple[int, ...], chance: np.random.Generator) -> Values:
    """How far each pixel lies from the side at which something enters."""
    angle = chance.uniform(0, 2 * np.pi)
    down, right = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
    far: Values = np.cos(angle) * right / shape[1] + np.sin(angle) * down / shape[0]
    return far


def _clouds(shape: tuple[int, ...], width_share: float, chance: np.random.Generator) -> Values:
    """Smooth random values of mean 0 and deviation 1, this coarse."""
    cv2 = needed("cv2")
    size = tuple(max(2, round(length / (width_share * shape[1]))) for length in shape[:2])
    rough = chance.standard_normal(size).astype(np.float32)
    smooth = cv2.resize(rough, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    return np.asarray((smooth - smooth.mean()) / max(float(smooth.std()), 1e-6))


def _ranks(field: Values) -> Values:
    """Each value's rank, as a share."""
    ranks = np.empty(field.size, np.float32)
    ranks[np.argsort(field, axis=None)] = np.linspace(0, 1, field.size, dtype=np.float32)
    return ranks.reshape(field.shape)


def _under(picture: Picture, thing: Values, field: Values, share: float, moves_s: float) -> Picture:
    """The picture with a soft-edged thing over the part of lowest field; a hand is never quite still."""
    if share <= 0:
        return picture
    softness = 0.04
    hides = np.clip((share * (1 + softness) - field) / softness, 0, 1)[..., None]
    shaken = thing + 3.0 * np.float32(np.sin(2.1 * moves_s))
    return picture_of(picture + hides * (shaken - picture))


SKIN, BAG, CLOTH = (110, 140, 190), (38, 40, 42), (150, 120, 90)

DEEDS: tuple[Deed, ...] = (
    Deed(kind="covered", name="hand-full", alter=cover(1.0, 0.5, SKIN, 18)),
    Deed(kind="covered", name="bag-full-slow", alter=cover(1.0, 4.0, BAG, 10)),
    Deed(kind="covered", name="spray-90", alter=spray(0.9, 4.0)),
    Deed(kind="covered", name="cloth-60", alter=cover(0.6, 1.0, CLOTH, 18)),
    Deed(kind="covered", name="hand-45", aimed=False, alter=cover(0.45, 0.5, SKIN, 18)),
    Deed(kind="covered", name="spray-45", aimed=False, alter=spray(0.45, 3.0)),
    Deed(kind="covered", name="hand-30", aimed=False, alter=cover(0.3, 0.5, SKIN, 18)),
    Deed(kind="covered", name="hand-20", aimed=False, alter=cover(0.2, 0.5, SKIN, 18)),
    Deed(kind="defocused", name="blur-3.0%", alter=defocus(0.03, 2.0)),
    Deed(kind="defocused", name="blur-1.5%", alter=defocus(0.015, 2.0)),
    Deed(kind="defocused", name="blur-0.8%-slow", alter=defocus(0.008, 5.0)),
    Deed(kind="defocused", name="blur-0.5%", aimed=False, alter=defocus(0.005, 2.0)),
    Deed(kind="defocused", name="blur-0.3%", aimed=False, alter=defocus(0.003, 2.0)),
    Deed(kind="defocused", name="blur-0.2%", aimed=False, alter=defocus(0.002, 2.0)),
    Deed(kind="turned", name="pan-30%", turns=True, alter=turn(right=0.3)),
    Deed(kind="turned", name="pan-12%", turns=True, alter=turn(right=0.12)),
    Deed(kind="turned", name="pan-6%-slow", turns=True, alter=turn(right=0.06, over_s=4.0)),
    Deed(kind="turned", name="tilt-12%", turns=True, alter=turn(down=0.12)),
    Deed(kind="turned", name="roll-8deg", turns=True, alter=turn(turn_deg=8.0)),
    Deed(kind="turned", name="roll-25deg", turns=True, alter=turn(turn_deg=25.0)),
    Deed(kind="turned", name="away", turns=True, away=True),
    Deed(kind="turned", name="pan-3%", turns=True, aimed=False, alter=turn(right=0.03)),
    Deed(kind="turned", name="pan-1.5%", turns=True, aimed=False, alter=turn(right=0.015)),
    Deed(kind="turned", name="roll-3deg", turns=True, aimed=False, alter=turn(turn_deg=3.0)),
    Deed(kind="turned", name="zoom-1.2", turns=True, aimed=False, alter=turn(size=1.2)),
    Deed(kind="frozen", name="same-frame", freeze=True),
    Deed(kind="frozen", name="encoded-again", freeze=True, worse_crf=0),
    Deed(kind="frozen", name="encoded-worse", freeze=True, worse_crf=6),
    Deed(kind="frozen", name="encoded-much-worse", freeze=True, worse_crf=12, aimed=False),
    Deed(kind="replayed", name="loop-10s", loop_s=10.0),
    Deed(kind="replayed", name="loop-10s-encoded-again", loop_s=10.0, worse_crf=0),
    Deed(kind="replayed", name="loop-6s-encoded-again", loop_s=6.0, worse_crf=0),
    Deed(kind="replayed", name="loop-10s-encoded-worse", loop_s=10.0, worse_crf=6),
    Deed(kind="replayed", name="loop-10s-encoded-much-worse", loop_s=10.0, worse_crf=12, aimed=False),
    Deed(kind="replayed", name="loop-3s", loop_s=3.0, aimed=False),
)
"""All deeds. Those that are not aimed at show where finding begins to fail."""
