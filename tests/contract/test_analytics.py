"""What each part of a picture supports follows from its pixels per metre, its record of processing and the table."""

import pytest
from msgspec.structs import replace

from tocsin.city.cameras import Pose
from tocsin.contract.analytics import Analytics, by_stature
from tocsin.contract.camera_cases import CAMERA, RECORD, city_with
from tocsin.contract.camera_views import CameraView, views
from tocsin.contract.resources import Resources
from tocsin.contract.walk import members
from tocsin.model import ConfigError, NotFound

POSE = Pose(height_m=6.0, tilt_deg=25.0, field_deg=75.0)


@pytest.fixture(scope="module")
def table():
    return Analytics.load(Resources())


def test_every_detector_at_cameras_has_a_row_that_tells_the_same_default(table):
    switched = {one.kind: one for one in members("detectors") if hasattr(one, "on_by_default")}
    assert {kind for kind in switched if kind not in table.rows} == set()
    assert {kind for kind, one in switched.items() if one.on_by_default != (table.of(kind).default == "on")} == set()


def test_nothing_that_never_is_on_by_itself_is_on(table):
    assert {kind for kind, row in table.rows.items() if row.default == "never"} == {"vision.loitering"}


def test_near_parts_support_more_than_far_ones(table):
    view = views(city_with(pose=POSE)).of(CAMERA)
    cells = table.grid(view, 4, 6)
    near, far, sky = (next(one for one in cells if one.y == pytest.approx(y)) for y in (11 / 12, 5 / 12, 1 / 12))
    assert near.pixels_per_m > far.pixels_per_m > 0
    assert set(near.kinds) > set(far.kinds)
    assert sky.pixels_per_m is None or sky.pixels_per_m < far.pixels_per_m
    assert "outline" in near.tasks


def test_what_is_refused_says_why_and_what_helps(table):
    view = views(city_with(pose=POSE)).of(CAMERA)
    said = {one.kind: one for one in table.supported(view, (0.5, 0.5))}
    assert said["vision.zone"].yes is True
    assert said["vision.weapon"].yes is False
    assert "it needs 250: zoom in" in said["vision.weapon"].because


def test_a_camera_that_is_not_placed_supports_what_nobody_knows(table):
    said = {one.kind: one.yes for one in table.supported(CameraView("cam-9"), (0.5, 0.5))}
    assert said["vision.zone"] is None
    assert said["vision.tamper"] is True


def test_the_record_of_processing_refuses_first(table):
    record = replace(RECORD, forbidden=("vision.zone",))
    view = views(city_with(pose=POSE, record=record)).of(CAMERA)
    assert next(one for one in table.supported(view, (0.5, 0.9)) if one.kind == "vision.zone").yes is False


def test_the_size_of_a_person_gives_pixels_per_metre_where_no_plane_does():
    assert by_stature(CameraView("cam-9"), "person", (0.5, 0.5, 0.55, 0.736)) == pytest.approx(100.0, abs=0.1)


def test_unknown_kinds_and_wrong_tables_say_what_to_do(table, tmp_path):
    with pytest.raises(NotFound, match=r"it knows vision\.zone"):
        table.of("vision.nothing")
    (tmp_path / "cameras").mkdir()
    (tmp_path / "cameras" / "analytics.yaml").write_text("a: {name: 3}", encoding="utf-8")
    with pytest.raises(ConfigError, match="Compare with the table that ships"):
        Analytics.load(Resources(content=tmp_path))
