"""A counter is judged against its own background, which an alarm never changes."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tocsin.contract.examples import counts
from tocsin.contract.folding import Folding, findings
from tocsin.detectors.cbrne.radiation_rise import RadiationRise

ALARM = counts([100.0 + n % 7 for n in range(60)] + [240.0, 250.0, 260.0] + [1_200.0] * 3)
BENIGN = counts([100.0 + n % 7 for n in range(60)] + [125.0] * 20)


def poisson(mean, chance):
    """Counts of one second: the sum of many rare chances, near enough to Poisson for these means."""
    return float(max(0, round(chance.gauss(mean, mean**0.5))))


def test_it_is_silent_while_learning():
    assert findings(RadiationRise(), counts([9_999.0, *[50.0] * 10, 9_999.0, 9_999.0])) == []


def test_a_rise_is_told_at_its_second_reading_and_rises_in_grade():
    found = findings(RadiationRise(), ALARM)
    assert [finding.grade for finding in found] == ["rise", "high"]
    assert len({finding.id for finding in found}) == 1
    assert not any(finding.life for finding in found)


def test_noise_and_rain_are_no_rise():
    chance = Random(3)
    steady = [poisson(50.0, chance) for _ in range(12_000)]
    rain = [poisson(50.0 * (1.0 + 0.35 * min(1.0, n / 360)), chance) for n in range(8_000)]
    assert findings(RadiationRise(), counts(steady + rain)) == []


@given(st.floats(50.0, 500.0), st.integers(2, 40))
def test_it_never_learns_from_an_alarm(mean, readings):
    running = Folding(RadiationRise(), RadiationRise.key)
    for fact in counts([mean] * 60 + [4.0 * mean] * readings):
        running.feed(fact)
    assert running.states["rad-1"].mean == pytest.approx(mean)


def test_one_rise_that_flickers_is_one_finding():
    found = findings(RadiationRise(), counts([100.0] * 60 + [300.0, 300.0, 120.0] * 12))
    assert len({finding.id for finding in found}) == 1


def test_two_rises_apart_are_two_findings():
    found = findings(RadiationRise(), counts([100.0] * 60 + [300.0] * 3 + [100.0] * 60 + [300.0] * 3))
    assert len({finding.id for finding in found}) == 2


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), -5.0])
def test_what_is_no_count_changes_nothing(odd):
    assert findings(RadiationRise(), counts([odd, *[100.0] * 60, odd, odd, odd, *[100.0] * 5])) == []


def test_false_alarms_by_noise_come_as_often_as_set():
    chance, every_s, wanted = Random(9), 5.0, 400.0
    per_year = 365.25 * 86_400.0 / every_s / wanted
    steady = counts([poisson(80.0, chance) for _ in range(12_000)], every_s)
    told = findings(RadiationRise(false_alarms_per_year=per_year, drift=0.0, ratio=1.3, readings_min=1), steady)
    rung = len({finding.id for finding in told})
    assert 0.2 * 12_000 / wanted < rung < 1.5 * 12_000 / wanted


def test_a_small_lasting_rise_adds_up():
    chance = Random(11)
    rise = [poisson(80.0, chance) for _ in range(200)] + [poisson(120.0, chance) for _ in range(60)]
    (first, *_) = findings(RadiationRise(), counts(rise))
    assert first.at - counts([0.0])[0].at - 1_000.0 < 250.0


def test_the_counting_time_that_a_reading_tells_counts():
    short = counts([10.0] * 40 + [22.0] * 4)
    long = [replace(fact, body=replace(fact.body, live_s=60.0)) for fact in short]
    assert findings(RadiationRise(), short) == []
    assert findings(RadiationRise(), long)
