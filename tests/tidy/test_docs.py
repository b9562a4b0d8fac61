"""The documentation stays true: links lead somewhere, commands exist, generated pages match the code."""

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest
import typer

from tocsin.app import cli

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
COMMAND = re.compile(r"(?:^|`|\$ )(?:\.venv/bin/)?tocsin ((?:[a-z][a-z-]*)(?: [a-z][a-z-]*)?)", re.MULTILINE)
TARGET = re.compile(r"(?:^|`|\$ |&& )make ((?:[a-z]+ ?)+)", re.MULTILINE)

sys.path.insert(0, str(ROOT / "tools"))
import write_reference  # noqa: E402  # a script beside the package, found by the line above


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def code(text: str) -> str:
    """What a page shows as code: blocks, and spans within lines."""
    blocks = re.findall(r"```(?:console|sh|bash|shell)(?: run)?\n(.*?)```", text, re.DOTALL)
    spans = [f"`{span}`" for span in re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))]
    return "\n".join([*blocks, *spans])


def anchors(page: Path) -> set[str]:
    """Anchors that a page's headings make."""
    heads = re.findall(r"(?m)^#+ (.+)$", page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


def dead(page: Path) -> list[str]:
    """Relative links of a page that lead nowhere."""
    missing = []
    for link in LINK.findall(re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)):
        name, _, anchor = unquote(link).partition("#")
        target = (page.parent / name).resolve() if name else page
        gone = not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target))
        missing += [link] if "://" not in link and gone else []
    return missing


def commands() -> dict[str, set[str]]:
    """Commands of the command line, each with the commands below it."""
    return {name: set(getattr(one, "commands", {})) for name, one in typer.main.get_command(cli.app).commands.items()}


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_relative_link_leads_somewhere(page):
    assert dead(page) == []


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_make_target_exists(page):
    known = set(re.findall(r"(?m)^([a-z]+):", (ROOT / "Makefile").read_text()))
    named = {word for words in TARGET.findall(code(page.read_text(encoding="utf-8"))) for word in words.split()}
    assert named <= known


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_command_exists(page):
    named = COMMAND.findall(code(page.read_text(encoding="utf-8")))
    known = commands()
    parts = [(*words.split(), "")[:2] for words in named]
    assert [
        (verb, noun) for verb, noun in parts if verb not in known or (known[verb] and noun and noun not in known[verb])
    ] == []


@pytest.mark.parametrize("name", write_reference.PAGES)
def test_generated_pages_match_the_code(name):
    written = ROOT / "docs" / "reference" / name
    assert written.is_file(), "run `make docs`"
    assert written.read_text(encoding="utf-8") == write_reference.PAGES[name](), "run `make docs`"


def test_every_page_can_be_found_from_its_index():
    for folder in ("how-to", "decisions", "reference"):
        index = (ROOT / "docs" / folder / "index.md").read_text(encoding="utf-8")
        pages = {path.name for path in (ROOT / "docs" / folder).glob("*.md")} - {"index.md"}
        assert pages <= set(LINK.findall(index)), folder


@pytest.mark.parametrize("page", sorted((ROOT / "docs" / "decisions").glob("2*.md")), ids=relative)
def test_a_decision_says_context_choice_cost_and_what_would_change_it(page):
    text = page.read_text(encoding="utf-8")
    marks = ("**Context.**", "**Choice.**", "**Cost.**", "**What would change our mind.**")
    assert [mark for mark in marks if mark not in text] == []
    assert len(text.split()) < 500


def runnable(page: Path) -> str:
    """The blocks of a page that are marked to be run, as one script."""
    return "\n".join(re.findall(r"```console run\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL))


@pytest.mark.parametrize("page", [page for page in PAGES if runnable(page)], ids=relative)
def test_what_a_page_shows_as_run_runs(page, tmp_path):
    where = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "LC_ALL": "C.UTF-8",
    }
    command = ["bash", "-euo", "pipefail", "-c", runnable(page)]
    said = subprocess.run(command, cwd=tmp_path, env=where, capture_output=True, text=True, check=False, timeout=120)
    assert said.returncode == 0, said.stdout + said.stderr


def test_links_and_commands_are_seen_at_all(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "# A b\n[x](gone.md) [y](#a-b) [z](#c)\n`tocsin ledger verify F` and\n"
        "```console\ntocsin demo --open\nmake demo\n```\n"
    )
    assert dead(page) == ["gone.md", "#c"]
    assert COMMAND.findall(code(page.read_text())) == ["demo", "ledger verify"]
    assert TARGET.findall(code(page.read_text())) == ["demo"]
