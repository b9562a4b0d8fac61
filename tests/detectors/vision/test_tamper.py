"""What is done to a camera is told once it lasts, as what it is; it ends when all is well, and light is nothing."""

import pytest
from msgspec.structs import replace

from tocsin.contract.camera_cases import CAMERA, RECORD, city_with
from tocsin.contract.examples import START_AT, series
from tocsin.contract.folding import findings, folded
from tocsin.contract.pictures import PictureState
from tocsin.detectors.vision.tamper import Tamper
from tocsin.model import Condition, Finding, Health

WELL = PictureState(number=1, learned=True, width=640)
COVERED = replace(WELL, hidden=0.6, agreement=0.35, edges=0.3)
OTHER = replace(WELL, agreement=0.1, edges=0.9, focus=0.3, flags=("other-view",))
TROUBLES = {
    "covered": COVERED,
    "defocused": replace(WELL, focus=0.4),
    "turned": replace(WELL, shift_px=64.0),
    "frozen": replace(WELL, noise=0.1),
    "replayed": replace(WELL, replayed_s=12.0),
}


def states(*parts):
    """Parts of (state, seconds) one after the other, two states a second."""
    return series([state for state, lasts_s in parts for _ in range(int(2 * lasts_s))], every_s=0.5, source=CAMERA)


ALARM = states((WELL, 5), *((trouble, 10) for trouble in TROUBLES.values()), (WELL, 10))
BENIGN = states(
    (WELL, 5),
    (replace(WELL, brightness=30.0, edges=0.2, contrast=0.3, histogram=0.9, noise=1.4), 20),
    (replace(WELL, hidden=0.2, agreement=0.7), 20),
    (COVERED, 2),
    (WELL, 5),
    (replace(COVERED, learned=False), 20),
)


def told(*parts, resources=None, **parameters):
    return findings(Tamper(**parameters), states(*parts), resources or city_with())


@pytest.mark.parametrize("grade", TROUBLES)
def test_each_trouble_is_told_once_as_what_it_is(grade):
    found = told((WELL, 5), (TROUBLES[grade], 30))
    assert [(one.grade, one.subject) for one in found] == [(grade, CAMERA)]
    assert 0.5 <= found[0].at - START_AT - 5.0 <= 5.0


def test_a_lasting_trouble_is_told_again_each_minute_as_the_same():
    found = told((WELL, 5), (COVERED, 150))
    assert len(found) == 3
    assert len({one.id for one in found}) == 1


@pytest.mark.parametrize("state", [OTHER, replace(WELL, turn_deg=4.0), replace(WELL, size=1.2)])
def test_turned_away_rolled_and_zoomed_are_turned(state):
    assert [one.grade for one in told((WELL, 5), (state, 10))] == ["turned"]


def test_a_black_picture_is_covered():
    black = replace(WELL, agreement=0.0, edges=0.0, contrast=0.0, focus=0.1, noise=0.0, hidden=0.1)
    assert [one.grade for one in told((WELL, 5), (black, 20))] == ["covered"]


def test_a_heavy_blur_is_no_cover_while_what_is_blurred_lies_where_it_was():
    blurred = replace(WELL, agreement=0.6, edges=0.02, contrast=0.7, focus=0.2, hidden=0.3)
    assert [one.grade for one in told((WELL, 5), (blurred, 10))] == ["defocused"]
    assert [one.grade for one in told((WELL, 5), (replace(blurred, agreement=0.1, hidden=0.8), 10))] == ["covered"]


def test_another_view_may_have_few_edges_but_has_contrast():
    smoother = replace(OTHER, edges=0.3, contrast=0.7)
    assert [one.grade for one in told((WELL, 5), (smoother, 10))] == ["turned"]


def test_what_flickers_is_told_but_what_passes_is_not():
    flicker = [part for _ in range(8) for part in ((COVERED, 1), (WELL, 0.5))]
    passing = [part for _ in range(8) for part in ((COVERED, 1), (WELL, 3))]
    assert [one.grade for one in told((WELL, 5), *flicker)] == ["covered"]
    assert told((WELL, 5), *passing) == []


def test_the_camera_is_suspect_until_it_is_well_again():
    facts = folded(Tamper(), states((WELL, 5), (COVERED, 10), (WELL, 20)), city_with())
    health = [one for one in facts if isinstance(one, Health)]
    assert [one.condition for one in health] == [Condition.SUSPECT, Condition.OK]
    assert health[1].at - START_AT == pytest.approx(20.0, abs=1.0)


def test_after_it_ended_it_is_another_finding():
    found = told((WELL, 5), (COVERED, 10), (WELL, 20), (COVERED, 10))
    assert len({one.id for one in found}) == 2


def test_a_silence_or_a_restart_ends_what_was_seen():
    before, after = states((WELL, 5), (COVERED, 2)), states((COVERED, 2))
    later = [replace(one, at=one.at + 100.0, seq=one.seq + 99) for one in after]
    restarted = [replace(one, at=one.at + 7.0, boot="2") for one in after]
    assert findings(Tamper(), [*before, *later], city_with()) == []
    assert findings(Tamper(), [*before, *restarted], city_with()) == []


def test_the_place_or_the_camera_can_forbid_it():
    forbidden = replace(RECORD, forbidden=("vision.tamper",))
    for resources in (city_with(record=forbidden), city_with(analytics=("vision.line",))):
        assert told((WELL, 5), (COVERED, 20), resources=resources) == []


def test_a_sentence_says_how_much():
    found = [one for one in folded(Tamper(), ALARM, city_with()) if isinstance(one, Finding)]
    assert [one.because for one in found] == [
        "Covered: 65 % of what this camera usually shows has been hidden for 3 s.",
        "Out of focus: 40 % of the usual sharpness for 4 s.",
        "Turned: for 3 s the picture has lain 10 % of its width and 0° from where it was, 1.00 times as large.",
        "The picture stands still: no fresh noise and no movement for 2 s.",
        "What it shows was seen before, 12 s ago, down to the noise.",
    ]
