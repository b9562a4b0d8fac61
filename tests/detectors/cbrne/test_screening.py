"""Lanes: alarms are weighed by operating curves, resolved by a second look, and counted."""

import pytest
from msgspec.structs import replace

from tocsin.contract.examples import screened, series
from tocsin.contract.folding import Folding, findings
from tocsin.contract.resources import Resources
from tocsin.contract.screening import Curve, Screened, Step, curves_from
from tocsin.detectors.cbrne.screening import Screening
from tocsin.model import Basis, ConfigError

ALARM = screened([("x-ray-operator", True), ("hand-search", True)])
BENIGN = screened([("x-ray-operator", False), ("explosives-trace", False)])


def grades(looks):
    return [one.grade for one in findings(Screening(), screened(looks))]


def test_a_second_look_confirms_or_clears_under_the_same_id():
    assert grades([("x-ray-operator", True), ("hand-search", True)]) == ["explosive-alarm", "explosive-confirmed"]
    assert grades([("x-ray-operator", True), ("hand-search", False)]) == ["explosive-alarm", "explosive-cleared"]
    assert len({one.id for one in findings(Screening(), ALARM)}) == 1


@pytest.mark.parametrize(
    ("device", "grade"),
    [
        ("walk-through-portal", "weapon"),
        ("water-quality", "toxic"),
        ("surface-swab", "toxic"),
        ("air-collector", "biological"),
    ],
)
def test_every_kind_of_device_speaks_of_its_own_danger(device, grade):
    assert grades([(device, True)]) == [f"{grade}-alarm"]


def test_likelihood_ratios_of_looks_multiply():
    first, second = findings(Screening(), ALARM)
    assert first.figures[0].value == pytest.approx(0.80 / 0.08)
    assert second.figures[0].value == pytest.approx(10.0 * 0.95 / 0.001, rel=0.01)


def test_two_devices_at_one_item_add_up_before_the_second_look():
    bodies = [Screened(device=name, alarm=True, item="7") for name in ("x-ray-operator", "explosives-trace")]
    assert [round(one.figures[0].value) for one in findings(Screening(), series(bodies))] == [10, 850]


def test_a_lane_that_often_errs_weighs_less():
    bodies = []
    for n in range(400):
        bodies.append(Screened(device="x-ray-operator", alarm=n % 5 == 0, item=str(n)))
        if n % 5 == 0:
            bodies.append(Screened(device="hand-search", alarm=False, item=str(n), look=2))
    told = findings(Screening(), series([*bodies, Screened(device="x-ray-operator", alarm=True, item="x")]))
    last = told[-1]
    assert last.weight.basis is Basis.COUNTED
    assert 0.5 < last.weight.nats < 1.0
    assert "80 cleared: 20.0 % false" in last.because


def test_an_item_whose_second_look_never_comes_is_forgotten():
    running = Folding(Screening().start(Resources()), Screening.key)
    late = [replace(fact, at=fact.at + 3_600.0 * n) for n, fact in enumerate(ALARM)]
    for fact in late:
        running.feed(fact)
    assert running.states["lane-1"].items == {}


def test_unknown_devices_broken_scores_and_repeats_change_nothing():
    odd = [Screened(device="tea-leaves", alarm=True), Screened(device="weapons-gate", alarm=True, score=float("nan"))]
    assert findings(Screening(), series(odd)) == []
    assert findings(Screening(), [*ALARM, ALARM[0]]) == findings(Screening(), ALARM)


GATE = Curve("weapon", 0.03, 0.85, (Step(0.9, 0.005, 0.55), Step(0.7, 0.03, 0.85)))


@pytest.mark.parametrize(("score", "ratio"), [(0.95, 110.0), (0.8, 12.0), (0.1, 0.15 / 0.97)])
def test_a_score_is_worth_the_slope_of_the_curve_there(score, ratio):
    from math import exp

    assert exp(GATE.nats(Screened(device="g", alarm=False, score=score))) == pytest.approx(ratio)


@pytest.mark.parametrize(
    "row",
    [
        {"finds": "tea", "false_alarm": 0.1, "detection": 0.9},
        {"finds": "weapon", "false_alarm": 0.9, "detection": 0.1},
        {"finds": "weapon", "false_alarm": 0.1},
        {
            "finds": "weapon",
            "false_alarm": 0.1,
            "detection": 0.9,
            "scores": [{"score_min": n, "false_alarm": 0.1, "detection": 0.5} for n in (0.1, 0.9)],
        },
    ],
)
def test_a_curve_that_cannot_be_is_refused_by_name(tmp_path, row):
    import yaml

    (tmp_path / "screening").mkdir()
    (tmp_path / "screening" / "curves.yaml").write_text(yaml.safe_dump({"devices": {"gate-x": row}}))
    with pytest.raises(ConfigError, match="gate-x"):
        curves_from(Resources(content=tmp_path))
