"""Maps from OpenStreetMap: real extracts whole, hand-made ones to the point."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.city.coast import sea
from tocsin.city.heights import assumed_heights_m, known_height_m, metres
from tocsin.city.osm import import_map
from tocsin.city.osm_rules import bearing_of
from tocsin.model import BadInput

DATA = Path(os.environ.get("TOCSIN_DATA", Path(__file__).parents[3] / "shared" / "data"))

TOWN = """<?xml version="1.0"?><osm version="0.6">
<node id="1" lat="60.0" lon="24.0"/><node id="2" lat="60.0" lon="24.001"/>
<node id="3" lat="60.001" lon="24.001"/><node id="4" lat="60.001" lon="24.0"/>
<node id="5" lat="60.0005" lon="24.0005">
 <tag k="man_made" v="surveillance"/><tag k="camera:direction" v="SE"/></node>
<node id="6" lat="60.0015" lon="24.0005"><tag k="man_made" v="surveillance"/></node>
<way id="1"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="4"/><nd ref="1"/>
 <tag k="building" v="office"/><tag k="building:levels" v="5"/></way>
<way id="2"><nd ref="1"/><nd ref="5"/><tag k="highway" v="footway"/><tag k="name" v="Polku"/></way>
<way id="3"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="1"/><tag k="building" v="church"/></way>
</osm>"""


def extract(name):
    path = DATA / "osm" / f"{name}.osm.pbf"
    if not path.exists():
        reason = f"{path} is absent: set TOCSIN_DATA to the folder of recorded data"
        (pytest.fail if os.environ.get("TOCSIN_REQUIRE_ALL") == "1" else pytest.skip)(reason)
    return path


@pytest.fixture
def town(tmp_path):
    path = tmp_path / "town.osm"
    path.write_text(TOWN)
    return import_map(path)


def test_heights_are_counted_or_assumed_and_marked(town):
    office, church = (f.properties for f in town.buildings.features)
    assert (office["height_m"], office["assumed"]) == (16.0, False)
    assert (church["height_m"], church["assumed"]) == (19.2, True)


def test_cameras_keep_their_direction_and_are_named_by_the_street(town):
    aimed, unaimed = (f.properties for f in town.cameras.features)
    assert (aimed["id"], aimed["direction"], aimed["name"]) == ("cam-5", 135.0, "Polku 1")
    assert unaimed["direction"] is None


def test_streets_know_who_may_use_them(town):
    assert town.roads.features[0].properties == {"class": "footway", "pedestrian": True, "name": "Polku"}


def test_a_clip_cuts(tmp_path):
    path = tmp_path / "town.osm"
    path.write_text(TOWN)
    cut = import_map(path, (24.0, 60.0, 24.0004, 60.0004))
    assert len(cut.cameras.features) == 0
    assert max(lon for f in cut.buildings.features for lon, _ in f.geometry.coordinates[0]) <= 24.0004


def test_what_is_no_extract_is_refused(tmp_path):
    bad = tmp_path / "bad.osm.pbf"
    bad.write_bytes(b"not a map")
    with pytest.raises(BadInput, match=r"bad\.osm\.pbf"):
        import_map(bad)
    with pytest.raises(BadInput):
        import_map(tmp_path / "absent.osm.pbf")


@pytest.mark.parametrize(("name", "cameras", "buildings"), [("helsinki", 221, 400), ("monaco", 10, 1000)])
def test_real_extracts_are_read_whole(name, cameras, buildings):
    found = import_map(extract(name))
    assert len(found.cameras.features) == cameras
    assert len(found.buildings.features) > buildings
    assert all(f.properties["height_m"] > 0 for f in found.buildings.features)
    assert any(f.properties["kind"] == "sea" for f in found.water.features)
    assert len(found.roads.features) > 500


def test_the_sea_is_right_of_the_coast():
    northward = [[(0.5, -1.0), (0.5, 2.0)]]
    (water,) = sea(northward, (0.0, 0.0, 1.0, 1.0))
    assert water.bounds == (0.5, 0.0, 1.0, 1.0)
    (other,) = sea([[(0.5, 2.0), (0.5, -1.0)]], (0.0, 0.0, 1.0, 1.0))
    assert other.bounds == (0.0, 0.0, 0.5, 1.0)


def test_a_coast_that_stops_within_the_box_is_drawn_on():
    (water,) = sea([[(0.5, 0.2), (0.5, 0.8)]], (0.0, 0.0, 1.0, 1.0))
    assert water.area == pytest.approx(0.5)


def test_an_island_in_open_water():
    island = [[(0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.4, 0.6), (0.4, 0.4)]]
    (water,) = sea(island, (0.0, 0.0, 1.0, 1.0))
    assert water.area == pytest.approx(0.96)


@given(st.text())
def test_odd_tags_never_break_the_import(text):
    assert metres(text) is None or metres(text) > 0
    bearing = bearing_of(text)
    assert bearing is None or 0 <= bearing < 360
    assert known_height_m({"height": text, "building:levels": "2"}) is not None


def test_enough_tagged_buildings_replace_the_table():
    assert assumed_heights_m([("office", 30.0)] * 5)["office"] == 30.0
    assert assumed_heights_m([("office", 30.0)] * 4)["office"] != 30.0
