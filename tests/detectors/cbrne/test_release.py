"""A release is told at once, located with the wind and the silence of neighbours, and never drawn without wind."""

import pytest
from msgspec.structs import replace

from tocsin.contract.bodies import Concentration, Wind
from tocsin.contract.examples import SQUARE, START_AT, seen
from tocsin.contract.folding import findings
from tocsin.contract.weather import Air
from tocsin.detectors.cbrne.release import Release
from tocsin.model import distance_m, moved
from tocsin.physics.dispersion.briggs import briggs_plume

SOURCE = moved(SQUARE, 10.0, -20.0)
POSTS = {f"gas-{n}": moved(SQUARE, east, north) for n, (east, north) in enumerate(
    [(0.0, 0.0), (15.0, 60.0), (-60.0, 30.0), (70.0, 20.0), (10.0, -90.0), (20.0, 140.0), (-40.0, 110.0)]
)}  # fmt: skip
STREET_M_S = 1.2


def reading(name, ppm, at):
    fact = seen(Concentration(substance="chlorine", ppm=ppm, range_ppm=100.0), at=at, seq=int(at), source=name)
    return replace(fact, place=POSTS[name])


def wind(at, from_deg=180.0, speed=2.6):
    return seen(Wind(speed_m_s=speed, from_deg=from_deg), at=at, seq=int(at), source="wind-1")


def released(until_s=90, kg_s=0.02, every_s=5):
    """Chlorine from the source in a south wind, as a plume of another width than the detector's brings it."""
    plume, facts = briggs_plume(STREET_M_S, "C", urban=True, near_m=3.0), []
    for second in range(-30, until_s, every_s):
        at = START_AT + second
        facts.append(wind(at))
        for name, place in POSTS.items():
            east, north = (place.lon - SOURCE.lon) * 55_400.0, (place.lat - SOURCE.lat) * 111_195.0
            kilo = kg_s * float(plume.finite(north, east, second - 10.0, 1e5)) if north > 0 else 0.0
            facts.append(reading(name, min(100.0, round(kilo / 2.95e-6, 2)), at + 0.1))
    return facts


ALARM = released(75)
BENIGN = [
    wind(START_AT),
    *(reading("gas-0", ppm, START_AT + 5.0 * n) for n, ppm in enumerate([0.0, 0.2, 5.0, 6.0, 0.1] * 4)),
]


@pytest.fixture(scope="module")
def told():
    return findings(Release(), released(120))


def extents(finding, kind):
    return [extent for extent in finding.extents if extent.kind == kind]


def figure(finding, name):
    return next(one for one in finding.figures if one.name == name)


def test_what_to_keep_clear_is_told_at_once(told):
    assert told[0].at - START_AT < 40.0
    assert extents(told[0], "isolation")[0].measure >= 60.0
    assert extents(told[0], "protective-action")


def test_the_source_is_found_within_fifty_metres(told):
    last = told[-1]
    assert last.grade == "located"
    assert distance_m(last.place, SOURCE) <= 50.0
    assert [extent.probability for extent in extents(last, "region")] == [0.5, 0.9]


def test_the_true_amount_is_within_its_interval(told):
    rate = figure(told[-1], "release rate")
    assert rate.low <= 0.02 <= rate.high


def test_what_a_spilt_liquid_would_do_is_said(told):
    assert "% of it flashes at once" in figure(told[-1], "released amount").note


def test_a_spill_is_a_large_one_once_that_is_likelier_than_not(told):
    found = findings(Release(), released(120, kg_s=8.0))
    for last, large in ((told[-1], False), (found[-1], True)):
        sure = figure(last, "a large spill")
        other = "small: isolate 60 m" if large else "large: isolate 600 m"
        assert (sure.value >= 0.5, f"if {other}" in sure.note) == (large, True)
        assert (extents(last, "isolation")[0].measure >= 600.0) == large


def test_what_was_breathed_is_told_as_a_load(told):
    first, last = (figure(one, "breathed at worst") for one in (told[0], told[-1]))
    assert 0.0 < first.value < last.value <= 100.0
    assert "C^2.75 t" in last.note
    assert "ERPG-2 3 for an hour" in last.note
    assert len(told[-1].figures) <= 12


def test_plumes_footprints_and_advice_are_told(told):
    last = told[-1]
    assert extents(last, "plume")[0].label == "plume now"
    assert any(extent.label.startswith("AEGL-2") for extent in extents(last, "footprint"))
    assert figure(last, "most telling next reading").value > 0
    assert len(last.extents) <= 12 >= len(last.figures)
    assert all(len(ring) <= 72 for extent in last.extents for ring in extent.rings)


def test_an_episode_is_one_finding(told):
    assert len({finding.id for finding in told}) == 1


def test_no_wind_no_arrow():
    still = [fact for fact in released(60) if not isinstance(fact.body, Wind)]
    for finding in findings(Release(), still):
        assert finding.grade == "noticed"
        assert {extent.kind for extent in finding.extents} == {"isolation"}


def test_old_wind_is_no_wind():
    old = [wind(START_AT - 5_000.0), *(fact for fact in released(60) if not isinstance(fact.body, Wind))]
    assert {finding.grade for finding in findings(Release(), old)} == {"noticed"}


def test_a_disturbance_of_ten_seconds_is_no_release():
    assert findings(Release(), BENIGN) == []


def test_two_releases_far_apart_are_two():
    far = [replace(fact, source=f"far-{fact.source}", place=moved(fact.place, 3_000.0, 0.0)) for fact in released(45)
           if not isinstance(fact.body, Wind)]  # fmt: skip
    facts = sorted([*released(45), *far], key=lambda fact: fact.at)
    assert len({finding.id for finding in findings(Release(), facts)}) == 2


def test_a_release_ends_and_another_may_begin():
    first = released(45)
    later = [replace(fact, at=fact.at + 3_600.0, seq=fact.seq + 9_999) for fact in first]
    assert len({finding.id for finding in findings(Release(), [*first, *later])}) == 2


def test_stability_comes_from_the_station():
    night = seen(Air(stability="F"), at=START_AT - 40.0, source="met-1")
    stable, neutral = (findings(Release(), [*air, *released(75)])[-1] for air in ([night], []))
    assert figure(stable, "release rate").value < figure(neutral, "release rate").value


def test_a_wind_that_is_told_to_be_unsure_binds_the_source_less():
    def located(off_deg, *told):
        facts = [wind(one.at, 180.0 + off_deg) if isinstance(one.body, Wind) else one for one in released(120)]
        air = [seen(Air(from_sd_deg=sd), at=START_AT - 31, seq=1, source="metar") for sd in told]
        return findings(Release(), [*air, *facts])[-1].place

    sure, unsure = located(0.0), located(0.0, 30.0)
    assert unsure.radius_m > sure.radius_m
    assert distance_m(located(35.0, 30.0), SOURCE) < distance_m(located(35.0), SOURCE)


def test_an_impossible_wind_is_left_out():
    broken = [wind(START_AT - 35.0, speed=float("nan")), wind(START_AT - 34.0, speed=-4.0)]
    assert findings(Release(), [*broken, *released(75)])[-1].grade == "located"


def test_the_open_has_another_plume_than_the_town():
    assert findings(Release(surroundings="open"), released(75))[-1].grade == "located"
