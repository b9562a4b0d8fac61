"""A source that walks past counters is one finding with its way; weather and single glitches are none."""

from random import Random

import pytest
from msgspec.structs import replace

from tocsin.contract.bodies import Counts
from tocsin.contract.examples import START_AT, gamma, hall_counts
from tocsin.contract.folding import findings
from tocsin.detectors.cbrne.radiation_source import RadiationSource
from tocsin.model import moved, offset_m

ALARM = hall_counts(passing=True)
BENIGN = hall_counts(passing=False, seconds=200)


def shaken(facts, factor_of, seed=1):
    """The same readings with Poisson-like noise, times a factor of the second."""
    chance, made = Random(seed), []
    for fact in facts:
        rate = fact.body.counts_per_s * factor_of(fact.at - START_AT)
        made.append(replace(fact, body=Counts(counts_per_s=max(0.0, round(chance.gauss(rate, rate**0.5))))))
    return made


def test_a_passing_source_is_one_finding_with_its_way_and_strength():
    found = findings(RadiationSource(), shaken(ALARM, lambda _: 1.0))
    assert len({one.id for one in found}) == 1
    last = found[-1]
    assert last.grade == "followed"
    dose, activity, speed = last.figures
    assert dose.low < 40.0 * 1.15
    assert dose.value == pytest.approx(44.0, rel=0.15)
    assert activity.low < activity.value < activity.high
    assert speed.value == pytest.approx(1.2, abs=0.2)
    kinds = [extent.kind for extent in last.extents]
    assert kinds == ["ellipse", "path"]
    assert len(last.extents[1].rings[0]) > 3


def test_it_is_placed_where_it_is():
    last = findings(RadiationSource(), shaken(ALARM, lambda _: 1.0))[-1]
    origin = next(fact.place for fact in ALARM if fact.source == "rad-0")
    east, north = offset_m(origin, last.place)
    walked = 1.2 * (last.at - START_AT - 40.0) - 20.0
    assert (east, north) == pytest.approx((walked, 10.0), abs=4.0)


def test_rain_raises_all_counters_and_is_no_source():
    rain = shaken(hall_counts(passing=False, seconds=900), lambda second: 1.0 + 0.3 * min(1.0, second / 600.0))
    assert findings(RadiationSource(), rain) == []


def test_noise_is_no_source():
    assert findings(RadiationSource(), shaken(hall_counts(passing=False, seconds=900), lambda _: 1.0)) == []


def test_a_strong_source_has_a_cordon():
    strong = [replace(f, body=Counts(counts_per_s=100.0 + 10.0 * (f.body.counts_per_s - 100.0))) for f in ALARM]
    last = findings(RadiationSource(), strong)[-1]
    assert last.grade == "strong"
    assert "isolation" in {extent.kind for extent in last.extents}


def test_a_spectrum_nearby_names_the_nuclide():
    (spectrum,) = gamma([{1173.2: 2_000.0, 1332.5: 1_900.0}])
    spectrum = replace(spectrum, at=START_AT + 45.0)
    facts = sorted([*ALARM, spectrum], key=lambda fact: fact.at)
    last = findings(RadiationSource(), facts)[-1]
    assert "Co-60" in last.because
    assert last.figures[1].note.startswith("as Co-60")


def test_a_counter_far_away_says_nothing_of_it():
    far = [replace(fact, place=moved(fact.place, 5_000.0, 0.0)) for fact in ALARM if fact.source == "rad-5"]
    near = [fact for fact in ALARM if fact.source != "rad-5"]
    last = findings(RadiationSource(), sorted([*near, *far], key=lambda fact: fact.at))[-1]
    assert last.grade == "followed"


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), -3.0])
def test_what_is_no_count_or_has_no_place_changes_nothing(odd):
    odd_ones = [replace(fact, body=Counts(counts_per_s=odd)) for fact in BENIGN[:30]]
    nowhere = [replace(fact, place=None) for fact in BENIGN[:30]]
    assert findings(RadiationSource(), [*odd_ones, *nowhere, *BENIGN]) == []
