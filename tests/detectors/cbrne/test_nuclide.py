"""Nuclides are named from spectra, graded by where they are met with, and never in nature's own background."""

import pytest
from msgspec.structs import replace

from tocsin.contract.examples import gamma
from tocsin.contract.folding import findings
from tocsin.detectors.cbrne.nuclide import Nuclides

CAESIUM, COBALT = {661.7: 3_000.0}, {1173.2: 2_000.0, 1332.5: 1_900.0}
ALARM = gamma([{}, CAESIUM, CAESIUM, COBALT, {185.7: 3_000.0}])
BENIGN = gamma([{}, {}, {609.3: 400.0, 351.9: 500.0, 1764.5: 120.0, 295.2: 300.0, 1120.3: 150.0}])


def test_each_nuclide_is_one_episode():
    found = findings(Nuclides(), ALARM)
    assert [(one.subject, one.grade) for one in found] == [
        ("Cs-137", "industry"),
        ("Cs-137", "industry"),
        ("Co-60", "industry"),
        ("U-235", "special"),
    ]
    assert found[0].id == found[1].id


def test_a_patient_is_no_industrial_source():
    (found,) = findings(Nuclides(), gamma([{140.5: 4_000.0}]))
    assert (found.subject, found.grade) == ("Tc-99m", "medicine")


def test_what_could_be_another_is_told_with_it():
    (found,) = findings(Nuclides(), gamma([{511.0: 4_000.0}]))
    assert "F-18" in found.because
    assert "Ga-68" in found.because


def test_lines_of_nothing_known_are_told_as_unknown():
    (found,) = findings(Nuclides(), gamma([{900.0: 4_000.0, 2000.0: 3_000.0}]))
    assert (found.grade, found.subject) == ("unknown", "unknown nuclide")


@pytest.mark.parametrize("change", [{"coefficients_kev": ()}, {"counts": (1.0, 2.0)}, {"use": "Background"}])
def test_what_cannot_be_judged_is_not(change):
    facts = [replace(fact, body=replace(fact.body, **change)) for fact in gamma([CAESIUM])]
    assert findings(Nuclides(), facts) == []


def test_late_and_doubled_spectra_change_nothing():
    facts = gamma([CAESIUM, CAESIUM])
    assert findings(Nuclides(), [*facts, facts[0], facts[1]]) == findings(Nuclides(), facts)
