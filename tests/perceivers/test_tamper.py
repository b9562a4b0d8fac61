"""A picture that is as usual is told as such; what is done to it shows in the measure that is meant for it."""

import numpy as np
import pytest
from msgspec.structs import replace

from tocsin.contract.camera_cases import city_with
from tocsin.contract.examples import START_AT
from tocsin.contract.pictures import Frame
from tocsin.contract.protocols import Perceived
from tocsin.contract.raster import Raster
from tocsin.contract.resources import Resources
from tocsin.model import ContractBroken, Origin, Reading
from tocsin.perceivers.tamper import Tamper
from tocsin.perceivers.tamper.echoes import FRAMES_MAX, Echo, Echoes
from tocsin.perceivers.tamper.grain import PATCHES

cv2 = pytest.importorskip("cv2", reason="pictures need OpenCV: pip install 'tocsin[vision]'")

FRAMES_PER_S = 5.0
HEIGHT, WIDTH = 180, 320


NOISE = np.random.default_rng(5).normal(0, 2.0, (HEIGHT + 64, WIDTH + 64, 3)).round().astype(np.int16)


def place(height=HEIGHT, width=WIDTH, seed=3):
    """A made-up view: walls and windows of chance."""
    chance = np.random.default_rng(seed)
    picture = np.full((height, width, 3), 90, np.uint8)
    for x, y, w, h, *shade in chance.integers(0, 256, (160, 7)):
        corner = (int(x * width // 256), int(y * height // 256))
        size = (int(4 + w * width // 1024), int(4 + h * height // 1024))
        cv2.rectangle(picture, corner, (corner[0] + size[0], corner[1] + size[1]), [int(one) for one in shade], -1)
    return picture


def live(frames, picture=None, seed=2):
    """The view for so many frames, each with fresh noise of its own."""
    picture = place() if picture is None else picture
    height, width = picture.shape[:2]
    parts = np.random.default_rng(seed).integers(0, 64, (frames, 2))
    noise = (NOISE[top : top + height, left : left + width] for top, left in parts)
    return [np.clip(picture + one, 0, 255).astype(np.uint8) for one in noise]


def readings(pictures, first=0, again=None):
    frames = [
        Frame(picture=Raster.of(picture), number=n, flags=("again",) if n == again else ())
        for n, picture in enumerate(pictures, first)
    ]
    return [
        Reading(at=START_AT + one.number / FRAMES_PER_S, origin=Origin.SIMULATED, source="cam-1", seq=n, body=one)
        for n, one in enumerate(frames, first)
    ]


def told(pictures, again=None, **parameters):
    """The states that a sequence of pictures gives."""
    watching, memory, states = Tamper(**parameters).start(Resources()), None, []
    for reading in readings(pictures, again=again):
        memory, perceived = watching.look(memory, reading)
        states += [one.body for one in perceived.readings]
    return states


ALARM = readings(live(8, place(96, 128)))
WELL = live(60, seed=1)


def test_as_usual_all_measures_are_one():
    last = told(WELL)[-1]
    assert last.learned
    assert (last.hidden, last.replayed_s, last.flags) == (0.0, None, ())
    assert [last.focus, last.edges, last.agreement] == pytest.approx([1.0, 1.0, 1.0], abs=0.05)
    assert last.noise > 0.9


def test_states_come_at_their_rate_whatever_the_frames():
    assert [len(told(WELL, states_per_s=rate)) for rate in (1.0, 2.5)] == [12, 30]


def test_a_hand_hides_the_view():
    covered = place().copy()
    covered[:, 100:] = (110, 140, 190)
    last = told([*WELL, *live(30, covered)])[-1]
    assert last.hidden == pytest.approx(0.68, abs=0.1)
    assert last.shift_px < 0.02 * WIDTH


def test_of_a_view_with_little_in_it_more_must_be_hidden():
    sparse = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    sparse[:, :60] = place()[:, :60]
    hidden = sparse.copy()
    hidden[:90] = 90
    last = told([*live(60, sparse, seed=1), *live(30, hidden, seed=4)])[-1]
    assert last.agreement < 0.65
    assert 0.1 < last.hidden < 0.2


def test_whoever_passes_hides_nothing():
    passing = [picture.copy() for picture in live(30)]
    for n, picture in enumerate(passing):
        picture[:, 12 * n % WIDTH : 12 * n % WIDTH + 90] = 60
    assert max(state.hidden for state in told([*WELL, *passing])) < 0.1


@pytest.mark.parametrize(("sigma_px", "sharp"), [(0.5, True), (2.0, False)])
def test_a_blur_shows_in_focus_alone(sigma_px, sharp):
    last = told([*WELL, *live(20, cv2.GaussianBlur(place(), (0, 0), sigma_px))])[-1]
    assert (last.focus > 0.7, last.focus > 0.6) == (sharp, sharp)
    assert last.agreement > 0.9


@pytest.mark.parametrize(("right_px", "turn_deg"), [(32.0, 0.0), (-9.0, 0.0), (0.0, 4.0)])
def test_how_far_it_was_turned_is_measured(right_px, turn_deg):
    matrix = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), -turn_deg, 1.0)
    matrix[0, 2] += right_px
    aside = cv2.warpAffine(place(), matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT_101)
    last = told([*WELL, *live(20, aside)])[-1]
    assert last.shift_px == pytest.approx(abs(right_px), abs=1.5)
    assert last.turn_deg == pytest.approx(turn_deg, abs=0.4)


def test_another_place_is_another_view():
    assert "other-view" in told([*WELL, *live(20, place(seed=9))])[-1].flags


@pytest.mark.parametrize("light", [0.35, 1.15])
def test_light_changes_nothing_but_brightness(light):
    last = told([*WELL, *live(40, np.clip(place() * light, 0, 255))])[-1]
    assert (last.hidden, last.shift_px, last.flags) == (0.0, 0.0, ())
    assert min(last.focus, last.agreement, last.noise) > 0.85


def test_a_frozen_picture_has_no_fresh_noise():
    states = told([*WELL, *[WELL[-1]] * 40])
    assert states[-1].noise == 0.0
    assert states[-1].repeats == 40
    assert min(state.noise for state in states[:20]) > 0.9


def test_a_stretch_seen_before_is_known_again():
    states = told([*WELL, *WELL[15:55]])
    assert states[-1].replayed_s == pytest.approx(45 / FRAMES_PER_S, abs=0.01)
    assert not any(state.replayed_s for state in states[:20])


@pytest.mark.parametrize(("lags_s", "sure"), [([9.0] * 12, True), ([9.0, 9.2, 8.8] * 4, False)])
def test_what_is_played_again_keeps_step(lags_s, sure):
    alike = Echo(9.0, 0.0, 6.0, lags_s=lags_s, every_s=1 / FRAMES_PER_S)
    alike.scores, alike.peaks, alike.margins = [np.full(PATCHES, 0.4)] * 12, [0.3] * 12, [0.1] * 12
    assert alike.sure is sure


def test_a_recording_that_is_shown_in_a_loop_by_request_is_no_replay():
    assert not any(state.replayed_s for state in told([*WELL, *WELL], again=len(WELL)))


def test_nothing_wrong_is_learned():
    covered = place().copy()
    covered[:] = 128
    states = told([*WELL, *live(100, covered), *live(15)], learn_s=60.0)
    assert states[-10].hidden > 0.9
    assert (states[-1].hidden, states[-1].agreement) == pytest.approx((0.0, 1.0), abs=0.05)


def test_a_view_that_stays_for_long_becomes_the_usual_one():
    watching, memory, states = Tamper(relearn_s=600.0).start(Resources()), None, []
    rare = [replace(one, at=one.at + 30.0 * n) for n, one in enumerate(readings(live(30, place(seed=9)), first=60))]
    for reading in [*readings(WELL), *rare]:
        memory, perceived = watching.look(memory, reading)
        states += [one.body for one in perceived.readings]
    assert states[22].agreement < 0.3
    assert states[-1].agreement > 0.9


def test_another_size_begins_anew():
    states = told([*WELL, *live(10, place(96, 160))])
    assert not states[-1].learned
    assert states[-1].width == 160


def test_late_and_doubled_frames_say_nothing():
    watching, memory = Tamper().start(Resources()), None
    for reading in readings(WELL[:10]):
        memory, _ = watching.look(memory, reading)
    for again in readings(WELL[:10]):
        assert watching.look(memory, again)[1].readings == ()


def test_a_clock_that_was_set_back_begins_anew():
    watching, memory = Tamper().start(Resources()), None
    for reading in readings(WELL):
        memory, _ = watching.look(memory, reading)
    earlier = [replace(reading, at=reading.at - 3_600.0) for reading in readings(WELL)]
    assert not watching.look(memory, earlier[0])[1].readings[0].body.learned


@pytest.mark.parametrize("shape", [(20, 30, 3), (180, 320, 1)])
def test_what_is_no_picture_is_rejected_once_with_a_reason(shape):
    watching, (first, second) = Tamper().start(Resources()), readings([np.zeros(shape, np.uint8)] * 2)
    memory, perceived = watching.look(None, first)
    assert "cannot be judged" in perceived.rejected[0][1]
    assert watching.look(memory, second)[1] == Perceived()


def test_it_remembers_no_more_than_its_limit():
    echoes = Echoes(memory_s=1e9)
    for n in range(FRAMES_MAX + 10):
        echoes.remember(float(n), np.full(PATCHES, n, np.uint32))
    assert len(echoes) == FRAMES_MAX


def test_a_camera_where_tampering_is_not_looked_for_is_not_measured():
    watching = Tamper().start(city_with(analytics=["vision.line"]))
    assert watching.look(None, readings(WELL[:1])[0]) == (None, Perceived())


def test_it_cannot_be_asked_without_its_memory():
    with pytest.raises(ContractBroken, match="look"):
        Tamper().start(Resources()).perceive(ALARM[0])
