"""SAPIENT: framing in any pieces, rules read from the definitions and agreed with by another validator, places."""

import contextlib
import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sapient_msg_pydantic.bsi_flex_335_v2_0.sapient_message import SapientMessage as OtherMessage

from tocsin.formats import sapient
from tocsin.model import BadInput, Place, distance_m, offset_m

NODE = "a8654cdf-4328-47de-81fa-c495589e30c9"
AT = 1_790_000_000.25
ULID = "01GGYFBAXGDG7AGAHRZ6XSNY12"
HERE = sapient.at_lon_lat(24.94, 60.17, 5.0, 12.0)
ROLE = sapient.Role(name="Gate 4", type="CHEMICAL", classes=("Chlorine",), values={"concentration": "ppm"})

SAID = {
    "registration": sapient.registration(ROLE),
    "registration without classes": sapient.registration(sapient.Role(name="T", type="FUSION_NODE")),
    "accepted": sapient.accepted(),
    "declined": sapient.declined(["registration.icd_version: unknown"]),
    "status": sapient.status(ULID, location=HERE),
    "detection": sapient.detection(ULID, ULID, HERE, [("Chlorine", 0.8)], {"concentration": "4.2"}),
    "task": sapient.task(ULID, {"look_at": {"location_list": {"locations": [HERE]}}}, name="look"),
    "task answer": sapient.task_answer(ULID, "accepted", ["It looks."]),
    "alert seen": sapient.alert_seen(ULID),
    "error": sapient.error(b"\x00\x01", ["timestamp: mandatory, and not set"]),
}


def said(content, **envelope):
    return sapient.message(NODE, AT, content, **envelope)


def wrong(content, change):
    """The problems of a message after a change that nobody checked."""
    message = said(content)
    change(message)
    return sapient.problems(message)


@given(st.lists(st.binary(max_size=300), max_size=8), st.data())
def test_messages_come_whole_however_their_bytes_were_split(messages, data):
    stream = b"".join(sapient.frame(one) for one in messages)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    frames, heard = sapient.Frames(), []
    for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        heard += frames.feed(stream[begin:end])
    assert heard == messages
    assert frames.waiting == 0


def test_a_length_of_two_gigabytes_is_refused_after_what_came_before_it():
    frames = sapient.Frames()
    heard = frames.feed(sapient.frame(b"whole") + b"\xff\xff\xff\x7f")
    assert next(heard) == b"whole"
    with pytest.raises(sapient.Oversized, match="2147483647 bytes"):
        next(heard)
    with pytest.raises(sapient.Oversized):
        sapient.frame(b"\0" * (sapient.FRAME_BYTES_MAX + 1))


@pytest.mark.parametrize("name", SAID)
def test_what_we_say_is_read_again_and_another_validator_agrees(name):
    message = said(SAID[name], to=NODE)
    assert sapient.decode(sapient.encode(message)) == message
    OtherMessage.from_pb2(message).to_pb2()


@pytest.mark.parametrize(
    ("content", "change", "problem"),
    [
        ("status", lambda m: m.ClearField("timestamp"), "timestamp: mandatory, and not set"),
        ("status", lambda m: setattr(m, "node_id", "gate-4"), "node_id: not a UUID"),
        ("status", lambda m: m.status_report.ClearField("mode"), "status_report.mode: mandatory, and not set"),
        ("status", lambda m: setattr(m.status_report, "mode", ""), "status_report.mode: mandatory, and empty"),
        ("status", lambda m: setattr(m.status_report, "system", 99), "status_report.system: 99 is no value of System"),
        ("status", lambda m: setattr(m.status_report, "system", 0), "status_report.system: mandatory, and unspecified"),
        ("status", lambda m: m.ClearField("status_report"), "registration or registration_ack or"),
        (
            "detection",
            lambda m: setattr(m.detection_report, "object_id", "7"),
            "detection_report.object_id: not a ULID",
        ),
        (
            "detection",
            lambda m: setattr(m.detection_report, "detection_confidence", 1.5),
            "detection_report.detection_confidence: 1.5 is not between 0 and 1",
        ),
        (
            "detection",
            lambda m: m.detection_report.ClearField("location"),
            "detection_report.range_bearing or location",
        ),
        ("detection", lambda m: setattr(m.detection_report.location, "y", 91), "detection_report.location.y: 91 is no"),
        (
            "detection",
            lambda m: setattr(m.detection_report.location, "x", float("nan")),
            "detection_report.location.x: no finite number",
        ),
        (
            "detection",
            lambda m: setattr(m.detection_report.classification[0], "type", ""),
            "detection_report.classification[0].type: mandatory, and empty",
        ),
        (
            "detection",
            lambda m: setattr(m.detection_report.location, "coordinate_system", 5),
            "detection_report.location.utm_zone: UTM needs its zone",
        ),
    ],
)
def test_an_error_names_the_offending_field(content, change, problem):
    assert [one for one in wrong(SAID[content], change) if one.startswith(problem)]


def test_bytes_that_are_no_message_are_refused_with_a_reason():
    with pytest.raises(sapient.Unfit, match="no SapientMessage"):
        sapient.decode(b"\xff\xff\xff")


@given(st.binary(max_size=200))
def test_no_bytes_do_anything_but_read_or_be_refused(raw):
    with contextlib.suppress(sapient.Unfit):
        assert sapient.problems(sapient.decode(raw)) == []


def _others_opinion(message):
    try:
        OtherMessage.from_pb2(message).to_pb2()
    except ValueError:
        return False
    return True


@settings(max_examples=150)
@given(st.sampled_from(sorted(SAID)), st.data())
def test_whatever_is_taken_away_both_validators_miss_it_or_neither(name, data):
    message = said(SAID[name])
    path = []
    part = message
    while True:
        field, value = data.draw(st.sampled_from(part.ListFields()))
        path.append(field.name)
        inner = value if field.message_type and not field.is_repeated else None
        if inner is None or not inner.ListFields() or data.draw(st.booleans()):
            part.ClearField(field.name)
            break
        part = inner
    if "timestamp" in path[1:] or path[-1] in ("seconds", "nanos"):
        return  # a moment without its seconds is 1970, not absent
    found = [one for one in sapient.problems(message) if "utm_zone" not in one]
    assert bool(found) != _others_opinion(message), (path, found)


def recorded():
    folder = Path(os.environ.get("TOCSIN_DATA", "../shared/data")) / "sapient"
    found = sorted(folder.rglob("Default.*.json"))
    if not found:
        if os.environ.get("TOCSIN_REQUIRE_ALL") == "1":
            pytest.fail(f"{folder} is needed: set TOCSIN_DATA to the folder of recorded data.")
        pytest.skip(f"no {folder}: set TOCSIN_DATA to the folder of recorded data")
    return found


def test_the_messages_of_the_test_harness_are_sound():
    for path in recorded():
        message = sapient.of_json(path.read_bytes())
        assert sapient.problems(message) == [], path.name
        assert sapient.decode(sapient.encode(message)) == message
        assert json.loads(sapient.to_json(message))


def test_published_positions_of_utm_are_found():
    lon, lat = sapient.lon_lat("17T", 630_084.30, 4_833_438.59)
    assert (lon, lat) == (pytest.approx(-79.387139, abs=1e-6), pytest.approx(43.642567, abs=1e-6))
    assert sapient.utm(-79.387139, 43.642567)[0] == "17T"


@given(st.floats(-179.9, 179.9), st.floats(-79.9, 83.9))
def test_utm_there_and_back(lon, lat):
    again = sapient.lon_lat(*sapient.utm(lon, lat))
    assert distance_m(Place(lon=lon, lat=lat), Place(lon=again[0], lat=again[1])) < 0.01


@pytest.mark.parametrize(("easting", "northing"), [(51.17, -1.82), (24.94, 60.17), (2e6, 5e6)])
def test_degrees_are_no_easting(easting, northing):
    with pytest.raises(BadInput, match="no easting"):
        sapient.lon_lat("30U", easting, northing)


def polar(**told):
    fields = {"coordinate_system": "RANGE_BEARING_COORDINATE_SYSTEM_DEGREES_M", "datum": "RANGE_BEARING_DATUM_TRUE"}
    content = {"detection_report": {"report_id": ULID, "object_id": ULID, "range_bearing": {**fields, **told}}}
    return said(content).detection_report.range_bearing


@given(st.floats(0, 359.9), st.floats(10, 5_000))
def test_a_range_and_bearing_lead_where_they_say(azimuth, distance):
    here = Place(lon=24.94, lat=60.17, radius_m=5.0)
    spot = sapient.spot_from(polar(azimuth=azimuth, range=distance, azimuth_error=1.0, range_error=3.0), here)
    east, north = offset_m(here, spot.place)
    assert (east**2 + north**2) ** 0.5 == pytest.approx(distance, rel=1e-3)
    assert spot.covariance.sd_max_m() >= 3.0


def test_a_bearing_alone_has_no_place_and_a_platform_bearing_no_bearing():
    here = Place(lon=24.94, lat=60.17)
    assert sapient.spot_from(polar(azimuth=10.0), here) is None
    assert sapient.bearing_deg(polar(azimuth=10.0, azimuth_error=1.5), here) == (10.0, 1.5)
    with pytest.raises(BadInput, match="heading"):
        sapient.bearing_deg(polar(azimuth=10.0, datum="RANGE_BEARING_DATUM_PLATFORM"), here)


def test_kilometres_and_radians_are_the_same_place():
    here = Place(lon=24.94, lat=60.17)
    metres = sapient.spot_from(polar(azimuth=90.0, range=1_500.0), here)
    other = polar(azimuth=1.5707963267948966, range=1.5, coordinate_system="RANGE_BEARING_COORDINATE_SYSTEM_RADIANS_KM")
    assert distance_m(metres.place, sapient.spot_from(other, here).place) < 0.01
