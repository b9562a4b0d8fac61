"""An analysis that falls behind for minutes is reported once; a moment of it is not."""

from hypothesis import given
from hypothesis import strategies as st

from tocsin.contract.camera_cases import loads
from tocsin.contract.folding import findings
from tocsin.detectors.vision.overload import Overload

ALARM = loads([1.0] * 5 + [0.2] * 60)
BENIGN = loads(([1.0] * 10 + [0.3] * 3) * 10)


def told(budgets):
    return findings(Overload(), loads(budgets))


def test_a_shortage_is_one_finding_until_it_ends():
    found = told([0.2] * 200 + [1.0] * 30 + [0.2] * 60)
    assert len({one.id for one in found}) == 2


@given(st.lists(st.floats(0.6, 1.0), max_size=80))
def test_enough_is_never_told(budgets):
    assert told(budgets) == []


def test_what_is_no_share_changes_nothing():
    assert told([float("nan"), 7.0, -1.0] * 50) == []
