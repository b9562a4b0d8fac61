"""Every member that the walk finds keeps every line of its contract."""

import importlib.util
from pathlib import Path

import pytest

from tocsin.contract import checks
from tocsin.contract.declared import Sample
from tocsin.contract.walk import PACKAGES, members

ROOT = Path(__file__).resolve().parents[2]
DETECTORS = members("detectors")
OTHERS = [member for package in PACKAGES if package != "detectors" for member in members(package)]


def sample_of(member):
    """ALARM and BENIGN of the member's own test file."""
    package, name = member.__module__.split(".")[1], member.__module__.rpartition(".")[2]
    found = sorted((ROOT / "tests" / package).rglob(f"test_{name}.py"))
    assert found, f"write tests/{package}/…/test_{name}.py with ALARM and BENIGN: {member.__name__} has no samples"
    spec = importlib.util.spec_from_file_location(f"samples_of_{name}", found[0])
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return Sample(alarm=getattr(module, "ALARM", ()), benign=getattr(module, "BENIGN", ()))


SAMPLES = {member: sample_of(member) for member in DETECTORS}


@pytest.mark.parametrize("check", checks.ALL, ids=lambda check: check.__name__)
@pytest.mark.parametrize("member", DETECTORS, ids=lambda member: member.kind)
def test_every_detector_keeps_the_contract(member, check):
    check(member(), SAMPLES[member], ROOT)


@pytest.mark.parametrize("check", checks.DECLARATION, ids=lambda check: check.__name__)
@pytest.mark.parametrize("member", OTHERS, ids=lambda member: member.kind)
def test_every_other_member_declares_itself_well(member, check):
    check(member, Sample(), ROOT)
