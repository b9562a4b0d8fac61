"""Bangs leave a microphone as numbers; audio only where nobody speaks, seldom, and no longer than the bang."""

import numpy as np
import pytest
from msgspec.structs import replace

from tocsin.contract.bodies import Alive
from tocsin.contract.examples import START_AT
from tocsin.contract.raster import Raster
from tocsin.contract.resources import Resources
from tocsin.contract.sounds import AudioBlock, Impulse, SoundClip
from tocsin.engine.perceiving import Perception
from tocsin.formats import flac
from tocsin.model import ContractBroken, Level, Origin, Reading
from tocsin.perceivers.impulses import Impulses

pytest.importorskip("av", reason="audio needs PyAV: pip install 'tocsin[vision]'")

RATE = 16_000
BLOCK = RATE // 2
WITHOUT_MODEL = Impulses(model="")


def street(seconds=8.0, level=1e-3):
    return level * np.random.default_rng(4).standard_normal(int(seconds * RATE))


def with_bang(piece, at, level=0.5, lasts_s=0.03):
    begin = int(at * RATE)
    n = np.arange(int(0.3 * RATE)) / RATE
    piece[begin : begin + len(n)] += level * np.exp(-n / lasts_s) * np.random.default_rng(5).standard_normal(len(n))
    piece[begin] += level
    return piece


def spoken(piece, pitch_hz=130.0):
    at = np.arange(len(piece)) / RATE
    return piece + sum(np.sin(2 * np.pi * pitch_hz * k * at) / k for k in range(1, 20)) * 0.03


def blocks(piece, size=BLOCK, first=0):
    return [
        Reading(
            at=START_AT + (first + begin) / RATE,
            origin=Origin.SIMULATED,
            source="mic-1",
            seq=first + begin,
            body=AudioBlock(samples=Raster.of(piece[begin : begin + size]), rate_hz=RATE, first=first + begin),
        )
        for begin in range(0, len(piece), size)
    ]


ALARM = blocks(with_bang(street(4.0), 1.2))


def heard(readings, declared=WITHOUT_MODEL):
    """All that leaves the perceiver, in order."""
    listening, memory, found = declared.start(Resources()), None, []
    for reading in readings:
        memory, perceived = listening.look(memory, reading)
        found += perceived.readings
    return found


def impulses(found):
    return [one for one in found if isinstance(one.body, Impulse)]


def clips(found):
    return [one for one in found if isinstance(one.body, SoundClip)]


def test_a_bang_is_told_at_its_onset_as_numbers():
    (one,) = impulses(heard(blocks(with_bang(street(), 2.345))))
    assert one.at - START_AT == pytest.approx(2.345, abs=2e-4)
    assert one.body.rise_db > 30
    assert (one.body.scores, one.body.model, one.body.level) == ({}, "", Level.ANONYMOUS)


@pytest.mark.parametrize("size", [800, 5_000, 8_000, 31_999])
def test_blocks_of_any_size_tell_the_same(size):
    piece = with_bang(with_bang(street(), 1.1), 4.4)
    moments = [round(one.at - START_AT, 3) for one in impulses(heard(blocks(piece, size)))]
    assert moments == pytest.approx([1.1, 4.4], abs=0.002)


def test_a_street_without_bangs_tells_nothing():
    assert heard(blocks(street())) == []


def test_a_quiet_microphone_says_that_it_is_there():
    found = heard(blocks(street(25.0)), Impulses(model="", alive_every_s=10.0))
    assert [(type(one.body), round(one.at - START_AT)) for one in found] == [(Alive, 10), (Alive, 20)]


def test_the_clip_holds_the_bang_and_hardly_more():
    (clip,) = clips(heard(blocks(with_bang(street(), 2.0))))
    samples, rate = flac.decode(clip.body.flac)
    assert rate == RATE
    assert 0.1 < len(samples) / rate <= 1.0


def test_where_somebody_speaks_no_audio_leaves():
    found = heard(blocks(spoken(with_bang(street(), 2.0, level=0.9))))
    assert clips(found) == []
    assert all("speech" in one.body.flags for one in impulses(found))


def test_many_bangs_let_out_one_clip():
    piece = street(10.0)
    for at in (1.0, 2.5, 4.0, 5.5, 7.0):
        with_bang(piece, at)
    found = heard(blocks(piece))
    assert (len(impulses(found)), len(clips(found))) == (5, 1)


def test_no_clip_where_none_is_declared_or_allowed():
    piece = blocks(with_bang(street(), 2.0))
    assert clips(heard(piece, Impulses(model="", clip_s_max=0.0))) == []
    perception = Perception([WITHOUT_MODEL.start(Resources())])
    seen = [perception.perceive(one, Level.ANONYMOUS) for one in piece]
    assert [type(one.body) for part in seen for one in part.readings] == [Impulse]
    assert sum(part.withheld for part in seen) == 1


def test_audio_itself_never_leaves():
    perception = Perception([WITHOUT_MODEL.start(Resources())])
    bodies = {type(one.body) for block in ALARM for one in perception.perceive(block, Level.IDENTIFYING).readings}
    assert AudioBlock not in bodies


def test_behind_a_gap_listening_begins_anew():
    piece = with_bang(street(), 1.0)
    lost = [one for n, one in enumerate(blocks(piece)) if n != 3]
    assert len(impulses(heard(lost))) <= 1
    jump = [replace(one, body=replace(one.body, flags=("gap",))) for one in blocks(piece)]
    assert heard(jump) == []


@pytest.mark.parametrize(
    "bad",
    [
        {"rate_hz": 0.0},
        {"samples": Raster.of(np.zeros((10, 2)))},
        {"samples": Raster.of(np.full(100, np.nan))},
        {"samples": Raster.of(np.zeros(RATE * 40))},
    ],
)
def test_what_is_no_audio_is_rejected_with_a_reason(bad):
    reading = ALARM[0]
    memory, perceived = WITHOUT_MODEL.start(Resources()).look(None, replace(reading, body=replace(reading.body, **bad)))
    assert memory is None
    assert "block of audio" in perceived.rejected[0][1]


def test_a_declaration_hears_nothing():
    with pytest.raises(ContractBroken, match="start"):
        Impulses().perceive(ALARM[0])


def test_a_model_that_is_absent_is_done_without(models):
    assert models.exists() is False
    assert impulses(heard(ALARM, Impulses()))[0].body.model == ""
