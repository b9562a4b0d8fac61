"""Every member that the walk finds keeps every line of its contract."""

import pytest

from tests.contract.samples import ROOT, sample_of, tried, where_models_are
from tocsin.contract import checks
from tocsin.contract.declared import package_of
from tocsin.contract.walk import PACKAGES, members

ALL = [member for package in PACKAGES for member in members(package)]
DETECTORS = [member for member in ALL if package_of(member) == "detectors"]
FLOW = [member for member in ALL if package_of(member) != "sources"]
MODELS = {
    "vision.masking": ("nanodet", "mb3-centernet", "centerface"),
    "vision.people": ("nanodet",),
    "vision.postures": ("movenet-multipose",),
}
"""What members look with by default: without it they are not tried."""


@pytest.fixture(scope="module")
def samples():
    """Each member's sample, made once."""
    return {member: sample_of(member) for member in ALL}


def named(one):
    return getattr(one, "kind", getattr(one, "__name__", None))


@pytest.mark.parametrize("check", checks.DECLARATION, ids=named)
@pytest.mark.parametrize("member", ALL, ids=named)
def test_every_member_declares_itself_well(member, check, samples):
    check(member, samples[member], ROOT)


@pytest.mark.parametrize("check", checks.BEHAVIOUR, ids=named)
@pytest.mark.parametrize(
    "member",
    [
        pytest.param(one, id=named(one), marks=pytest.mark.needs_model(*MODELS.get(getattr(one, "kind", ""), ())))
        for one in FLOW
    ],
)
def test_every_member_behaves(member, check, samples):
    with where_models_are():
        check(tried(member), samples[member], ROOT)


@pytest.mark.parametrize("member", DETECTORS, ids=named)
def test_every_detector_has_samples_of_its_own(member, samples):
    missing = f"write tests/detectors/…/test_{member.__module__.rpartition('.')[2]}.py with ALARM and BENIGN"
    assert samples[member].alarm, missing
    assert samples[member].benign, missing
