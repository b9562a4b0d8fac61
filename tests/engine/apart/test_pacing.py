"""Perceivers are told how much they may compute, from how busy their process was."""

from dataclasses import dataclass, field
from typing import ClassVar

import pytest

from tocsin.contract.pictures import Frame, Scene, Tracks
from tocsin.contract.protocols import Perceived
from tocsin.engine.apart.pacing import SHARE_MAX, SHARE_MIN, Pacing
from tocsin.engine.perceiving import Perception


def test_too_busy_means_less_at_once():
    pacing = Pacing()
    pacing.next(busy_s=2.0, lasting_s=2.0)
    assert (pacing.share, pacing.pictures) == (pytest.approx(0.8), 1.0)


def test_it_settles_where_the_process_is_as_busy_as_it_shall_be():
    pacing, capacity = Pacing(), 0.25
    for _ in range(60):
        pacing.next(min(1.0, pacing.share / capacity), 1.0)
    assert 0.55 <= pacing.share / capacity <= 0.85


def test_an_idle_process_may_do_more_than_was_declared_but_not_without_end():
    pacing = Pacing()
    for _ in range(200):
        pacing.next(0.0, 1.0)
    assert pacing.share == SHARE_MAX


def test_it_never_stops_looking():
    pacing = Pacing()
    for _ in range(200):
        pacing.next(5.0, 1.0)
    assert pacing.share == SHARE_MIN


def lived(looking, masking, seconds=200):
    """What a process comes to whose looking and masking would take such parts of its time at full rates."""
    pacing = Pacing()
    for _ in range(seconds):
        masks = masking * pacing.pictures
        pacing.next(min(1.0, looking * pacing.share + masks), 1.0, min(1.0, masks))
    return looking * pacing.share, masking * pacing.pictures


def test_pictures_yield_before_looking_does():
    looking, masking = lived(looking=0.45, masking=0.9)
    assert looking >= 0.85 * 0.45
    assert 0.25 <= masking <= 0.4


def test_pictures_keep_a_part_of_the_time():
    looking, masking = lived(looking=3.0, masking=0.9)
    assert looking + masking <= 0.85
    assert masking >= 0.2


def test_few_pictures_are_left_alone():
    assert lived(looking=3.0, masking=0.1)[1] == pytest.approx(0.1)


@dataclass
class Paced:
    accepts: ClassVar = (Frame,)
    gives: ClassVar = (Tracks,)
    told: list = field(default_factory=list)

    def perceive(self, one):
        return Perceived()

    def pace(self, share):
        self.told.append(share)


def test_perceivers_that_share_their_computing_are_told_what_is_theirs():
    one = Paced()
    perception = Perception([one])
    perception.pace(Tracks, 0.5)
    perception.pace(Scene, 0.25)
    assert one.told == [0.5]
