"""Events are judged from true ways, findings count once, recordings are read, cards say what was counted."""

import numpy as np
import pytest
from msgspec.structs import replace

from tocsin.contract.camera_cases import area, city_with, walk
from tocsin.contract.cards import Cards
from tocsin.contract.folding import findings
from tocsin.detectors.vision.zone import Zone
from tocsin.model import Basis, ConfigError
from tocsin.sim.lookout import Faults
from tocsin.suites import Order
from tocsin.suites.vision_detectors import VisionDetectors
from tocsin.suites.vision_detectors.judging import Span, Tally, Truth, spans
from tocsin.suites.vision_detectors.motion import recorded_ways
from tocsin.suites.vision_detectors.recorded import sequences
from tocsin.suites.vision_detectors.scenarios import EVENTS
from tocsin.suites.vision_detectors.watching import played

QUICK = {"runs": 1, "ordinary_h": 0.0, "kinds": ("vision.zone",), "faults": False}


def report(order, **parameters):
    return VisionDetectors(**(QUICK | parameters)).run(order, None)


def test_a_detector_without_faults_finds_every_trespass(order):
    said = report(order)
    assert said.metrics["vision.zone.events.recall"] == said.metrics["vision.zone.events.precision"] == 1.0
    assert said.metrics["vision.zone.events.false_per_hour_upper95"] > 0


@pytest.mark.nightly
@pytest.mark.parametrize("kind", sorted(EVENTS))
def test_every_scenario_holds_events(kind):
    runs = [played(kind, EVENTS[kind], seed, Faults.none(), calibrated=True) for seed in range(4)]
    assert sum(len(run.true(kind).events) for run in runs) >= 2


def test_cards_say_what_was_counted(order, tmp_path):
    report(order, ordinary_h=0.02, street_s=72.0, cards=str(tmp_path))
    weight = Cards.load(tmp_path).weight("vision.zone", "person", {})
    assert weight.basis is Basis.COUNTED
    assert "simulated ordinary streets" in weight.text
    with pytest.raises(ConfigError, match="is no folder"):
        report(order, cards=str(tmp_path / "nowhere"))


def test_spans_are_the_times_over_which_something_holds():
    at_s = np.arange(8) * 0.5
    assert spans(np.array([0, 1, 1, 0, 1, 1, 1, 1], dtype=bool), at_s, 1.0) == [Span(2.0, 3.5)]


def tally_of(*since):
    """What a tally says of one finding told at 8 s, where events began at these times and lasted 2 s."""
    yard = area("yard", (0.4, 0.2), (0.9, 0.9), forbidden=("person",))
    (one,) = findings(Zone(), walk((0.2, 0.6), (0.6, 0.6)), city_with(areas=[yard], analytics=["vision.zone"]))
    tally = Tally()
    truth = Truth(tuple(Span(at, at + 2.0) for at in since), (Span(7.0, 8.5),))
    tally.add(truth, [one, replace(one, at=one.at + 60.0)], one.at - 8.0, 60.0, "run")
    return tally


@pytest.mark.parametrize(
    ("since", "found", "noticed", "false", "either"), [((7.0,), 1, 1, 0, 0), ((7.0, 7.5), 1, 2, 0, 0), ((), 0, 0, 0, 1)]
)
def test_a_finding_finds_one_event_and_counts_once(since, found, noticed, false, either):
    tally = tally_of(*since)
    assert (tally.found, tally.noticed, tally.false, tally.either) == (found, noticed, false, either)


@pytest.fixture
def data(tmp_path):
    """One recording of a person who walks to the right, and of three on the ground."""
    folder = tmp_path / "mot15" / "SQUARE"
    (folder / "gt").mkdir(parents=True)
    (folder / "det").mkdir()
    head = "[Sequence]\nname=SQUARE\nframeRate=10\nseqLength=80\nimWidth=640\nimHeight=480\n"
    (folder / "seqinfo.ini").write_text(head, encoding="utf-8")
    rows = [f"{n},1,{20 + 7 * n},150,60,180,1,-1,-1,-1" for n in range(1, 81)]
    for name in ("gt", "det"):
        (folder / name / f"{name}.txt").write_text("\n".join(rows), encoding="utf-8")
    (tmp_path / "pedpy").mkdir()
    ways = [f"{k} {n} {(n * 5.0) - 400} {60 * k} 170" for k in range(3) for n in range(160)]
    (tmp_path / "pedpy" / "lab.txt").write_text("# framerate: 25 fps\n# id frame x/cm y/cm\n" + "\n".join(ways))
    return tmp_path


def test_recorded_boxes_and_ways_are_counted(order, data):
    said = report(Order(command="it", data=data), set_ups=6, cameras=1, runs=1)
    assert said.metrics["vision.zone.boxes.events"] == said.metrics["vision.zone.boxes.found"] > 0
    assert said.metrics["vision.zone.boxes.false"] == 0
    assert said.metrics["vision.zone.ways.hours"] > 0


def test_ways_in_centimetres_become_metres(data):
    (lab,) = recorded_ways(data)
    assert lab.people == 3
    assert np.ptp(lab.places[:, 1]) == pytest.approx(1.2)


def test_a_folder_that_is_no_recording_is_refused(data):
    (data / "mot15" / "SQUARE" / "gt" / "gt.txt").write_text("nothing", encoding="utf-8")
    with pytest.raises(ConfigError, match="no recording in the form of the MOTChallenge"):
        sequences(data / "mot15")
