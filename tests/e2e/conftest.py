"""The real demo as a child process, and a real browser that looks at it."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
REQUIRED = os.environ.get("TOCSIN_REQUIRE_ALL") == "1"
READY = re.compile(r"Tocsin is ready: (http://127\.0\.0\.1:\d+)")
FLAGS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--enable-unsafe-swiftshader",
    "--use-gl=angle",
    "--use-angle=swiftshader",
]


def absent(what: str) -> None:
    """Skip, or fail where everything is required."""
    (pytest.fail if REQUIRED else pytest.skip)(what)


@dataclass(kw_only=True)
class Demo:
    """A running demo: where it is, where it writes, since when it is ready."""

    url: str
    folder: Path
    ready_at: float
    child: subprocess.Popen[str]

    def warnings(self) -> list[Path]:
        """The CAP files that left."""
        return sorted((self.folder / "exercise").glob("*.xml"))


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("demo")
    command = [Path(sys.executable).with_name("tocsin"), "demo", "--no-open", "--port", "0", "--folder", folder]
    with subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, text=True) as child:
        said = next((found for line in child.stdout if (found := READY.search(line))), None)
        assert said is not None, "the demo ended before it was ready"
        yield Demo(url=said.group(1), folder=folder, ready_at=time.monotonic(), child=child)
        child.send_signal(signal.SIGINT)
        assert child.wait(20) == 0, "the demo stops in order"


@pytest.fixture(scope="module")
def browser():
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        absent("no chromium here: apt-get install chromium")
    if not (ROOT / "src" / "tocsin" / "web" / "static" / "index.html").is_file():
        absent("the console is not built: make console")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@dataclass(kw_only=True)
class Desk:
    """A page of the console, and all that it asked for and complained of."""

    page: object
    asked: list[str]
    complaints: list[str]


@pytest.fixture(scope="module")
def desk(demo, browser) -> Iterator[Desk]:
    """One page, open from the first second to the last; tests go on where the one before stopped."""
    page = browser.new_page(viewport={"width": 1366, "height": 768})
    desk = Desk(page=page, asked=[], complaints=[])
    page.on("request", lambda request: desk.asked.append(request.url))
    page.on("console", lambda said: desk.complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: desk.complaints.append(str(error)))
    page.goto(demo.url)
    yield desk
    page.close()
