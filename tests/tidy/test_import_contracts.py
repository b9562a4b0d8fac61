"""Every import rule is tried: violations planted in a copy of the tree must each be found by the rule they break."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
NAMES = {contract["id"]: contract["name"] for contract in SETTINGS["contracts"]}

# rule, planted file, what it imports, what the rule must say
PLANTED = [
    ("layers", "store/planted_up.py", "tocsin.engine", "tocsin.store.planted_up -> tocsin.engine"),
    ("layers", "web/planted_sibling.py", "tocsin.sim", "tocsin.web.planted_sibling -> tocsin.sim"),
    ("layers", "sources/planted_side.py", "tocsin.detectors", "tocsin.sources.planted_side -> tocsin.detectors"),
    ("layers", "attic/__init__.py", "tocsin.model", "attic"),
    ("nouns", "model/planted_noun.py", "tocsin.gate", "tocsin.model.planted_noun -> tocsin.gate"),
    ("doors", "web/planted_admit.py", "tocsin.gate.admit", "tocsin.web.planted_admit -> tocsin.gate.admit"),
    ("doors", "app/planted_approve.py", "tocsin.gate.approve", "tocsin.app.planted_approve -> tocsin.gate.approve"),
    ("doors", "sim/planted_warrant.py", "tocsin.gate.warrant", "tocsin.sim.planted_warrant -> tocsin.gate.warrant"),
    ("no-network", "detectors/planted_net.py", "socket", "tocsin.detectors.planted_net -> socket"),
    ("no-network", "fusion/planted_base.py", "sqlite3", "tocsin.fusion.planted_base -> sqlite3"),
    ("no-network", "contract/planted_way.py", "httpx", "tocsin.contract.planted_way -> httpx"),
    ("no-network", "perceivers/planted_way.py", "tocsin.contract.planted_way", "tocsin.perceivers.planted_way ->"),
    ("pure", "fusion/planted_clock.py", "time", "tocsin.fusion.planted_clock -> time"),
    ("pure", "detectors/planted_file.py", "pathlib", "tocsin.detectors.planted_file -> pathlib"),
    ("pure", "perceivers/planted_dice.py", "random", "tocsin.perceivers.planted_dice -> random"),
    *[
        (
            kind,
            f"{kind}/planted_a.py",
            f"tocsin.{kind}.planted_b",
            f"tocsin.{kind}.planted_a -> tocsin.{kind}.planted_b",
        )
        for kind in ("sources", "perceivers", "responders", "formats", "suites")
    ],
    (
        "detectors",
        "detectors/cyber/planted_a.py",
        "tocsin.detectors.crowd.planted_b",
        "tocsin.detectors.crowd.planted_b",
    ),
    (
        "detectors",
        "detectors/crowd/planted_c.py",
        "tocsin.detectors.crowd.planted_b",
        "tocsin.detectors.crowd.planted_c ->",
    ),
]


def plant(root: Path, name: str, text: str) -> None:
    """Write a module, and the packages above it that the tree does not have."""
    path = root / "src" / "tocsin" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    (path.parent / "__init__.py").touch()
    path.touch()
    if text:
        path.write_text(text)


def linted(root: Path) -> subprocess.CompletedProcess[str]:
    """What lint-imports says of the tree below `root`."""
    command = [Path(sys.executable).parent / "lint-imports", "--no-cache", "--config", root / "pyproject.toml"]
    where = {**os.environ, "PYTHONPATH": str(root / "src"), "COLUMNS": "200"}
    return subprocess.run(command, cwd=root, env=where, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def verdict(tmp_path_factory) -> str:
    root = tmp_path_factory.mktemp("planted")
    shutil.copy(ROOT / "pyproject.toml", root)
    shutil.copytree(ROOT / "src", root / "src", ignore=shutil.ignore_patterns("static", "__pycache__"))
    for _, _, target, _ in PLANTED:
        if target.startswith("tocsin.") and target.count(".") > 1:
            plant(root, target.removeprefix("tocsin.").replace(".", "/") + ".py", "")
    for _, name, target, _ in PLANTED:
        plant(root, name, f"import {target}\n")
    said = linted(root)
    assert said.returncode == 1, said.stdout + said.stderr
    return said.stdout


def section(verdict: str, rule: str) -> str:
    """The part of the verdict in which one broken rule lists what breaks it."""
    parts = re.split(r"\n(.+)\n-{4,}\n", verdict)
    return dict(zip(parts[1::2], parts[2::2], strict=True))[NAMES[rule]]


@pytest.mark.parametrize("rule", NAMES)
def test_each_rule_can_break(verdict, rule):
    assert f"{NAMES[rule]} BROKEN" in verdict


@pytest.mark.parametrize(("rule", "name", "said"), [(rule, name, said) for rule, name, _, said in PLANTED])
def test_each_planted_violation_is_found(verdict, rule, name, said):
    assert said in section(verdict, rule)


def test_the_tree_itself_keeps_them_all():
    said = linted(ROOT)
    assert said.returncode == 0, said.stdout + said.stderr


def test_no_rule_has_an_exception():
    assert [contract["id"] for contract in SETTINGS["contracts"] if contract.get("ignore_imports")] == []


def test_every_package_below_the_nouns_is_forbidden_to_them():
    packages = {path.parent.name for path in (ROOT / "src" / "tocsin").glob("*/__init__.py")}
    nouns = next(contract for contract in SETTINGS["contracts"] if contract["id"] == "nouns")
    assert {name.removeprefix("tocsin.") for name in nouns["forbidden_modules"]} == packages - {"model"}
