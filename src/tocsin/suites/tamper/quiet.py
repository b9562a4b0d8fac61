"""What happens to cameras every day: noise, light, compression, sway, people passing close by. Nothing to tell."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tocsin.inference.sessions import needed
from tocsin.suites.tamper.footage import USUAL, Encoding, Picture, Values, picture_of

Day = Callable[[Picture, float], Picture]
Made = Callable[[tuple[int, ...], np.random.Generator, tuple[Picture, ...]], Day]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """One kind of everyday: what changes before the lens, how noisy the sensor is then, how it is encoded."""

    name: str
    make: Made | None = None
    noise: Callable[[float, float], float] = lambda usual, _since_s: usual
    encoding: Encoding = USUAL


def brightness(gain: Callable[[float], float], warmth: float = 0.0) -> Made:
    """The light of the whole scene over time; it turns redder by `warmth` as it gets darker."""

    def make(shape: tuple[int, ...], chance: np.random.Generator, others: tuple[Picture, ...]) -> Day:
        del shape, chance, others

        def day(picture: Picture, since_s: float) -> Picture:
            now = gain(since_s)
            tint = np.array([1 - warmth * (1 - now), 1, 1 + warmth * (1 - now)], np.float32)
            return picture_of(picture * (now * tint))

        return day

    return make


def lamps(every_s: float = 9.0) -> Made:
    """Lamps that go on and off at once, each lighting a part of the scene."""

    def make(shape: tuple[int, ...], chance: np.random.Generator, others: tuple[Picture, ...]) -> Day:
        del others
        pools = [0.45 + 0.75 * _pool(shape, chance) for _ in range(16)]

        def day(picture: Picture, since_s: float) -> Picture:
            return picture_of(picture * pools[int(since_s / every_s) % 16][..., None])

        return day

    return make


def headlights(every_s: float = 6.0, lasts_s: float = 2.5) -> Made:
    """Cars that shine into the camera as they turn."""

    def make(shape: tuple[int, ...], chance: np.random.Generator, others: tuple[Picture, ...]) -> Day:
        del others
        down, right = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
        rows = chance.uniform(0.3, 0.8, 64) * shape[0]

        def day(picture: Picture, since_s: float) -> Picture:
            turn, into_s = int(since_s / every_s) % 64, since_s % every_s
            if into_s > lasts_s:
                return picture
            at = shape[1] * (-0.1 + 1.2 * into_s / lasts_s)
            far = ((right - at) ** 2 + (down - rows[turn]) ** 2) / shape[1] ** 2
            glare = 40 * np.exp(-far / 0.08) + 240 * np.exp(-far / 0.006)
            return picture_of(picture + glare[..., None])

        return day

    return make


def passing(every_s: float = 2.4) -> Made:
    """People who walk by close to the camera, one after the other: textured, in focus, a third of the picture wide."""

    def make(shape: tuple[int, ...], chance: np.random.Generator, others: tuple[Picture, ...]) -> Day:
        cv2 = needed("cv2")
        height, width = shape[:2]
        person = (max(8, round(0.3 * width)), max(8, round(0.85 * height)))
        clothes = [np.asarray(cv2.resize(other, person)) for other in others] or [
            np.zeros((*person[::-1], 3), np.uint8)
        ]
        speeds = chance.uniform(1.2, 2.6, 64)

        def day(picture: Picture, since_s: float) -> Picture:
            turn, into_s = int(since_s / every_s) % 64, since_s % every_s
            left = round(-person[0] + (width + person[0]) * into_s / speeds[turn])
            return _walked(picture, clothes[turn % len(clothes)], left if turn % 2 else width - person[0] - left)

        return day

    return make


def sway(share: float = 0.005, swings_per_s: float = 0.6, damping: float = 0.08) -> Made:
    """A mast in gusts of wind: it swings at its own pace and dies down, and no gust comes at a set time."""

    def make(shape: tuple[int, ...], chance: np.random.Generator, others: tuple[Picture, ...]) -> Day:
        del others
        cv2 = needed("cv2")
        swing = share * shape[1] * _gusts(chance, swings_per_s, damping)

        def day(picture: Picture, since_s: float) -> Picture:
            right, down = swing[int(since_s * _STEPS_PER_S) % len(swing)]
            matrix = np.array([[1, 0, right], [0, 1, down]])
            size = (shape[1], shape[0])
            return np.asarray(cv2.warpAffine(picture, matrix, size, borderMode=cv2.BORDER_REFLECT_101))

        return day

    return make


_STEPS_PER_S = 50


def _gusts(chance: np.random.Generator, swings_per_s: float, damping: float, lasts_s: float = 600.0) -> Values:
    """Two swings pushed at random, of deviation 1."""
    pace, step_s = 2 * np.pi * swings_per_s, 1.0 / _STEPS_PER_S
    place, speed = np.zeros(2), np.zeros(2)
    places = np.empty((round(lasts_s * _STEPS_PER_S), 2))
    for n, push in enumerate(chance.standard_normal(places.shape)):
        speed += step_s * (-2 * damping * pace * speed - pace**2 * place) + push
        place = place + step_s * speed
        places[n] = place
    swings: Values = places / places.std(axis=0)
    return swings


def _pool(shape: tuple[int, ...], chance: np.random.Generator) -> Values:
    """The light of one lamp: 1 below it, less around."""
    down, right = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
    row, column = chance.uniform(0, shape[0]), chance.uniform(0, shape[1])
    light: Values = np.exp(-((right - column) ** 2 + (down - row) ** 2) / (2 * (0.45 * shape[1]) ** 2))
    return light


def _walked(picture: Picture, clothes: Picture, left: int) -> Picture:
    """The picture with somebody before it whose left side is at this column."""
    height, width = clothes.shape[:2]
    down, right = np.mgrid[0:height, 0:width].astype(np.float32)
    body = ((right - width / 2) / (width / 2)) ** 2 + (np.maximum(0, height / 2 - down) / (height / 2)) ** 2 <= 1
    first, last = max(0, left), min(picture.shape[1], left + width)
    if first >= last:
        return picture
    seen, top = picture.copy(), picture.shape[0] - height
    inside = body[:, first - left : last - left]
    seen[top:, first:last][inside] = clothes[:, first - left : last - left][inside]
    return seen


def _dusk(since_s: float) -> float:
    return max(0.22, 1.0 - 0.78 * since_s / 40.0)


def _clouds(since_s: float) -> float:
    return 0.85 + 0.3 * float(np.sin(2 * np.pi * since_s / 25.0))


QUIET: tuple[Quiet, ...] = (
    Quiet(name="untouched"),
    Quiet(name="noisy", noise=lambda usual, _since_s: 3 * usual),
    Quiet(name="clouds", make=brightness(_clouds)),
    Quiet(name="dusk", make=brightness(_dusk, 0.2), noise=lambda usual, since_s: usual * (1 + since_s / 20)),
    Quiet(name="lamps", make=lamps()),
    Quiet(name="headlights", make=headlights()),
    Quiet(name="compressed-more", encoding=Encoding(crf=32)),
    Quiet(name="compressed-more-rarely-whole", encoding=Encoding(crf=32, gop_s=10.0)),
    Quiet(name="people-passing-close", make=passing()),
    Quiet(name="mast-in-the-wind", make=sway()),
)
"""All kinds of everyday on which nothing may be told."""
