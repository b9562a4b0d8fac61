"""A city answers where, who, what and who would have seen it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tocsin.city.citymap import CityMap, Collection, Feature, Polygon, write_map
from tocsin.city.context import City
from tocsin.city.folder import write_sensors
from tocsin.city.registry import Coverage, Sensor
from tocsin.city.zones import Zone, area_m2, grid, inside
from tocsin.model import ConfigError, NotFound, Place, SourceState, Validity, moved, offset_m

CENTRE = Place(lon=24.94, lat=60.17)
NOON = 1_790_000_000.0 // 86400 * 86400 + 12 * 3600
HELSINKI = Path(__file__).parents[2] / "content" / "cities" / "helsinki"


def ring(west_m, south_m, east_m, north_m):
    corners = [(west_m, south_m), (east_m, south_m), (east_m, north_m), (west_m, north_m), (west_m, south_m)]
    return tuple((p.lon, p.lat) for p in (moved(CENTRE, x, y) for x, y in corners))


def city_with(*sensors, buildings=(), zones=()):
    shapes = tuple(Feature(Polygon((one,)), {"kind": "yes"}) for one in buildings)
    bare = City.empty("Test", CENTRE)
    layers = CityMap(attribution="", bounds=bare.bounds, buildings=Collection(shapes))
    city = City(name="Test", centre=CENTRE, bounds=bare.bounds, map=layers, zones={z.id: z for z in zones})
    for sensor in sensors:
        city = city.with_sensor(sensor)
    return city


def camera(**coverage):
    return Sensor(
        id="cam",
        family="camera",
        name="Camera",
        place=CENTRE,
        coverage=Coverage(range_m=60, **coverage),
        sees=("intruder",),
        state=SourceState.IN_SERVICE,
        addresses=("10.0.0.9",),
    )


WALL = ring(10, -80, 14, 80)


def test_a_building_cuts_the_view_of_a_camera():
    east, west = moved(CENTRE, 30, 0), moved(CENTRE, -30, 0)
    walled = city_with(camera(bearing_deg=90.0), buildings=[WALL])
    assert walled.coverage(east, "intruder", NOON) == []
    assert city_with(camera(bearing_deg=90.0)).coverage(east, "intruder", NOON)
    assert city_with(camera(), buildings=[WALL]).coverage(west, "intruder", NOON)


def test_a_camera_does_not_see_outside_its_field():
    aimed = city_with(camera(bearing_deg=90.0, field_deg=60.0))
    assert aimed.coverage(moved(CENTRE, 30, 5), "intruder", NOON)
    assert aimed.coverage(moved(CENTRE, 5, 30), "intruder", NOON) == []


def test_an_unaimed_camera_counts_less():
    spot = moved(CENTRE, 20, 0)
    (aimed,) = city_with(camera(bearing_deg=90.0)).coverage(spot, "intruder", NOON)
    (unaimed,) = city_with(camera()).coverage(spot, "intruder", NOON)
    assert unaimed[1] == pytest.approx(aimed[1] / 4)


def test_the_viewshed_ends_at_the_wall():
    shed = city_with(camera(), buildings=[WALL]).viewshed("cam")
    easts = [offset_m(CENTRE, Place(lon=lon, lat=lat))[0] for lon, lat in shed]
    assert shed[0] == shed[-1]
    assert max(easts) == pytest.approx(10, abs=0.2)
    assert min(easts) == pytest.approx(-60, abs=0.2)


def test_a_camera_drawn_inside_its_wall_looks_outwards():
    on_wall = replace(camera(), place=moved(CENTRE, 11, 0))
    city = city_with(on_wall, buildings=[ring(10, -50, 60, 50)])
    assert city.coverage(moved(CENTRE, -10, 0), "intruder", NOON)
    assert city.coverage(moved(CENTRE, 30, 0), "intruder", NOON) == []


@pytest.mark.parametrize("state", [SourceState.STAGED, SourceState.TEST, SourceState.MAINTENANCE])
def test_only_sensors_in_service_count(state):
    assert city_with(replace(camera(), state=state)).coverage(CENTRE, "intruder", NOON) == []


def test_a_sensor_that_is_no_longer_valid_covers_nothing():
    gone = replace(camera(), validity=Validity(until=NOON - 1))
    assert city_with(gone).coverage(CENTRE, "intruder", NOON) == []


@given(st.floats(0, 100), st.floats(0, 100))
def test_coverage_never_grows_with_distance(a, b):
    near, far = sorted((a, b))
    city = city_with(replace(camera(), family="gas", sees=("toxic",)))

    def p(metres):
        return dict(city.coverage(moved(CENTRE, metres, 0), "toxic", NOON)).get("cam", 0.0)

    assert p(near) >= p(far)


SQUARE = Zone(id="sq", name="Square", ring=ring(-50, -50, 50, 50), people_by_hour=tuple([200.0] * 24))


def test_people_near_takes_the_share_of_the_zone():
    city = city_with(zones=[SQUARE])
    assert city.people_near(CENTRE, 200, NOON) == 200
    assert city.people_near(moved(CENTRE, 50, 0), 50, NOON) == pytest.approx(200 * 0.39, rel=0.15)


def test_people_near_is_unknown_where_no_zone_says():
    assert city_with().people_near(CENTRE, 100, NOON) is None
    assert city_with(zones=[SQUARE]).people_near(moved(CENTRE, 500, 0), 100, NOON) is None
    assert city_with(zones=[replace(SQUARE, people_by_hour=())]).people_near(CENTRE, 100, NOON) is None


def test_a_festival_expires():
    festival = replace(SQUARE, validity=Validity(since=NOON, until=NOON + 3600))
    city = city_with(zones=[festival])
    assert city.people_near(CENTRE, 200, NOON) == 200
    assert city.people_near(CENTRE, 200, NOON + 3600) is None


def test_the_smallest_zone_wins():
    inner = Zone(id="in", name="Inner", ring=ring(-10, -10, 10, 10))
    city = city_with(zones=[SQUARE, inner])
    assert city.zone_of(CENTRE).id == "in"
    assert city.zone_of(moved(CENTRE, 30, 0)).id == "sq"
    assert city.zone_of(moved(CENTRE, 300, 0)) is None


def test_an_address_finds_its_sensor_then_its_network():
    city = City.load(HELSINKI)
    assert city.asset_at("10.20.4.12").id == "gas-02"
    assert city.asset_at("10.20.4.200").id == "net-station"
    assert city.asset_at("192.0.2.1") is None
    assert city.asset_at("no address") is None


def test_near_gives_the_nearest_first():
    city = city_with(camera(), replace(camera(), id="b", place=moved(CENTRE, 20, 0)))
    assert [a.id for a in city.near(CENTRE, 30)] == ["cam", "b"]
    assert [a.id for a in city.near(CENTRE, 10)] == ["cam"]


def test_the_demo_city_is_whole():
    city = City.load(HELSINKI)
    families = [s.family for s in city.sensors.values()]
    assert (families.count("camera"), families.count("gas"), families.count("radiation")) == (221, 27, 16)
    assert city.attribution == "© OpenStreetMap contributors"
    assert all(s.invented for s in city.sensors.values() if s.family != "camera")
    assert all("bearing_deg" in s.coverage.assumed for s in city.sensors.values() if s.family == "camera")
    addresses = [a for s in city.sensors.values() for a in s.addresses]
    assert len(addresses) == len(set(addresses))
    served = {name for a in city.assets.values() for name in a.serves}
    assert served <= {*city.assets}


def test_an_unknown_sensor_has_no_viewshed():
    with pytest.raises(NotFound, match="No sensor"):
        city_with().viewshed("nobody")


def test_an_edited_camera_replaces_that_of_the_map(tmp_path):
    city = City.load(HELSINKI)
    edited = replace(next(s for s in city.sensors.values() if s.family == "camera"), name="Aimed by hand")
    write_map(tmp_path / "map.json", city.map)
    write_sensors(tmp_path / "sensors.yaml", [edited])
    (tmp_path / "city.yaml").write_text("name: Mine\ncentre: [24.94, 60.17]\nmap: map.json\nsensors: sensors.yaml\n")
    mine = City.load(tmp_path)
    assert mine.sensors[edited.id] == edited
    assert len(mine.sensors) == 221


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("name: [", "not right"),
        ("name: X\ncentre: [24, 60]\ntimezone: Mars/Base", "timezone"),
        ("name: X\ncentre: [24, 60]\nmap: gone.json", "gone.json"),
        ("name: X\ncentre: [24, 60]\ncolour: red", "colour"),
    ],
)
def test_a_broken_city_file_says_what_to_do(tmp_path, content, says):
    (tmp_path / "city.yaml").write_text(content)
    with pytest.raises(ConfigError, match=says):
        City.load(tmp_path)


def test_a_file_of_comments_alone_is_an_empty_list(tmp_path):
    (tmp_path / "sensors.yaml").write_text("# none yet\n")
    (tmp_path / "city.yaml").write_text("name: X\ncentre: [24, 60]\nsensors: sensors.yaml")
    assert City.load(tmp_path).sensors == {}


def test_what_a_person_aimed_is_no_longer_assumed():
    unaimed = camera(assumed=("range_m", "bearing_deg", "field_deg"))
    aimed = unaimed.aimed(-90.0, 60.0).coverage
    assert (aimed.bearing_deg, aimed.field_deg, aimed.assumed) == (270.0, 60.0, ("range_m",))


def test_a_doubled_sensor_is_refused(tmp_path):
    write_sensors(tmp_path / "sensors.yaml", [camera(), camera()])
    (tmp_path / "city.yaml").write_text("name: X\ncentre: [24, 60]\nsensors: sensors.yaml")
    with pytest.raises(ConfigError, match="appears twice"):
        City.load(tmp_path)


@given(st.floats(5, 400), st.floats(5, 400))
def test_the_grid_of_a_zone_lies_within_it(width, height):
    box = ring(0, 0, width, height)
    points = grid(box)
    assert all(inside(lon, lat, box) for lon, lat in points)
    assert area_m2(box) == pytest.approx(width * height, rel=0.01)
