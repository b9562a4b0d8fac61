"""Scoring: perfect answers score perfectly, missing and false ones cost what they should."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tocsin.model import Incident, IncidentState, Origin, Place, Priority, Stage, moved
from tocsin.sim.scenario import Expected
from tocsin.sim.score import as_expected, cases_of, score, score_all
from tocsin.sim.truth import Truth, TruthEvent, TruthStage

HERE = Place(lon=24.94, lat=60.17)
GAS = TruthEvent(
    id="gas",
    hazard="toxic",
    at=1000.0,
    until=1200.0,
    place=HERE,
    stages=(TruthStage(hazard="cyber", at=900.0),),
    first_reaches={"gas-01": 1010.0, "gas-02": 1030.0},
    silenced=("gas-01",),
)
RUN = Truth(
    scenario="s",
    seed=1,
    city="c",
    start=0.0,
    end=3600.0,
    events=(GAS,),
    expected=Expected(incidents_min=1, incidents_max=1, priority_min=0),
    person_seconds=1000.0,
)


def stage(hazard, place=HERE):
    return Stage(
        id=hazard,
        hazard=hazard,
        kind=hazard,
        title=hazard,
        log_odds=1.0,
        contributions=(),
        since=950.0,
        last=1100.0,
        priority=Priority.LIFE,
        place=place,
    )


def incident(*hazards, at=1040.0, rev=1, place=HERE, name="inc", **fields):
    given_fields = {"score": 1.0, "priority": Priority.LIFE, "since": 950.0, **fields}
    return Incident(
        at=at,
        origin=Origin.SIMULATED,
        id=name,
        rev=rev,
        title="t",
        sentence="s",
        next_step="n",
        state=IncidentState.OPEN,
        score_label="score, not calibrated",
        stages=tuple(stage(h, place) for h in hazards),
        place=place,
        **given_fields,
    )


RIGHT = [incident("cyber", at=930.0), incident("cyber", "toxic", at=1050.0, rev=2)]


def test_a_right_answer():
    found = score(RUN, RIGHT)
    assert found["recall"] == found["precision_p01"] == found["as_expected"] == 1.0
    assert found["time_to_incident_p90_s"] == 20.0  # gas-01 was silenced: gas-02 was the first to tell
    assert found["location_error_m"] == found["ece"] == 0.0
    assert found["alarms_per_operator_hour"] == 1.0


def test_nothing_found():
    found = score(RUN, [])
    assert found["recall"] == 0.0
    assert found["as_expected"] == 0.0
    assert "location_error_m" not in found


def test_the_wrong_hazard_is_no_recall_but_an_early_stage_is_no_false_alarm():
    only_attack = [incident("cyber")]
    assert score(RUN, only_attack)["recall"] == 0.0
    assert score(RUN, only_attack)["precision_p01"] == 1.0
    assert score(RUN, [incident("crowd")])["precision_p01"] == 0.0


@given(st.floats(0, 499))
def test_the_distance_is_that_of_the_last_revision(metres):
    away = moved(HERE, metres, 0.0)
    found = score(RUN, [*RIGHT, incident("toxic", at=1100.0, rev=3, place=away)])
    assert found["location_error_m"] == pytest.approx(metres, abs=0.5)


def test_far_away_or_much_later_is_another_event():
    assert score(RUN, [incident("toxic", place=moved(HERE, 900, 0))])["recall"] == 0.0
    assert score(RUN, [incident("toxic", since=9000.0)])["recall"] == 0.0


def test_a_merged_incident_is_no_alarm_of_its_own():
    merged = incident("toxic", name="other", merged_into="inc")
    assert len(cases_of([*RIGHT, merged])) == 1
    assert score(RUN, [*RIGHT, merged])["alarms_per_operator_hour"] == 1.0


def test_low_priorities_do_not_count_in_precision():
    low = incident("crowd", name="low", priority=Priority.LOW, score=0.1)
    assert score(RUN, [*RIGHT, low])["precision_p01"] == 1.0
    assert score(RUN, [*RIGHT, low])["as_expected"] == 0.0


def test_expected_limits_the_priority():
    calm = replace(RUN, events=(), expected=Expected(incidents_max=1, priority_min=2))
    assert as_expected(calm, cases_of([incident("crowd", priority=Priority.MEDIUM)]))
    assert not as_expected(calm, cases_of([incident("crowd", priority=Priority.HIGH)]))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_calibration_error_is_a_share(scores):
    rows = [incident("crowd", name=f"i{n}", score=p) for n, p in enumerate(scores)]
    assert score(RUN, rows)["ece"] == pytest.approx(sum(scores) / len(scores))


def test_intrusion_is_a_share_of_watching_everybody_in_the_clear():
    assert score(RUN, [incident("toxic", cost=400.0)])["intrusion_ratio"] == 0.1


def test_runs_add_up():
    both = score_all([(RUN, RIGHT), (RUN, [])])
    assert (both["scenarios"], both["recall"], both["as_expected"]) == (2.0, 0.5, 0.5)
    assert both["alarms_per_operator_hour"] == 0.5
