"""A release as an operator sees it: regions on the map, their legend and moments, the hazard in numbers.

A real house, with a detector that announces itself by an entry point. The tests are one visit, in this order.
"""

import json
import os
import time
from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from tests.e2e.conftest import Desk
from tests.e2e.test_console import part, until, violations
from tests.e2e.test_rules import picture
from tests.web.house import PASSWORD, SQUARE, running, wait_for
from tests.web.trial_lane import DAY, lines
from tests.web.trial_release import installed, raw_finding
from tocsin.contract.resources import Resources
from tocsin.formats import sapient
from tocsin.sim.sapient_node import CAMERA, SimulatedNode
from tocsin.sources.alarm_panel import AlarmPanels, Panel

pytestmark = pytest.mark.timeout(300)

ISOLATION = (0xFF, 0x5A, 0x6E)
"""The ink of isolation and protective action in the dark theme."""


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hazards")
    with installed(folder / "site"), running(folder / "data", nodes=True) as town:
        panels = AlarmPanels(panels={"hall": Panel(account="1234")}, port=0)
        town.engine.add("panels", "alarm.panel", panels.start(Resources()))
        town.release().raise_for_status()
        town.post(lines("gas-2", time.time() - 60, *DAY)).raise_for_status()
        wait_for(town.house.view.incidents)
        yield town


@pytest.fixture(scope="module")
def desk(town, browser) -> Iterator[Desk]:
    page = browser.new_page(viewport={"width": 1366, "height": 768})
    desk = Desk(page=page, asked=[], complaints=[])
    page.on("console", lambda said: desk.complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: desk.complaints.append(str(error)))
    page.goto(town.url)
    page.get_by_label("Account").fill("berta")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    part(desk, "sign-in").wait_for(state="hidden", timeout=30_000)
    desk.complaints.clear()  # before signing in, the browser itself complains of the 401
    yield desk
    page.close()


def seen(desk, name):
    """A picture once the map is drawn; nobody waits for it where nobody looks."""
    if os.environ.get("TOCSIN_PICTURES"):
        desk.page.wait_for_timeout(2500)
        picture(desk, name)


def rows(desk, table):
    return part(desk, table).locator("tbody tr").all_inner_texts()


def test_the_incident_says_the_hazard_in_numbers(desk):
    part(desk, "incident-row").first.wait_for(timeout=30_000)
    desk.page.keyboard.press("Enter")
    part(desk, "hazard").wait_for()
    amount, *_ = rows(desk, "figures")
    picture(desk, "hazard")
    assert all(
        word in amount for word in ("eleased amount", "62\xa0kg", "137\xa0lb", "31 to 140\xa0kg", "still flowing")
    )


def test_each_region_is_a_row_with_its_moment_level_and_people(desk):
    told = rows(desk, "regions")
    isolation = next(row for row in told if row.startswith("Initial isolation, 60 m"))
    grave = next(row for row in told if row.startswith("AEGL-3"))
    assert isolation.endswith("throughout\t\t1.13\xa0ha\t140")
    assert all(word in grave for word in ("now", "50\xa0ppm", "300"))
    assert [row.split("\n")[0] for row in told if row.startswith("Plume in")] == [
        f"Plume in {minutes} min" for minutes in (5, 10, 30)
    ]


def test_it_says_how_sure_it_is_and_what_would_tell_most(desk):
    assert "90\xa0% sure that it lies in 9\u202f800\xa0m², 140\xa0m at the widest." in part(desk, "sure").inner_text()
    assert "Known least: released amount" in part(desk, "sure").inner_text()
    advice = part(desk, "advice").inner_text()
    assert "Measure at the east exit" in advice
    assert "A hand-held meter at the east exit would halve the area. 1.3\xa0nat" in advice


def inked(desk, ink):
    """How many points of the map have this colour (red, green, blue)."""
    shot = cv2.imdecode(np.frombuffer(part(desk, "map").screenshot(), np.uint8), cv2.IMREAD_COLOR)
    apart = np.abs(shot[:, :, ::-1].astype(int) - np.array(ink)).max(axis=2)
    return int((apart < 12).sum())


def settled(desk, ink):
    """That number, once the map stands still."""
    counts = [inked(desk, ink)]

    def still():
        counts.append(inked(desk, ink))
        return counts[-1] == counts[-2]

    until(still, 60)
    return counts[-1]


def test_the_map_draws_them_and_a_switch_takes_a_kind_off(desk):
    until(lambda: inked(desk, ISOLATION) > 500, 90)
    seen(desk, "regions")
    part(desk, "legend").get_by_role("button", name="Regions").press("Enter")
    before = settled(desk, ISOLATION)
    switch = part(desk, "legend").get_by_label("Initial isolation")
    switch.focus()
    desk.page.keyboard.press("Space")
    until(lambda: inked(desk, ISOLATION) < before - 200, 30)
    part(desk, "legend").get_by_text("1 switched off").wait_for()
    desk.page.keyboard.press("Space")
    until(lambda: inked(desk, ISOLATION) > before - 50, 30)


def test_t_shows_the_next_moment(desk):
    moments = part(desk, "moments").get_by_role("radio")
    assert [one.get_attribute("value") for one in moments.all()] == ["0", "5", "10", "30"]
    desk.page.keyboard.press("t")
    assert part(desk, "moments").get_by_label("+5 min").is_checked()
    assert part(desk, "regions").locator("tr.now").all_inner_texts()[0].startswith("Plume in 5 min")
    picture(desk, "in-5-min")
    part(desk, "moments").get_by_label("+5 min").focus()
    desk.page.keyboard.press("ArrowRight")
    assert part(desk, "moments").get_by_label("+10 min").is_checked()


@pytest.mark.parametrize("theme", ["dark", "light", "contrast"])
def test_panel_and_legend_are_accessible_in_every_theme(desk, theme):
    desk.page.evaluate(f"localStorage.setItem('tocsin.settings', '{json.dumps({'theme': theme})}')")
    desk.page.reload()
    part(desk, "hazard").wait_for(timeout=30_000)
    part(desk, "legend").get_by_role("button", name="Regions").press("Enter")
    assert violations(desk) == []
    seen(desk, f"regions-{theme}")


@pytest.mark.parametrize(("width", "height"), [(1366, 768), (1920, 1080), (3840, 2160)])
def test_it_fits_the_screens_of_a_control_room(desk, width, height):
    desk.page.set_viewport_size({"width": width, "height": height})
    part(desk, "hazard").scroll_into_view_if_needed()
    inner = part(desk, "incident-page").locator(".scroll")
    assert inner.evaluate("(box) => box.scrollWidth <= box.clientWidth")
    seen(desk, f"hazard-{width}")


def test_a_raw_finding_says_what_it_draws(desk, town):
    desk.page.set_viewport_size({"width": 1366, "height": 768})
    desk.page.goto(f"{town.url}/#/watch")
    (stage,) = town.house.view.incidents()[0].stages[:1]
    drawn = next(part.extents for part in stage.contributions if part.extents)
    town.house.view.told(raw_finding(time.time(), drawn[:2]))
    row = desk.page.get_by_role("list", name="Raw findings").get_by_role("listitem")
    row.get_by_text("Chlorine drifts over the square.").wait_for()
    said = ("released amount 62\xa0kg", "Initial isolation, 60 m: 140 people", "downwind: 2\u202f100 people")
    assert all(words in row.inner_text() for words in said)
    assert violations(desk) == []
    seen(desk, "raw")


def test_the_system_page_says_where_devices_connect(desk, town):
    desk.page.set_viewport_size({"width": 1366, "height": 768})
    desk.page.goto(f"{town.url}/#/system")
    panels, nodes = (town.engine.lines[name].running.port for name in ("panels", "nodes"))
    part(desk, "ports").wait_for()
    told = [row.split("\t") for row in part(desk, "ports").locator("tbody tr").all_inner_texts()]
    picture(desk, "ports")
    open_here = ["from this machine alone", "open"]
    assert [f"tcp 127.0.0.1:{panels}", "panels alarm.panel", *open_here] in told
    assert [f"tcp 127.0.0.1:{nodes}", "nodes feed.sapient", *open_here] in told
    assert violations(desk) == []


def test_the_lanes_are_told_with_their_false_alarms(desk, town):
    desk.page.goto(f"{town.url}/#/analyse")
    part(desk, "lanes").wait_for()
    (row,) = part(desk, "lanes").locator("tbody tr").all_inner_texts()
    assert row.split("\t")[:-1] == ["gas-2", "100", "3", "2", "1", "0", "2\xa0%, at most 6.3\xa0%"]
    picture(desk, "lanes")
    assert violations(desk) == []


def test_a_sapient_node_waits_is_accepted_and_is_asked_for_something(desk, town):
    port = town.engine.lines["nodes"].running.port
    with SimulatedNode(port, role=CAMERA, place=(SQUARE.lon, SQUARE.lat)) as node:
        assert node.register().registration_ack.acceptance
        node.status(coverage=sapient.sector(400.0, 45.0, 60.0))
        desk.page.goto(f"{town.url}/#/devices")
        row = desk.page.locator(f"[data-testid=sensor-row][data-sensor='sapient-{node.id}']")
        row.click()
        seen(desk, "node-staged")
        seen_from = town.signed_in("anna").get(f"/api/sensors/sapient-{node.id}/viewshed").json()
        assert len(seen_from["geometry"]["coordinates"][0]) > 3
        desk.page.get_by_role("button", name="Accept").press("Enter")
        order = part(desk, "order")
        order.get_by_label("Ask it to").select_option("Say how it stands")
        order.get_by_role("button", name="Send").press("Enter")
        asked = node.answer(30.0)
        assert asked.task.command.request == "Status"
        node.say(sapient.task_answer(asked.task.task_id, "accepted"))
        row.get_by_text("task accepted").wait_for()
        assert order.is_visible()
        assert violations(desk) == []
        seen(desk, "node-asked")


def test_there_was_nothing_to_complain_of(desk):
    assert [text for text in desk.complaints if "favicon" not in text] == []
