"""GeoJSON: points and areas as RFC 7946 wants them."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.formats import geojson
from tocsin.model import BadInput, Extent, Place

SQUARE = ((24.0, 60.0), (25.0, 60.0), (25.0, 61.0), (24.0, 61.0))


def test_a_place_is_a_point_with_what_is_known_of_it():
    found = geojson.feature(Place(lon=24.12345678, lat=60.1, radius_m=5, name="Gate 4", floor=2), id="g1")
    assert found == {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [24.123457, 60.1]},
        "properties": {"radius_m": 5, "name": "Gate 4", "floor": 2, "id": "g1"},
    }


@pytest.mark.parametrize("ring", [SQUARE, SQUARE[::-1], (*SQUARE, SQUARE[0])])
def test_a_ring_is_closed_and_counterclockwise(ring):
    [found] = geojson.polygon(ring)["coordinates"]
    assert found[0] == found[-1]
    assert len(found) == 5
    assert sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(found)) > 0


@given(st.lists(st.tuples(st.floats(-180, 180), st.floats(-90, 90)), max_size=2))
@settings(deadline=None)
def test_less_than_a_triangle_is_no_area(ring):
    with pytest.raises(BadInput, match="three corners"):
        geojson.polygon(ring)


def test_features_are_collected_in_order():
    features = [geojson.feature(Place(lon=n, lat=0), n=n) for n in range(3)]
    assert [one["properties"]["n"] for one in geojson.collection(features)["features"]] == [0, 1, 2]


def test_an_extent_keeps_its_outlines_and_what_is_said_of_it():
    ring = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 0.0))
    found = geojson.extent_feature(Extent(kind="footprint", label="AEGL-2", rings=(ring, ring), people=12))
    assert [len(outline[0]) for outline in found["geometry"]["coordinates"]] == [4, 4]
    assert found["properties"] == {"kind": "footprint", "label": "AEGL-2", "people": 12}
