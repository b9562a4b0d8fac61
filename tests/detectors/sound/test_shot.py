"""Bangs become one place with its doubts; what is no shot is told as such, or not at all."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tocsin.contract.bodies import Wind
from tocsin.contract.examples import START_AT, seen
from tocsin.contract.folding import findings
from tocsin.contract.sound_cases import SPOTS_M, ZERO, heard_shot
from tocsin.detectors.sound.shot import Shot
from tocsin.model import distance_m, moved

WEATHER = [seen(Wind(speed_m_s=2.0, from_deg=270.0), at=START_AT - 60 + n, seq=n, source="wind-1") for n in range(14)]
ALARM = [*WEATHER, *heard_shot(6)]
BENIGN = [*WEATHER, *heard_shot(3, score=0.1), *heard_shot(2, at=START_AT + 30, seq=1, score=0.2)]
TRUE = moved(ZERO, 210.0, 390.0)


def last(facts, **parameters):
    return findings(Shot(**parameters), facts)[-1]


def fired(times, **how):
    """Several bangs, one after another."""
    return [fact for seq, after in enumerate(times) for fact in heard_shot(7, at=START_AT + after, seq=seq, **how)]


def test_a_shot_is_placed_and_threatens_life():
    told = last(heard_shot(7))
    assert (told.grade, told.life, told.subject) == ("located", True, "gunshot")
    assert distance_m(told.place, TRUE) < 5
    assert {extent.probability for extent in told.extents} == {0.5, 0.9}
    assert "7 microphones" in told.because


def test_an_echo_is_counted_and_does_not_move_the_place():
    told = last(heard_shot(7, late_s=(0, 0, 0.25)))
    assert distance_m(told.place, TRUE) < 8
    assert "1 arrivals were echoes" in told.because


def test_every_bang_of_a_burst_is_the_same_finding():
    found = findings(Shot(), fired([0.0, 4.0, 9.0]))
    assert len({one.id for one in found}) == 1
    assert found[-1].because.startswith("3 bangs")
    assert "from the same place" in found[-1].because


def test_an_explosion_is_called_one():
    blast = [replace(one, body=replace(one.body, scores={"gunshot": 0.1, "explosion": 0.85})) for one in heard_shot(7)]
    assert last(blast).subject == "explosion"


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"whistle": 0.8, "score": 0.5}, "a rising whistle"),
        ({"height_m": 90.0, "score": 0.6}, "high in the air"),
        ({"score": 0.3}, "with 0.30 on average"),
    ],
)
def test_what_speaks_against_a_shot_is_said(how, words):
    told = last(heard_shot(7, **how), doubtful_nats=-9.0)
    assert (told.grade, told.life) == ("doubtful", False)
    assert words in told.because


def test_what_is_hardly_a_shot_is_not_told():
    assert findings(Shot(), heard_shot(7, score=0.05)) == []


def test_bangs_all_over_a_square_are_a_display():
    places = [(150.0, 300.0), (230.0, 380.0), (190.0, 330.0), (260.0, 300.0), (160.0, 390.0), (220.0, 310.0)]
    facts = [
        one
        for seq, (east, north) in enumerate(places)
        for one in heard_shot(7, east_m=east, north_m=north, at=START_AT + 5.0 * seq, seq=seq, score=0.55)
    ]
    told = last(facts, doubtful_nats=-9.0)
    assert told.grade == "doubtful"
    assert "as of a firework" in told.because


def test_one_sure_microphone_is_told_once_a_minute_when_no_place_followed():
    bangs = [one for seq in range(3) for one in heard_shot(1, score=0.97, at=START_AT + 10 * seq, seq=seq)]
    found = findings(Shot(), bangs)
    assert [one.grade for one in found] == ["heard"]
    assert found[0].life is False


def test_a_located_bang_is_not_told_by_single_microphones_too():
    later = seen(Wind(speed_m_s=2.0, from_deg=0.0), at=START_AT + 30, source="wind-1")
    assert {one.grade for one in findings(Shot(), [*heard_shot(7, score=0.98), later])} == {"located"}


def test_without_classes_the_times_alone_do_not_make_a_shot():
    told = last(heard_shot(7, score=None))
    assert told.grade == "doubtful"
    assert "no microphone gave a class" in told.because


def test_a_shock_wave_is_no_source_and_speaks_for_a_shot():
    facts = heard_shot(7, score=0.6)
    waves = [replace(one, at=one.at - 0.2, seq=9, body=replace(one.body, flags=("n-wave",))) for one in facts]
    led = [replace(one, body=replace(one.body, lead_ms=200.0)) for one in facts]
    told = last(sorted([*waves, *led], key=lambda one: one.at))
    assert "shock wave came before" in told.because
    assert distance_m(told.place, TRUE) < 5


def test_doubled_late_and_unplaced_bangs_change_nothing():
    facts = heard_shot(7)
    old = [replace(one, at=one.at - 100.0, seq=5) for one in facts[:4]]
    lost = [replace(one, place=None, seq=6) for one in facts]
    assert findings(Shot(), [*facts, *facts, *old, *lost])[-1] == last(facts)


@settings(max_examples=15, deadline=None)
@given(st.floats(50, 550), st.floats(50, 550))
def test_wherever_it_is_among_the_microphones_it_is_found(east, north):
    told = last(heard_shot(len(SPOTS_M), east_m=east, north_m=north))
    assert distance_m(told.place, moved(ZERO, east, north)) < 12
