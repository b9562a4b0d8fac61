"""Plumes keep mass, spread as their papers say, and heavy gas meets the published worked examples."""

from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.model import ConfigError
from tocsin.physics.dispersion.air import Air, class_of, from_wind
from tocsin.physics.dispersion.briggs import briggs_plume, sigmas
from tocsin.physics.dispersion.consequence import equivalent_ppm, toxic_load
from tocsin.physics.dispersion.dense import Heavy
from tocsin.physics.dispersion.similarity import Losses, deposition_m_s, similarity_plume
from tocsin.physics.dispersion.source import evaporation_kg_s
from tocsin.physics.dispersion.sun import sun_deg

SWING = 0.17
WARM = similarity_plume(from_wind(3.0, 10.0, 0.03, "D"))
"""Made once at import, so that no test pays for loading SciPy."""

AIRS = st.builds(
    Air,
    ustar_m_s=st.floats(0.08, 0.8),
    obukhov_m=st.one_of(st.floats(-300.0, -5.0), st.floats(5.0, 300.0), st.just(inf)),
    roughness_m=st.floats(0.003, 0.5),
    sigma_azimuth_rad=st.floats(0.05, 0.45),
)
LNG = Heavy(density_kg_m3=1.76, speed_m_s=10.9, flow_m3_s=0.23 * 425.6 / 1.76, warmth=298.0 / 111.0)
"""A spill of 0.23 m³/s of liquefied natural gas: the worked example of CCPS (1999), after the Burro trials."""

POTCHEFSTROOM = Heavy(density_kg_m3=1.434, speed_m_s=2.0, amount_m3=7.25e4, warmth=293.15 / 239.8)
"""38 t of ammonia at once: the accident that Britter and McQuaid's workbook works out."""


@given(AIRS)
def test_a_plume_thins_and_widens_downwind(air):
    plume = similarity_plume(air, receptor_m=0.1)
    assert (np.diff(plume.sigma_y_m) >= 0).all()
    far = plume.steady(np.array([100.0, 200.0, 400.0, 800.0]), 0.0)
    assert (np.diff(far) < 0).all()


@given(AIRS)
def test_nothing_is_upwind_and_most_is_on_the_axis(air):
    plume = similarity_plume(air)
    assert plume.steady(-50.0, 0.0) == 0.0
    assert plume.steady(300.0, 0.0) > plume.steady(300.0, 60.0)


@given(AIRS, st.floats(30.0, 2_000.0), st.floats(5.0, 600.0))
def test_a_release_that_has_passed_has_left_its_amount_behind(air, x, lasts):
    plume = similarity_plume(air)
    ages = np.linspace(0.0, 40.0 * (x + lasts), 20_000)
    dose = float(np.trapezoid(plume.finite(x, 0.0, ages, lasts), ages))
    assert dose == pytest.approx(float(plume.steady(x, 0.0)) * lasts, rel=0.03)


def test_a_short_release_is_a_puff():
    plume = briggs_plume(2.0, "D", urban=True)
    ages = np.array([60.0, 100.0, 140.0])
    assert plume.finite(200.0, 5.0, ages, 0.5) == pytest.approx(0.5 * plume.puff(200.0, 5.0, ages), rel=0.05)


@pytest.mark.parametrize("stability", "ABCDEF")
@pytest.mark.parametrize("urban", [True, False])
def test_a_gaussian_plume_carries_what_is_let_out(stability, urban):
    wide, high = (float(part) for part in sigmas(np.array(300.0), stability, urban=urban))
    z = np.linspace(0.0, 8.0 * high, 200)
    integral = [float(briggs_plume(4.0, stability, urban=urban, receptor_m=at).row(np.array(300.0))[0]) for at in z]
    assert 4.0 * np.trapezoid(integral, z) == pytest.approx(1.0, rel=0.02)
    assert wide >= 10.0


def test_neutral_ground_plumes_follow_the_similarity_law():
    """Near-neutral runs of Prairie Grass: the crosswind integral times u* x / Q is about 1.2 at 100 m, at 1.5 m."""
    air = Air(ustar_m_s=0.4, obukhov_m=inf, roughness_m=0.006, sigma_azimuth_rad=SWING)
    integral, _, _ = similarity_plume(air).row(np.array(100.0))
    assert 0.4 * integral * 100.0 == pytest.approx(1.2, rel=0.15)


def test_stable_air_holds_gas_together():
    night, noon = from_wind(3.0, 10.0, 0.03, "F"), from_wind(3.0, 10.0, 0.03, "A")
    assert similarity_plume(night).steady(500.0, 0.0) > 10 * similarity_plume(noon).steady(500.0, 0.0)
    assert (class_of(night.obukhov_m, 0.03), class_of(noon.obukhov_m, 0.03)) == ("F", "A")


def test_the_ground_takes_gas_out():
    air = from_wind(3.0, 10.0, 0.03, "E")
    kept = similarity_plume(air, losses=Losses(surface_s_m=50.0)).steady(2_000.0, 0.0)
    assert kept < 0.9 * similarity_plume(air).steady(2_000.0, 0.0)
    assert 0.003 < deposition_m_s(air, 50.0) < 0.02


def test_decay_halves_by_its_half_life():
    air = from_wind(3.0, 10.0, 0.03, "D")
    plain = WARM
    travel = float(plain.row(np.array(1_000.0))[2])
    fading = similarity_plume(air, losses=Losses(half_life_s=travel)).steady(1_000.0, 0.0)
    assert fading == pytest.approx(0.5 * plain.steady(1_000.0, 0.0), rel=0.02)


def test_the_worked_example_of_a_spill_is_met():
    """CCPS (1999): 5 % (the lower flammable limit) is reached 367 m downwind."""
    assert LNG.rules
    assert LNG.share(367.0) == pytest.approx(0.05, rel=0.03)


def test_the_worked_example_of_a_cloud_is_met():
    """At 3.1 km the nomogram's .001 line, warmed, of an initial .524 kg/m³: 0.64 g/m³."""
    assert POTCHEFSTROOM.rules
    assert 524.0 * POTCHEFSTROOM.share(3_133.0) == pytest.approx(0.64, rel=0.02)


def test_gas_that_is_thin_or_slow_is_not_heavy():
    assert not Heavy(density_kg_m3=2.9, speed_m_s=6.0, flow_m3_s=0.0001).rules
    assert Heavy(density_kg_m3=2.9, speed_m_s=2.0, flow_m3_s=1.0).rules
    assert not Heavy(density_kg_m3=0.7, speed_m_s=2.0, flow_m3_s=1.0).rules


@given(st.floats(1.3, 6.0), st.floats(0.5, 12.0), st.floats(0.01, 100.0))
def test_a_heavy_plume_thins_everywhere(density, speed, flow):
    heavy = Heavy(density_kg_m3=density, speed_m_s=speed, flow_m3_s=flow)
    shares = heavy.share(np.geomspace(0.1, 1e5, 300))
    assert ((shares > 0) & (shares <= 1)).all()
    assert (np.diff(shares) <= 1e-12).all()


def test_a_pool_evaporates_faster_in_wind():
    calm, windy = (evaporation_kg_s(10.0, speed, 20_000.0, 0.046) for speed in (1.0, 5.0))
    assert windy == pytest.approx(calm * 5 ** (7 / 9))


@pytest.mark.parametrize("change", [{"ustar_m_s": 0.0}, {"roughness_m": 9.0}, {"obukhov_m": 0.0}])
def test_what_is_no_air_is_refused(change):
    with pytest.raises(ConfigError):
        Air(**{"ustar_m_s": 0.3, "obukhov_m": inf, "roughness_m": 0.1, "sigma_azimuth_rad": SWING, **change})


@given(st.floats(0.1, 500.0), st.floats(1.0, 4.0), st.floats(1.0, 480.0))
def test_a_steady_concentration_is_its_own_equivalent(ppm, n, minutes):
    load = toxic_load(np.array([0.0, 60.0 * minutes]), np.array([ppm, ppm]), n)
    assert equivalent_ppm(load, n, minutes) == pytest.approx(ppm)


def test_a_peak_weighs_more_than_its_mean():
    peak = toxic_load(np.array([0.0, 1.0, 300.0, 301.0, 600.0]), np.array([20.0, 20.0, 20.0, 0.0, 0.0]), 2.75)
    assert equivalent_ppm(peak, 2.75, 10.0) > 1.3 * 10.0


@pytest.mark.parametrize(
    ("at", "height"), [(1_782_036_000.0, 53.3), (1_782_079_200.0, -6.4), (1_797_847_200.0, 5.9)],
    ids=["midsummer noon", "midsummer midnight", "midwinter noon"],
)  # fmt: skip
def test_the_sun_stands_where_it_should(at, height):
    """Helsinki, near solar noon and midnight: 90° - 60.17° ± 23.44°."""
    assert sun_deg(at, 24.94, 60.17) == pytest.approx(height, abs=1.5)
