"""Sound in the open: speed, absorption, arrival times, bangs, voices, and how well a layout hears."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.model import BadInput
from tocsin.physics.sound import (
    Heard,
    Locating,
    Weather,
    absorption_db_m,
    airborne_nats,
    error_m,
    impulses_of,
    least_covariance_m2,
    located,
    sound_speed_m_s,
    voiced_s,
    whistled,
)
from tocsin.physics.sound.arrivals import due_share, log_density, pull

RULE = Locating()
SPOTS = np.array([[0.0, 0], [800, 0], [0, 800], [800, 800], [400, 100], [420, 700]])
RATE = 16_000.0
CHANCE = np.random.default_rng(3)


def heard(source, late=0.0, height=0.0, chance=None, spots=SPOTS):
    far = np.hypot(np.hypot(*(spots - source).T), height)
    at = 100.0 + far / sound_speed_m_s(15.0) + late
    return Heard.of(spots, np.arange(len(spots)), at if chance is None else at + 0.01 * chance.standard_normal(len(at)))


def test_absorption_is_that_of_the_standards_table():
    assert absorption_db_m([500.0, 4000.0], 10.0, 70.0) * 1e3 == pytest.approx([1.93, 32.8], rel=0.01)  # ISO 9613-1


@given(st.floats(-30, 40), st.floats(0.1, 10))
def test_warmer_air_is_faster(celsius, more):
    assert sound_speed_m_s(celsius + more) > sound_speed_m_s(celsius)


def test_densities_of_arrivals_sum_to_one_and_never_call_early_ones_echoes():
    at = np.linspace(-3, 3, 60_001)
    sd = np.full_like(at, 0.01)
    inside = np.abs(at) <= RULE.wild_s / 2
    assert float(np.trapezoid(np.exp(log_density(at, sd, RULE))[inside], at[inside])) == pytest.approx(1.0, abs=0.02)
    assert due_share(np.array([-0.2]), np.array([0.01]), RULE)[0] < 1e-6
    assert log_density(np.array([0.1]), sd[:1], RULE) > log_density(np.array([-0.1]), sd[:1], RULE) + 2


@given(st.floats(-1, 1))
def test_no_arrival_pulls_away(residual):
    assert pull(np.array([residual]), np.array([0.01]), RULE)[0] >= 0.0


@settings(max_examples=20, deadline=None)
@given(st.floats(0, 800), st.floats(0, 800))
def test_without_errors_the_source_is_found(east, north):
    found = located(heard(np.array([east, north])))
    assert np.hypot(found.east_m - east, found.north_m - north) < 20


def test_one_long_echo_hardly_moves_the_place():
    late = np.array([0, 0.3, 0, 0, 0, 0])
    found = located(heard(np.array([300.0, 350.0]), late))
    assert np.hypot(found.east_m - 300, found.north_m - 350) < 10
    assert found.direct[1] < 0.1
    assert found.direct[0] > 0.9
    assert found.late_s[1] == pytest.approx(0.3, abs=0.03)


def test_known_wind_moves_the_place_back():
    spots, source, wind = SPOTS, np.array([300.0, 500.0]), np.array([8.0, -3.0])
    way = spots - source
    far = np.hypot(*way.T)
    at = far / (sound_speed_m_s(15.0) + way @ wind / far)
    rule = Locating(wind_sd_m_s=0.5, temperature_sd_k=1.0)
    told = located(Heard.of(spots, np.arange(6), at), rule, Weather(15.0, *wind))
    assert np.hypot(told.east_m - 300, told.north_m - 500) < 4


def test_the_same_sounds_give_the_same_place():
    once, again = (located(heard(np.array([100.0, 650.0]), chance=np.random.default_rng(1))) for _ in range(2))
    assert (once.east_m, once.north_m, once.at_s) == (again.east_m, again.north_m, again.at_s)


def test_the_90_percent_ellipse_holds_about_nine_in_ten():
    inside = []
    for seed in range(60):
        chance = np.random.default_rng(seed)
        source = chance.uniform(50, 750, 2)
        found = located(heard(source, chance=chance), Locating(late_share=0.02))
        off = np.array([found.east_m, found.north_m]) - source
        inside.append(off @ np.linalg.solve(found.covariance_m2, off) < 4.605)
    assert 0.8 <= np.mean(inside) <= 1.0


def test_two_microphones_place_nothing_and_nonsense_is_refused():
    assert located(Heard.of(SPOTS[:2], np.arange(2), np.zeros(2))) is None
    with pytest.raises(BadInput, match="no number"):
        Heard.of(SPOTS, np.arange(6), np.full(6, np.nan))
    with pytest.raises(BadInput, match="one microphone and one time"):
        Heard.of(SPOTS, np.arange(6), np.zeros(5))


def test_a_source_in_the_air_is_told_from_one_on_the_ground():
    source = np.array([380.0, 260.0])
    high, low = heard(source, height=120.0), heard(source)
    assert airborne_nats(high, located(high)) > 1.0 > airborne_nats(low, located(low))


def test_an_outline_goes_round_its_place():
    found = located(heard(np.array([300.0, 350.0])))
    ring = found.outline_m(0.9)
    assert ring[0] == pytest.approx(ring[-1])
    assert np.hypot(*(ring.mean(axis=0) - [found.east_m, found.north_m])) < found.axes_m(0.9)[0]


@given(st.integers(0, 5))
def test_one_microphone_more_never_makes_the_bound_worse(gone):
    source = np.array([350.0, 420.0])
    fewer = np.delete(SPOTS, gone, axis=0)
    assert np.trace(least_covariance_m2(SPOTS, source)) <= np.trace(least_covariance_m2(fewer, source)) + 1e-9


def test_where_too_few_hear_the_error_is_infinite():
    assert error_m(SPOTS, np.array([[400.0, 400.0], [9000.0, 0.0]])).tolist() == [pytest.approx(12, abs=6), np.inf]


def noise(seconds=1.0, rate=RATE, level=1e-3):
    return level * np.random.default_rng(1).standard_normal(int(seconds * rate))


def blast(piece, at, rate=RATE, level=0.6, lasts_s=0.004):
    """A Friedlander wave: up at once, down, and a weaker swing below."""
    n = np.arange(int(0.03 * rate)) / rate
    begin = int(np.ceil(at * rate))
    wave = level * (1 - (n + begin / rate - at) / lasts_s) * np.exp(-n / lasts_s)
    piece[begin : begin + len(wave)] += wave
    return piece


@settings(max_examples=30, deadline=None)
@given(st.floats(0.3, 0.7))
def test_the_onset_is_found_to_a_sample_or_so(at):
    (one,) = impulses_of(blast(noise(), at), RATE)
    assert one.onset / RATE == pytest.approx(at, abs=2.0 / RATE)
    assert one.positive_s == pytest.approx(0.004, abs=0.001)
    assert one.crest_db > 8


def test_steady_noise_and_slow_swells_are_no_impulse():
    swell = noise(level=0.1) * np.linspace(0.01, 1.0, int(RATE)) ** 2
    assert impulses_of(noise(), RATE) == impulses_of(swell, RATE) == impulses_of(np.zeros(0), RATE) == []


def test_a_bullets_shock_wave_has_the_shape_of_an_n():
    piece, rate = noise(rate=48_000.0), 48_000.0
    wave = np.linspace(0.5, -0.5, int(0.0003 * rate))
    piece[20_000 : 20_000 + len(wave)] += wave
    first, second = impulses_of(blast(piece, 0.6, rate), rate)
    assert first.n_wave_s == pytest.approx(0.0003, rel=0.1)
    assert second.n_wave_s is None


def test_a_spoken_vowel_is_voiced_and_a_bang_is_not():
    at = np.arange(int(RATE)) / RATE
    vowel = sum(np.sin(2 * np.pi * 140 * k * at) / k for k in range(1, 15)) * 0.02
    assert voiced_s(vowel + noise(), RATE) > 0.3
    assert voiced_s(blast(noise(), 0.5), RATE) < 0.06
    assert voiced_s(np.zeros(10), RATE) == 0.0


def test_a_gliding_tone_is_a_whistle():
    at = np.arange(int(RATE)) / RATE
    assert whistled(0.1 * np.sin(2 * np.pi * (1200 + 700 * at) * at) + noise(), RATE) > 0.8
    assert whistled(noise(), RATE) == whistled(0.1 * np.sin(2 * np.pi * 1200 * at), RATE) == 0.0
