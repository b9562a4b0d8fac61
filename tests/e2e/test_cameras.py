"""A camera of one's own: added, seen masked, placed on the ground, drawn in, switched on, asked for clear, reported on.

The tests are one visit, in this order. The clip is made here: shapes that move, nobody's picture.
"""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.e2e.conftest import READY, Desk
from tests.e2e.test_console import part, until, violations
from tests.e2e.test_rules import PASSWORD, picture, sign_in, tocsin

pytestmark = [pytest.mark.timeout(400), pytest.mark.needs_model("nanodet", "centerface")]

RECORD = (
    *("--place-name", "Test Hall", "--purpose", "Safety of people in the hall."),
    *("--legal-basis", "An example act.", "--controller", "The city.", "--notice", "Cameras watch this hall."),
)
POSE = ("--height-m", "6", "--tilt-deg", "25", "--field-deg", "70", "--bearing-deg", "90")
REASON = "Something lies there and masks hide what it is."


def clip(path: Path, seconds: int = 20, rate: int = 5) -> Path:
    """Shapes that move over a textured floor."""
    floor = np.random.default_rng(1).integers(90, 130, (360, 640, 3), dtype=np.uint8)
    with av.open(str(path), "w") as file:
        stream = file.add_stream("mpeg4", rate=Fraction(rate), options={"qscale": "3"})
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        for n in range(seconds * rate):
            frame = floor.copy()
            frame[150:300, 20 + 5 * n % 500 : 80 + 5 * n % 500] = (40, 60, 200)
            for packet in stream.encode(av.VideoFrame.from_ndarray(frame, format="bgr24")):
                file.mux(packet)
        for packet in stream.encode():
            file.mux(packet)
    return path


@dataclass(kw_only=True)
class Hall:
    """A served installation with one camera."""

    url: str
    folder: Path


@pytest.fixture(scope="module")
def hall(tmp_path_factory) -> Iterator[Hall]:
    """`tocsin init`, two accounts, `tocsin add camera`, `tocsin serve`."""
    folder, secret = tmp_path_factory.mktemp("hall"), tmp_path_factory.mktemp("secret") / "password"
    secret.write_text(PASSWORD)
    film = clip(tmp_path_factory.mktemp("clip") / "hall.avi")
    tocsin("init", folder, "--name", "Test Town", "--lon", "24.94", "--lat", "60.17")
    for name in ("anna", "ben"):
        tocsin("account", "add", folder, name, "--role", "supervisor", "--password-file", secret)
    tocsin("add", "camera", film, "--city", folder, "--no-look", *RECORD, *POSE)
    plan = folder / "tocsin.yaml"
    plan.write_text(plan.read_text().replace("port: 8420", "port: 0").replace("enabled: true", "enabled: false"))
    command = [str(Path(sys.executable).with_name("tocsin")), "serve", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        said = next((found for line in child.stdout if (found := READY.search(line))), None)
        assert said is not None, "the city ended before it was ready"
        yield Hall(url=said.group(1), folder=folder)
        child.send_signal(signal.SIGINT)
        assert child.wait(30) == 0, "the city stops in order"


@pytest.fixture(scope="module")
def desk(hall, browser) -> Iterator[Desk]:
    page = browser.new_page(viewport={"width": 1600, "height": 900})
    desk = Desk(page=page, asked=[], complaints=[])
    page.on("console", lambda said: desk.complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: desk.complaints.append(str(error)))
    page.goto(hall.url)
    yield desk
    page.close()


def number(desk):
    return int(part(desk, "picture").first.get_attribute("data-number"))


def test_the_wall_shows_a_masked_picture_and_goes_on(desk, hall):
    sign_in(desk, "anna")
    desk.complaints.clear()  # before signing in, the browser itself complains of the 401
    desk.page.goto(f"{hall.url}/#/cameras")
    part(desk, "camera-tile").wait_for(timeout=60_000)
    first = until(lambda: number(desk), 90)
    until(lambda: number(desk) > first, 60)
    picture(desk, "camera-wall")


def test_the_wall_is_accessible(desk):
    assert violations(desk) == []


def test_the_camera_says_what_it_can_and_under_which_record(desk):
    part(desk, "camera-tile").locator("button").first.click()
    page = part(desk, "camera-page")
    page.wait_for()
    page.get_by_text("Safety of people in the hall.").wait_for()
    page.get_by_text("An example act.").wait_for()
    loitering = part(desk, "analytics").locator("[data-kind='vision.loitering']")
    loitering.get_by_text("Forbidden at Test Hall").wait_for()
    assert loitering.locator("input").is_disabled()


def test_pixels_per_metre_are_drawn_over_the_picture(desk):
    desk.page.get_by_label("Pixels per metre").check()
    until(lambda: part(desk, "picture").locator("text").count() > 10, 30)
    picture(desk, "camera-page")


def test_an_area_is_drawn_forbidden_and_put_in_force(desk):
    part(desk, "tool-area").click()
    box = part(desk, "pick").bounding_box()
    for x, y in ((0.2, 0.4), (0.8, 0.4), (0.8, 0.95), (0.2, 0.95)):
        desk.page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
    part(desk, "finish").click()
    drawn = part(desk, "drawings").locator("[data-area='area-1']")
    drawn.get_by_label("person").check()
    part(desk, "analytics").locator("[data-kind='vision.zone'] input").check()
    part(desk, "save-camera").click()
    part(desk, "save-camera").wait_for(state="hidden", timeout=30_000)
    desk.page.get_by_text("What changed is in force now").wait_for()


def test_an_analytic_is_tried_on_what_the_camera_saw(desk):
    zone = part(desk, "analytics").locator("[data-kind='vision.zone']")
    zone.get_by_role("button").click()
    zone.get_by_test_id("tried").wait_for(timeout=30_000)
    assert "observations" in zone.get_by_test_id("tried").inner_text()


def test_the_camera_page_is_accessible(desk):
    assert violations(desk) == []


def test_a_clear_view_waits_for_another_person_and_is_shown_to_the_asker_alone(desk, hall, browser):
    part(desk, "view-ask").click()
    desk.page.get_by_label("Why masks must come off").fill(REASON)
    part(desk, "view-send").click()
    part(desk, "view-waits").wait_for()
    other = browser.new_context().new_page()
    other.goto(f"{hall.url}/#/govern")
    sign_in(Desk(page=other, asked=[], complaints=[]), "ben")
    other.goto(f"{hall.url}/#/govern")
    other.get_by_test_id("view-approve").click()
    part(desk, "clear-picture").wait_for(timeout=60_000)
    other.close()


def test_the_whole_set_up_is_on_the_page_per_place(hall):
    said = subprocess.run(
        [Path(sys.executable).with_name("tocsin"), "policy", "report", hall.folder, "--json"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    page = json.loads(said.stdout.splitlines()[0])
    assert page["processing"]["purpose"] == "Safety of people in the hall."


def test_a_place_forbids_an_analytic_with_one_switch(desk, hall):
    desk.page.goto(f"{hall.url}/#/govern")
    record = part(desk, "record")
    record.get_by_label("vision.zone may run at Test Hall").uncheck()
    until(lambda: not record.get_by_label("vision.zone may run at Test Hall").is_checked(), 30)
    assert violations(desk) == []


def test_it_had_nothing_to_complain_of(desk):
    assert [text for text in desk.complaints if "favicon" not in text] == []
