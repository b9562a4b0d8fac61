"""The how-to is true: its three files make a detector that is found and keeps the contract; nothing else is edited."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "how-to" / "add-a-detector.md").read_text(encoding="utf-8")
BLOCKS = dict(
    re.findall(r"^`((?:src|tests|docs)/[\w/.]+)`.*?^```\w+\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
)


@pytest.fixture
def checkout(tmp_path):
    """A copy of what the detector meets, with the three files of the page added."""
    ignore = shutil.ignore_patterns("__pycache__", "static", "_content")
    for part in ("src", "tests/contract", "tests/detectors", "docs/extensions/detectors", "content"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=ignore)
    for path, text in BLOCKS.items():
        assert not (tmp_path / path).exists(), f"{path} is there already: the page must not edit a file"
        (tmp_path / path).write_text(text)
    return tmp_path


def run(folder, *arguments):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=importlib", *arguments]
    environment = {"PYTHONPATH": f"{folder / 'src'}:{folder}", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_the_page_names_three_files():
    assert [path.split("/")[0] for path in BLOCKS] == ["src", "tests", "docs"]


def test_three_files_make_a_detector(checkout):
    code, said = run(
        checkout,
        "tests/contract/test_members.py",
        "tests/detectors/process/test_door_held_open.py",
        "-k",
        "process.door or door_held_open",
    )
    assert code == 0, said
    assert int(re.search(r"(\d+) passed", said)[1]) >= 20, said


def test_a_third_party_package_is_found_by_its_entry_point(tmp_path):
    package, info = tmp_path / "acme_doors", tmp_path / "acme_doors-1.0.dist-info"
    for folder in (package, info, tmp_path / "docs" / "extensions" / "detectors"):
        folder.mkdir(parents=True)
    source, test, page = BLOCKS.values()
    (package / "__init__.py").write_text('"""Doors."""\n')
    (package / "door_held_open.py").write_text(source)
    (tmp_path / "docs/extensions/detectors/door_held_open.md").write_text(page)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-doors\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[tocsin.detectors]\ndoor = acme_doors.door_held_open:DoorHeldOpen\n")
    (tmp_path / "test_doors.py").write_text(
        test.replace("tocsin.detectors.process.door_held_open", "acme_doors.door_held_open")
        + THIRD_PARTY.replace("ROOT", repr(str(tmp_path)))
    )
    code, said = run(tmp_path, "test_doors.py")
    assert code == 0, said
    assert "4 passed" in said


THIRD_PARTY = """
def test_it_is_found():
    from tocsin.contract.walk import member_of
    assert member_of("detectors", "process.door") is DoorHeldOpen


def test_it_keeps_the_contract():
    from pathlib import Path
    from tocsin.contract import checks
    from tocsin.contract.declared import Sample
    assert checks.check(DoorHeldOpen(), Sample(alarm=ALARM, benign=BENIGN), Path(ROOT)) == []
"""
