"""The grid gives everything that is near, wherever it stands."""

from hypothesis import given
from hypothesis import strategies as st

from tocsin.city.nearby import Grid
from tocsin.model import Place, distance_m, moved

CENTRE = Place(lon=24.94, lat=60.17)
offsets = st.floats(-9_000, 9_000)
spots = st.tuples(offsets, offsets).map(lambda xy: moved(CENTRE, *xy))


@given(st.lists(spots, max_size=60), spots, st.floats(0, 3_000))
def test_nothing_near_is_left_out(places, place, radius_m):
    found = list(Grid(CENTRE, places, lambda one: one).around(place, radius_m))
    assert all(one in found for one in places if distance_m(place, one) <= radius_m)


def test_it_does_not_ask_everything():
    places = [moved(CENTRE, 300.0 * x, 300.0 * y) for x in range(60) for y in range(60)]
    assert len(list(Grid(CENTRE, places, lambda one: one).around(CENTRE, 300.0))) < 100


def test_what_has_no_place_is_nowhere():
    assert list(Grid(CENTRE, [1, 2], lambda _: None).around(CENTRE, 1e6)) == []
