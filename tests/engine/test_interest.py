"""Cameras near an open incident are hoped to tell more; others get what is left."""

import pytest

from tocsin.contract.cases import incident
from tocsin.engine.interest import interest
from tocsin.model import IncidentState, Place, Priority, moved

HERE = Place(lon=24.94, lat=60.17)


def case(away_m=0.0, **more):
    return incident(place=moved(HERE, away_m, 0.0, radius_m=10.0), **more)


def test_the_most_urgent_one_near_counts():
    cases = [case(priority=Priority.LOW), case(priority=Priority.LIFE)]
    assert interest(HERE, 40.0, cases) == 1.0


@pytest.mark.parametrize(
    "case",
    [case(away_m=5_000.0), case(state=IncidentState.CLOSED), incident(place=None)],
    ids=["far away", "closed", "nowhere"],
)
def test_what_cannot_be_seen_or_is_over_counts_for_nothing(case):
    assert interest(HERE, 40.0, [case]) == 0.0


def test_a_camera_that_sees_far_is_near_to_more():
    assert interest(HERE, 600.0, [case(away_m=500.0)]) > interest(HERE, 40.0, [case(away_m=500.0)]) == 0.0
