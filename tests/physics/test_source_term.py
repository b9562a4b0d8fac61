"""The inference finds what the model made, and is sure only as far as it may be."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.physics.dispersion.briggs import briggs_plume
from tocsin.physics.source_term.hypotheses import PARTS, Part, Prior, Span, fixed, normal
from tocsin.physics.source_term.readings import Errors, Readings, log_likelihoods, predicted
from tocsin.physics.source_term.regions import density, interval, outlines
from tocsin.physics.source_term.sampler import updated

PLUME = briggs_plume(2.0, "D", urban=True)
TRUE = np.array([[20.0, -30.0, np.log(0.05), 0.0, np.log(600.0), 0.1, 0.0]])
FLOOR = 1e-8


def sensors(count=12, at_s=300.0, full=np.inf):
    """Sensors in rows north of the source, in a south wind, with what the model brings them."""
    ones = np.ones(count)
    blank = Readings(
        east_m=np.resize([-60.0, -20.0, 20.0, 60.0], count),
        north_m=np.repeat([40.0, 100.0, 180.0], 4)[:count],
        at_s=at_s * ones,
        kg_m3=0.0 * ones,
        floor_kg_m3=FLOOR * ones,
        full_kg_m3=full * ones,
        sensor=np.arange(count),
        towards_rad=0.0 * ones,
        lag_s=5.0 * ones,
    )
    parts = {name: getattr(blank, name) for name in blank.__dataclass_fields__}
    return Readings(**parts | {"kg_m3": np.minimum(predicted(TRUE, PLUME, blank, steady=False).kg_m3[0], full)})


def believed(readings, seed=1, count=800):
    spans = [fixed(0.0)] * PARTS
    spans[Part.EAST] = spans[Part.NORTH] = Span(-300.0, 300.0)
    spans[Part.LOG_RATE] = Span(np.log(1e-4), np.log(10.0))
    spans[Part.BEGIN], spans[Part.LOG_LASTS] = Span(-300.0, 290.0), fixed(np.log(600.0))
    spans[Part.TURN] = normal(0.0, 0.15)
    prior, chance = Prior(spans), np.random.default_rng(seed)
    return updated(
        prior.drawn(chance, count), prior, lambda rows: log_likelihoods(rows, PLUME, readings, Errors()), chance
    )


def test_the_source_is_in_its_region():
    rows = believed(sensors())
    assert density(rows[:, :2]).holds(0.9, 20.0, -30.0)
    low, _, high = np.exp(interval(rows[:, Part.LOG_RATE]))
    assert low < 0.05 < high


def test_the_same_seed_gives_the_same_answer():
    assert (believed(sensors(), 3, 200) == believed(sensors(), 3, 200)).all()


def test_silence_speaks_against_a_plume_that_should_be_there():
    quiet = sensors()
    parts = {name: getattr(quiet, name) for name in quiet.__dataclass_fields__}
    silent = Readings(**parts | {"kg_m3": 0.0 * quiet.kg_m3})
    there, elsewhere = TRUE, TRUE + np.array([0.0, 400.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    likely = [float(log_likelihoods(rows, PLUME, silent, Errors())[1][0]) for rows in (there, elsewhere)]
    assert likely[1] > likely[0] + 5.0


def test_a_saturated_sensor_says_at_least():
    more = TRUE + np.log(5.0) * (np.arange(PARTS) == Part.LOG_RATE)
    lost = []
    for readings in (sensors(), sensors(full=1e-6)):
        truth, above = (float(log_likelihoods(rows, PLUME, readings, Errors())[1][0]) for rows in (TRUE, more))
        lost.append(truth - above)
    assert lost[1] < 0.8 * lost[0]


def test_a_biased_sensor_is_forgiven():
    readings = sensors(8)
    parts = {name: getattr(readings, name) for name in readings.__dataclass_fields__}
    off = Readings(**parts | {"kg_m3": readings.kg_m3 * np.where(np.arange(8) < 4, 3.0, 1.0)})
    strict, lenient = (float(log_likelihoods(TRUE, PLUME, off, Errors(bias=bias))[1][0]) for bias in (0.0, 0.7))
    assert lenient > strict


@settings(deadline=None, max_examples=20)
@given(st.floats(-500.0, 500.0), st.floats(-500.0, 500.0), st.floats(2.0, 50.0), st.integers(0, 99))
def test_regions_hold_what_they_say(east, north, spread, seed):
    places = np.random.default_rng(seed).normal([east, north], spread, (2_000, 2))
    found = density(places)
    held = np.mean([found.holds(0.9, *place) for place in places])
    assert 0.88 <= held <= 0.96  # smoothing widens them a little, most where the cells are as wide as the spread
    assert np.hypot(found.best[0] - east, found.best[1] - north) < spread


def test_outlines_are_closed_and_short():
    found = density(np.random.default_rng(5).normal(0.0, 20.0, (2_000, 2)))
    rings = outlines(found.east_m, found.north_m, found.share >= found.level(0.5))
    assert rings
    assert all(ring[0] == ring[-1] and 4 <= len(ring) <= 72 for ring in rings)
