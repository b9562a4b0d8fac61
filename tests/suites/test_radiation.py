"""Simulated tests, walks and spectra come out near theory, also few of them."""

import pytest

from tocsin.app.suites import Bench
from tocsin.suites import Order
from tocsin.suites.radiation import RadiationSuite


@pytest.fixture(scope="module")
def metrics():
    return RadiationSuite(runs=400, sources=12, spectra=1).run(Order(command="it"), Bench()).metrics


def test_run_lengths_and_sample_numbers_are_near_their_closed_forms(metrics):
    assert metrics["cusum_run_length_error"] < 0.25
    assert metrics["sprt_samples_error"] < 0.15


def test_the_place_is_found_about_as_well_as_can_be(metrics):
    assert metrics["location_efficiency"] > 0.5
    assert metrics["location_error_m"] < 2.0


def test_most_made_up_spectra_are_named(metrics):
    assert metrics["nuclides_right"] + metrics["nuclides_among_others"] > 0.7
    assert metrics["nuclides_false_in_background"] == 0.0
