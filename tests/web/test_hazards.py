"""What findings draw and conclude reaches the console whole; where sources listen is told."""

import time

import pytest
from msgspec.structs import replace

from tests.web.house import running, wait_for
from tests.web.trial_lane import DAY, lines
from tests.web.trial_release import FIGURES, MOMENTS_MIN, installed, raw_finding
from tocsin.contract.resources import Resources
from tocsin.sources.alarm_panel import AlarmPanels, Panel


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """A house with a detector of a third party, and an input that devices connect to."""
    folder = tmp_path_factory.mktemp("hazards")
    with installed(folder / "site"), running(folder / "data") as town:
        town.engine.add(
            "panels", "alarm.panel", AlarmPanels(panels={"hall": Panel(account="1234")}, port=0).start(Resources())
        )
        town.release().raise_for_status()
        town.post(lines("gas-2", time.time() - 60, *DAY)).raise_for_status()
        wait_for(lambda: parts(town.house.view.incidents()))
        yield town


@pytest.fixture
def desk(city):
    return city.signed_in("berta")


def parts(incidents):
    return [part for one in incidents for stage in one.stages for part in stage.contributions if part.extents]


def contribution(desk):
    """The part of the incident that the detector contributed, as JSON."""
    (incident,) = desk.get("/api/state").json()["incidents"]
    return next(part for stage in incident["stages"] for part in stage["contributions"] if "extents" in part)


def test_regions_of_a_finding_reach_the_console_whole(desk):
    told = contribution(desk)
    assert {one["kind"] for one in told["extents"]} == {
        "isolation",
        "protective-action",
        "region",
        "plume",
        "footprint",
        "advice",
    }
    after_min = {round((one["at"] - told["at"]) / 60) for one in told["extents"] if one["kind"] == "plume"}
    assert after_min == set(MOMENTS_MIN)
    assert all(ring[0] == ring[-1] for one in told["extents"] for ring in one["rings"])


def test_figures_keep_interval_field_unit_and_note(desk):
    figures = contribution(desk)["figures"]
    assert [one["name"] for one in figures] == [one.name for one in FIGURES]
    assert figures[0].items() >= {"low": 31.0, "high": 140.0, "field_unit": "[lb_av]", "field_value": 137.0}.items()


def test_a_source_that_listens_says_where(desk, city):
    sources = {one["id"]: one for one in desk.get("/api/state").json()["system"]["sources"]}
    port = city.engine.lines["panels"].running.port
    assert sources["panels"]["listens"] == f"tcp 127.0.0.1:{port}, udp 127.0.0.1:{port}"
    assert sources["gas"]["listens"] == ""


def test_a_lane_is_told_with_its_alarms_and_its_false_alarm_rate(desk):
    (lane,) = wait_for(lambda: [row for row in desk.get("/api/lanes").json() if row.get("confirmed")])
    assert (lane["id"], lane["screened"], lane["alarms"], lane["resolved"], lane["confirmed"]) == (
        "gas-2",
        100,
        3,
        2,
        1,
    )
    assert lane["false_rate"] == pytest.approx(0.02)
    assert lane["false_rate_max"] == pytest.approx(6.296 / 100, rel=1e-3)


def test_a_raw_finding_waits_for_fusion_whole_and_is_told_again_as_it_changes(city):
    """Told to the view alone, as where fusion is down."""
    view, ring = city.house.view, city.house.view.ring
    part = parts(view.incidents())[0]
    raw = raw_finding(part.at, part.extents[:1])
    before = ring.last
    for one in (raw, replace(raw, at=part.at + 1), replace(raw, at=part.at + 2, extents=part.extents[:2])):
        view.told(one)
    told = [event for event in ring.after(before, 0.0) if event.name == "finding"]
    assert len(told) == 2, "a repeat that draws the same is no news"
    (waiting,) = city.signed_in("berta").get("/api/state").json()["findings"]
    assert [one["label"] for one in waiting["extents"]] == [one.label for one in part.extents[:2]]
