"""Screening lanes: people put bags through, devices ring now and then, and a second look resolves it."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from msgspec import Struct

from tocsin.city.context import City
from tocsin.model import NotFound
from tocsin.sim.chance import draw, stream
from tocsin.sim.scenario import Bag, Checkpoint
from tocsin.sim.truth import TruthEvent, TruthStage

RINGS = {"xray": (0.06, 0.92), "trace": (0.015, 0.94), "search": (0.0005, 0.995)}
"""How often each device rings for harmless and for dangerous bags: other numbers than the detector believes."""


class Said(Struct, frozen=True):
    """What a lane sends at a moment (seconds after the start)."""

    at: float
    lane: str
    payload: dict[str, Any]


class Lanes:
    """All lanes of a checkpoint, with everything that happens there drawn beforehand."""

    def __init__(
        self, seed: int, plan: Checkpoint | None, bags: tuple[Bag, ...], city: City, duration_s: float
    ) -> None:
        self._bags, self._city = bags, city
        self._came: dict[str, tuple[float, bool]] = {}
        self._said: list[Said] = []
        if plan is not None:
            for lane in plan.lanes:
                if lane not in city.sensors:
                    raise NotFound(f"The checkpoint names a lane that {city.name} lacks: {lane}.")
                self._said += self._day(lane, plan, stream(seed, f"lane {lane}"), duration_s)
        self._said.sort(key=lambda one: (one.at, one.lane))

    def _day(self, lane: str, plan: Checkpoint, chance: np.random.Generator, duration_s: float) -> list[Said]:
        per_s = draw(chance, plan.per_minute) / 60.0
        said: list[Said] = []
        at, number = 0.0, 0
        waiting = [(draw(chance, bag.at_s), bag.id) for bag in self._bags if bag.lane == lane]
        while (at := at + float(chance.exponential(1.0 / per_s))) < duration_s:
            number += 1
            bag = next((name for due, name in waiting if due <= at and name not in self._came), None)
            looks = self._looks(lane, str(number), at, plan, chance, dangerous=bag is not None)
            if bag is not None:
                self._came[bag] = at, len(looks) > 1
            said += looks
        return said

    def _looks(
        self, lane: str, item: str, at: float, plan: Checkpoint, chance: np.random.Generator, *, dangerous: bool
    ) -> list[Said]:
        """The first look, and the second where it rang."""
        rings = {name: bool(chance.random() < RINGS[name][dangerous]) for name in RINGS}
        second = draw(chance, plan.second_look_s)
        first = Said(at, lane, {"xray": rings["xray"], "trace": rings["trace"], "item": item, "look": 1})
        if not (rings["xray"] or rings["trace"]):
            return [first]
        return [first, Said(at + second, lane, {"search": rings["search"], "item": item, "look": 2})]

    def said(self, second: int) -> Iterator[Said]:
        """What is sent within this second, in order."""
        while self._said and self._said[0].at < second + 1:
            one = self._said.pop(0)
            if one.at >= second:
                yield one

    def truths(self, start_at: float) -> Iterator[TruthEvent]:
        """The dangerous bags that were put through."""
        for bag in self._bags:
            if bag.id in self._came:
                at, rang = self._came[bag.id]
                yield TruthEvent(
                    id=bag.id,
                    hazard="explosive",
                    at=start_at + at,
                    until=start_at + at + 600.0,
                    place=self._city.sensors[bag.lane].place,
                    stages=(TruthStage(hazard="explosive", at=start_at + at, subjects=(bag.lane,)),),
                    first_reaches={bag.lane: start_at + at} if rang else {},
                )
