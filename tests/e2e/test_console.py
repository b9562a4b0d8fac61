"""The demo as somebody sees it who never used it: one incident within a minute, understood and answered by keyboard.

The tests are one visit, in this order.
"""

import json
import math
import os
import re
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from lxml import etree

from tests.e2e.conftest import ROOT, absent

SCHEMA = ROOT / "tests" / "data" / "cap" / "CAP-v1.2.xsd"
AXE = ROOT / "console" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
WITHIN_S = 60.0

SUM = """() => {
  const fall = document.querySelector('[data-testid=waterfall]');
  const total = fall.querySelector('[data-testid=running-total]').dataset;
  const bars = [...fall.querySelectorAll('[data-testid=contribution]')];
  return [bars.map((bar) => Number(bar.dataset.nats)), Number(total.nats), Number(total.logOdds)];
}"""
"""The waterfall in one look: the next revision may come between two."""

pytestmark = pytest.mark.timeout(400)


def part(desk, name):
    return desk.page.get_by_test_id(name)


def tab_to(desk, name, presses_max=120):
    """Go to a control by the Tab key alone."""
    for _ in range(presses_max):
        desk.page.keyboard.press("Tab")
        if desk.page.evaluate("document.activeElement?.dataset.testid") == name:
            return
    pytest.fail(f"{name} cannot be reached by keyboard")


def until(ready, wait_s):
    end = time.monotonic() + wait_s
    while not (found := ready()):
        assert time.monotonic() < end, "this did not come in time"
        time.sleep(0.2)
    return found


def violations(desk):
    """What axe finds on the page as it is now."""
    if not AXE.is_file():
        absent("axe-core is not installed: make console")
    desk.page.evaluate(AXE.read_text(encoding="utf-8"))
    options = json.dumps({"runOnly": {"type": "tag", "values": RULES}})
    found = desk.page.evaluate(f"axe.run(document, {options})")["violations"]
    return [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found]


def test_it_says_that_nothing_here_is_real(desk):
    banner = part(desk, "banner")
    banner.wait_for(timeout=20_000)
    assert "simulated" in banner.inner_text().lower()


def test_one_incident_rises_within_a_minute(desk, demo):
    rows = part(desk, "incident-row")
    rows.first.wait_for(timeout=1000 * max(1.0, WITHIN_S - (time.monotonic() - demo.ready_at)))
    assert rows.count() == 1


def test_enter_opens_it_and_its_score_adds_up(desk):
    desk.page.keyboard.press("Enter")
    part(desk, "incident-page").wait_for()
    nats, shown, on_record = desk.page.evaluate(SUM)
    assert math.fsum(nats) == shown == on_record
    assert len(nats) >= 2


def test_a_contribution_shows_the_readings_behind_it(desk):
    bar = desk.page.locator("[data-testid=contribution][data-role=for] button").first
    bar.focus()
    desk.page.keyboard.press("Enter")
    part(desk, "evidence").locator("tbody tr").first.wait_for()


def test_a_acknowledges_and_u_takes_it_back(desk):
    row = part(desk, "incident-row").first
    desk.page.keyboard.press("a")
    until(lambda: row.get_attribute("data-state") == "acknowledged", 45)
    desk.page.get_by_role("button", name="Undo").wait_for()  # the stream may tell the row before the answer is here
    desk.page.keyboard.press("u")
    until(lambda: row.get_attribute("data-state") == "open", 45)


def test_the_gas_joins_the_attack_and_brings_a_draft(desk):
    part(desk, "proposal").first.wait_for(timeout=150_000)
    assert part(desk, "incident-row").count() == 1, "attack and gas are one incident"


def test_nothing_leaves_without_the_typed_word(desk, demo):
    desk.page.keyboard.press("p")
    tab_to(desk, "approve-button")
    desk.page.keyboard.press("Enter")
    part(desk, "proposal").get_by_text("Nothing was sent").wait_for()
    assert part(desk, "proposal").first.get_attribute("data-state") == "draft"
    assert demo.warnings() == []


def test_the_typed_word_sends_a_valid_warning_marked_as_an_exercise(desk, demo):
    card = part(desk, "proposal").first
    word = re.search(r"Type (\w+)", card.inner_text()).group(1)
    desk.page.keyboard.press("p")
    tab_to(desk, "approve-typed")
    desk.page.keyboard.type(word)
    desk.page.keyboard.press("Enter")
    until(lambda: card.get_attribute("data-state") == "sent", 45)
    message = etree.fromstring(until(demo.warnings, 20)[0].read_bytes())
    etree.XMLSchema(file=str(SCHEMA)).assertValid(message)
    assert message.findtext("{*}status") == "Exercise"


def test_what_was_sent_can_be_read(desk):
    card = part(desk, "proposal").first
    card.get_by_test_id("cap-toggle").focus()
    desk.page.keyboard.press("Enter")
    card.get_by_test_id("cap-preview").get_by_text("urn:oasis:names:tc:emergency:cap:1.2").wait_for()


def test_a_question_mark_shows_the_keys(desk):
    desk.page.keyboard.press("?")
    part(desk, "help").wait_for()
    assert violations(desk) == []
    desk.page.keyboard.press("Escape")
    part(desk, "help").wait_for(state="hidden")


def test_the_incident_page_is_accessible(desk):
    assert violations(desk) == []


@pytest.mark.parametrize("page", ["watch", "cameras", "devices", "analyse", "govern", "system"])
def test_every_page_is_accessible(desk, page):
    desk.page.goto(f"{desk.page.url.partition('#')[0]}#/{page}")
    desk.page.reload()
    desk.page.get_by_test_id("banner").wait_for()
    assert violations(desk) == []


def test_the_ledger_can_be_verified_from_the_page(desk):
    part(desk, "system-page").wait_for()
    desk.page.get_by_role("button", name="Verify now").press("Enter")
    desk.page.get_by_text("receipts verified").wait_for()


@pytest.mark.parametrize(("width", "height"), [(1366, 768), (3840, 2160)])
def test_it_fits_the_screens_of_a_control_room(desk, width, height):
    desk.page.set_viewport_size({"width": width, "height": height})
    desk.page.goto(f"{desk.page.url.partition('#')[0]}#/watch")
    desk.page.reload()
    part(desk, "incident-row").first.wait_for()
    assert desk.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert part(desk, "incident-row").first.bounding_box()["height"] >= 24
    assert desk.page.evaluate("document.documentElement.scrollHeight <= innerHeight")


def test_a_picture_of_it_for_the_documentation(desk):
    if os.environ.get("TOCSIN_SCREENSHOT") != "1":
        pytest.skip("set TOCSIN_SCREENSHOT=1 to take it")
    desk.page.set_viewport_size({"width": 1920, "height": 1080})
    part(desk, "incident-row").first.press("Enter")
    part(desk, "waterfall").first.wait_for()
    desk.page.wait_for_timeout(3000)
    desk.page.screenshot(path=str(Path(ROOT) / "docs" / "images" / "console.png"))


def test_it_asked_nobody_else_and_had_nothing_to_complain_of(desk, demo):
    origins = {urlsplit(url)._replace(path="", query="", fragment="").geturl() for url in desk.asked}
    assert {one for one in origins if not one.startswith(("data:", "blob:"))} == {demo.url}
    assert [text for text in desk.complaints if "favicon" not in text] == []
