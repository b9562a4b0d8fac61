"""Perceivers one behind the other: what may leave, what stays inside, and what a lower level leaves out."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from tocsin.contract.pictures import CrowdFlow, Frame, MaskedPicture, Scene, Tracks
from tocsin.contract.protocols import Perceived
from tocsin.contract.raster import Raster
from tocsin.engine.perceiving import Perception
from tocsin.model import ContractBroken, Level, Origin, Reading

PICTURE = MaskedPicture(jpeg=b"jpeg", width=4, height=3, of=1, filled=0.0)
FRAME = Frame(picture=Raster.of(np.zeros((3, 4, 3), np.uint8)), number=1)


def reading(source="cam-1", body=FRAME):
    return Reading(at=1.0, origin=Origin.LIVE, source=source, seq=0, body=body)


def again(one, body):
    return Reading(at=one.at, origin=one.origin, source=one.source, seq=one.seq, boot=one.boot, body=body)


@dataclass
class Finds:
    accepts: ClassVar = (Frame,)
    gives: ClassVar = (Scene, Tracks)

    def look(self, memory, one):
        count = (memory or 0) + 1
        return count, Perceived(
            readings=(again(one, Scene(frame=one.body)), again(one, Tracks(tracks=(), number=count)))
        )


@dataclass
class Masks:
    accepts: ClassVar = (Scene,)
    gives: ClassVar = (MaskedPicture,)
    ran: int = 0

    def perceive(self, one):
        self.ran += 1
        return Perceived(readings=(again(one, PICTURE),))


@dataclass
class Counts:
    accepts: ClassVar = (Scene,)
    gives: ClassVar = (CrowdFlow,)

    def perceive(self, one):
        return Perceived(readings=(again(one, CrowdFlow()),))


def kinds(seen):
    return {type(one.body).__name__ for one in seen.readings}


def test_what_only_admission_may_see_never_leaves_it():
    assert kinds(Perception([Finds(), Masks()]).perceive(reading())) == {"Tracks", "MaskedPicture"}


def test_a_scene_that_nobody_takes_is_withheld():
    seen = Perception([Finds()]).perceive(reading())
    assert kinds(seen) == {"Tracks"}
    assert seen.withheld == 1


def test_a_lower_level_leaves_out_what_is_above_and_does_not_even_make_it():
    masks = Masks()
    perception = Perception([Finds(), masks, Counts()])
    assert kinds(perception.perceive(reading(), Level.AGGREGATE)) == {"CrowdFlow"}
    assert masks.ran == 0


def test_what_comes_of_one_frame_has_a_numbering_for_each_class():
    one = Reading(at=1.0, origin=Origin.LIVE, source="cam-1", seq=7, boot="b2", body=FRAME)
    seen = Perception([Finds(), Masks()]).perceive(one)
    assert {(left.boot, left.seq) for left in seen.readings} == {("b2/vision.tracks", 7), ("b2/vision.picture", 7)}


def test_memory_is_kept_per_source():
    perception = Perception([Finds()])
    for source in ("a", "b", "a"):
        last = perception.perceive(reading(source))
    assert last.readings[0].body.number == 2


def test_two_perceivers_whose_running_forms_are_called_alike_are_two():
    other = type("Finds", (Finds,), {"__module__": "elsewhere"})()
    seen = Perception([Finds(), other]).perceive(reading())
    assert [one.body.number for one in seen.readings] == [1, 1]


def test_many_at_once_are_as_one_by_one():
    together = Perception([Finds(), Masks()]).perceive_many([(reading(name), Level.REDACTED) for name in "ab"])
    alone = Perception([Finds(), Masks()])
    assert [kinds(one) for one in together] == [kinds(alone.perceive(reading(name))) for name in "ab"]


def test_a_circle_is_refused():
    class Back(Masks):
        gives: ClassVar = (Frame,)

    with pytest.raises(ContractBroken, match="circle"):
        Perception([Finds(), Back()])
