"""`tocsin add camera` and `tocsin policy report`: nothing starts without its record, and the record is a page."""

import pytest

from tocsin.app.config import load_settings
from tocsin.app.footage import camera_named, is_clip
from tocsin.city.context import City
from tocsin.contract.camera_views import Views
from tocsin.model import ConfigError, Level, Place

RECORD = {
    "--place-name": "Main Hall",
    "--purpose": "Safety of people in the hall.",
    "--legal-basis": "Art. 6(1)(e) GDPR with an example act.",
    "--controller": "City of Example.",
    "--notice": "Cameras watch this hall; nobody is recognised.",
}


def told(**but):
    given = {**RECORD, **{f"--{name.replace('_', '-')}": value for name, value in but.items()}}
    return [part for name, value in given.items() if value for part in (name, value)]


@pytest.fixture
def clip(tmp_path):
    path = tmp_path / "Hall East.avi"
    path.write_bytes(b"RIFF....AVI ")
    return path


def test_a_camera_is_written_with_record_register_and_input(tocsin, city, clip):
    assert tocsin("add", "camera", clip, "--city", city, "--no-look", *told()).status == 0
    plan = load_settings(city).inputs["hall-east"]
    assert (plan.kind, plan.parameters["source"]) == ("camera.video", "hall-east")
    town = City.load(city / "city")
    assert town.sensors["hall-east"].level_max is Level.REDACTED
    assert town.processing_of("hall-east").purpose == RECORD["--purpose"]
    assert Views(town).of("hall-east").missing == ()


@pytest.mark.parametrize("left_out", ["purpose", "legal_basis", "controller", "notice", "place_name"])
def test_what_the_law_asks_is_asked(tocsin, city, clip, left_out):
    said = tocsin("add", "camera", clip, "--city", city, "--no-look", *told(**{left_out: ""}))
    assert isinstance(said.error, ConfigError)
    assert f"--{left_out.replace('_', '-')}" in str(said.error)
    assert load_settings(city).inputs == {}


def test_the_second_camera_of_the_only_place_is_not_asked_again(tocsin, city, clip):
    tocsin("add", "camera", clip, "--city", city, "--no-look", *told())
    assert tocsin("add", "camera", "rtsp://192.0.2.1/live", "--city", city, "--no-look").status == 0
    town = City.load(city / "city")
    assert len(town.processing) == 1
    assert town.processing_of("camera-1").id == "main-hall"


def test_longer_than_72_hours_needs_a_reason(tocsin, city, clip):
    said = tocsin("add", "camera", clip, "--city", city, "--no-look", "--retention-h", 100, *told())
    assert "retention_reason" in str(said.error)


def test_a_password_is_kept_apart_from_the_configuration(tocsin, city, tmp_path):
    secret = tmp_path / "password"
    secret.write_text("hush-hush\n")
    signed = ("--user", "viewer", "--password-file", secret)
    tocsin("add", "camera", "rtsp://192.0.2.1/live", "--city", city, "--no-look", *signed, *told())
    assert load_settings(city).inputs["camera-1"].parameters["secret"] == "camera-camera-1"
    assert "hush-hush" not in (city / "tocsin.yaml").read_text()


def test_a_calibrated_camera_has_a_coverage_that_nobody_assumed(tocsin, city):
    pose = ("--height-m", 6, "--tilt-deg", 25, "--field-deg", 60, "--bearing-deg", 90)
    tocsin("add", "camera", "rtsp://192.0.2.1/live", "--city", city, "--no-look", *pose, *told())
    reach = City.load(city / "city").sensors["camera-1"].coverage
    assert reach.bearing_deg == pytest.approx(90, abs=2)
    assert "bearing_deg" not in reach.assumed


def test_the_report_is_a_page_per_place_read_from_what_is_in_force(tocsin, city, clip):
    tocsin("add", "camera", clip, "--city", city, "--no-look", *told())
    page = tocsin("policy", "report", city).text
    for words in (*RECORD.values(), "hall-east", "Policy `standard@", "vision.loitering", "72 h", "face recognition"):
        assert words in page


def test_a_camera_without_a_record_is_named_by_report_and_check(tocsin, city, clip):
    tocsin("add", "camera", clip, "--city", city, "--no-look", *told())
    (city / "city" / "processing.yaml").write_text("[]\n")
    assert "hall-east" in tocsin("policy", "report", city).text
    said = tocsin("check-config", city)
    assert said.status == 1
    assert "hall-east does not start" in said.text


def test_clips_are_known_by_their_first_bytes(tmp_path, clip):
    log = tmp_path / "eve.json"
    log.write_text('{"event_type": "alert"}\n')
    assert is_clip(clip)
    assert not is_clip(log)
    assert not is_clip(tmp_path / "absent.mp4")


def test_a_replayed_camera_keeps_its_set_up_and_may_be_looked_at_masked():
    town = camera_named(City.empty("Town", Place(lon=24.9, lat=60.1)), "cam-9")
    assert town.sensors["cam-9"].level_max is Level.REDACTED
