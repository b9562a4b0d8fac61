"""Screening lanes: alarms counted once, resolved by second looks and verdicts, rates with their bound."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.web.trial_lane import DAY, Portal
from tocsin.contract.bodies import Alive
from tocsin.contract.cases import incident
from tocsin.contract.examples import seen
from tocsin.contract.screening_lanes import ITEMS_MAX, lane_of
from tocsin.engine.lanes import FINDINGS_MAX, Lanes
from tocsin.model import Basis, Contribution, Finding, Origin, Verdict, Weight


def counted(*bodies):
    lanes = Lanes()
    for body in bodies:
        lanes.observed(seen(body, source="portal-1"))
    return lanes


def rows(lanes, *incidents):
    return lanes.rows(incidents, str.title)


def finding(name, kind="cbrne.screening", source="portal-2"):
    return Finding(at=5.0, origin=Origin.LIVE, id=name, kind=kind, subject="s", because="b", evidence=(), source=source)


def closed(verdict, *alarms, source="portal-2"):
    weight = Weight(nats=1.0, basis=Basis.DEFAULT)
    parts = [
        Contribution(
            id=name, role="for", because="b", nats=1.0, weight=weight, at=5.0, source=source, detector="cbrne.screening"
        )
        for name in alarms
    ]
    (stage,) = incident().stages
    return replace(incident(), verdict=verdict, stages=(replace(stage, contributions=tuple(parts)),))


def test_a_lane_has_items_alarms_and_what_second_looks_gave():
    (row,) = rows(counted(*(Portal(**said) for said in DAY)))
    assert (row.id, row.name, row.screened, row.alarms) == ("portal-1", "Portal-1", 100, 3)
    assert (row.resolved, row.confirmed, row.false_rate) == (2, 1, 0.02)
    assert row.false_rate_max == pytest.approx(0.06296, rel=1e-3)


def test_a_second_look_counts_once_and_only_for_what_rang():
    first, second = Portal(alarm=True, item="a"), Portal(alarm=False, item="a", look=2)
    (row,) = rows(counted(first, second, second, Portal(alarm=False, item="b", look=2)))
    assert (row.alarms, row.resolved, row.confirmed) == (1, 1, 0)


def test_several_devices_at_one_item_are_one_item():
    twice = [Portal(alarm=True, item="a")] * 2
    (row,) = rows(counted(*twice, Portal(alarm=False, item="a", look=2), Portal(alarm=False, item="b")))
    assert (row.screened, row.alarms, row.resolved) == (2, 1, 1)


def test_the_row_of_its_sensor_has_the_count_in_words():
    lanes = Lanes()
    assert lanes.observed(seen(Alive())) == ""
    said = [lanes.observed(seen(body, source="p")) for body in (Portal(alarm=True, item="a"), Portal(alarm=False))]
    assert said[-1] == "2 screened, 1 alarm, 0 cleared: 0.0 % false, at most 100.0 %"


def test_items_without_a_name_are_resolved_by_count():
    (row,) = rows(counted(*[Portal(alarm=True)] * 2, Portal(alarm=False, look=2), Portal(alarm=True, look=2)))
    assert (row.alarms, row.resolved, row.confirmed) == (2, 1, 1)


def test_items_that_wait_are_bounded():
    lanes = counted(*(Portal(alarm=True, item=str(number)) for number in range(ITEMS_MAX + 1)))
    lanes.observed(seen(Portal(alarm=False, item="0", look=2), source="portal-1"))
    assert rows(lanes)[0].resolved == 0
    assert len(lanes._tallies["portal-1"].count.waiting) == ITEMS_MAX


def test_what_is_no_look_makes_no_lane():
    assert rows(counted(Alive())) == []


def test_findings_are_alarms_where_looks_are_not_told_and_their_rate_is_not_known():
    lanes = Lanes()
    for one in (finding("a"), finding("a"), finding("b", "cbrne.screening.xray"), finding("c", "cbrne.screenings")):
        lanes.told(one)
    (row,) = rows(lanes, closed(Verdict.FALSE, "a"), closed(Verdict.UNKNOWN, "b"))
    assert (row.alarms, row.resolved, row.confirmed, row.screened, row.false_rate) == (2, 1, 0, None, None)


def test_a_verdict_confirms_or_resolves_the_alarms_of_its_incident():
    lanes = Lanes()
    for name in "abc":
        lanes.told(finding(name))
    (row,) = rows(lanes, closed(Verdict.TRUE, "a"), closed(Verdict.BENIGN, "b", "c"))
    assert (row.confirmed, row.resolved) == (1, 2)


def test_what_is_remembered_of_a_lane_is_bounded():
    lanes = Lanes()
    for number in range(FINDINGS_MAX + 5):
        lanes.told(finding(str(number)))
    assert rows(lanes)[0].alarms == FINDINGS_MAX + 5
    assert len(lanes._tallies["portal-2"].findings) == FINDINGS_MAX


@given(*[st.integers(0, 50)] * 3, st.integers(0, 500))
def test_no_lane_has_more_outcomes_than_alarms_nor_a_rate_above_its_bound(alarms, resolved, confirmed, screened):
    row = lane_of("x", "x", (0.0, 1.0), (alarms, resolved, confirmed), screened or None)
    assert row.resolved + row.confirmed <= row.alarms == alarms
    if screened:
        assert row.false_rate <= row.false_rate_max or row.false_rate_max == 1.0
