"""Mappings: units refused, converted and flagged; any payload read or refused; presets and proposals."""

import json
from contextlib import suppress
from functools import cache
from pathlib import Path

import msgspec
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import tocsin.contract.screening
import tocsin.contract.weather  # noqa: F401  # they register their bodies
from tocsin.contract.bodies import Concentration, Sighting
from tocsin.formats.mapping import Reader, checked, possible_units, ppm_of, propose
from tocsin.formats.mapping.declare import document_of
from tocsin.formats.mapping.units import MOLAR_MASS_G, mg_m3_of
from tocsin.model import BadInput, ConfigError, body_type

PRESETS = Path(__file__).parents[2] / "content" / "mappings"
CHLORINE = {"path": "cl2", "quantity": "concentration", "substance": "chlorine", "unit": "ppm", "max": 10}


NAMES = sorted(path.stem for path in PRESETS.glob("*.yaml"))


def mapped(payload, *values, topic="a/g1", **more):
    return Reader(checked("m", {"values": values or [CHLORINE], **more})).read(json.dumps(payload).encode(), topic)


def body(payload, *values, **more):
    [(_, document)] = mapped(payload, *values, **more).bodies
    return document


@pytest.mark.parametrize("quantity", ["concentration", "counts", "density", "wind", "quantity"])
def test_a_quantity_without_a_unit_is_refused_and_told_which_there_are(quantity):
    value = {"path": "x", "quantity": quantity, "substance": "chlorine", "dir": "d", "name": "n"}
    with pytest.raises(ConfigError) as caught:
        checked("m", {"values": [value]})
    assert "unit" in str(caught.value)
    assert all(unit in str(caught.value) for unit in possible_units(quantity))


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"values": []}, "no values"),
        ({"values": [{**CHLORINE, "quantity": "smell"}]}, "no quantity 'smell'"),
        ({"values": [{**CHLORINE, "unit": "cps"}]}, "has the unit 'cps'"),
        ({"values": [{**CHLORINE, "path": ""}]}, "no path"),
        ({"values": [{**CHLORINE, "substance": ""}]}, "needs its substance"),
        ({"values": [{**CHLORINE, "substance": "cake", "unit": "mg/m3"}]}, "give cake in ppm"),
        ({"values": [{**CHLORINE, "min": 10}]}, "less than"),
        ({"values": [{**CHLORINE, "factor": 0}]}, "factor of 0"),
        ({"values": [{**CHLORINE, "temperature_c": -300}]}, "not that of air"),
        ({"values": [{**CHLORINE, "colour": "red"}]}, "colour"),
        ({"values": [{"path": "s", "quantity": "wind", "unit": "m/s"}]}, "needs `dir`"),
        ({"values": [{"path": "s", "quantity": "contact"}]}, "needs `name`"),
        ({"values": [{"path": "s", "quantity": "air", "name": "smell"}]}, "the air has no 'smell'"),
        ({"values": [CHLORINE], "source": "topic:x"}, "topic:N"),
        ({}, "values"),
        ([], "object"),
    ],
)
def test_a_mapping_that_cannot_work_is_refused(document, reason):
    with pytest.raises(ConfigError, match=reason):
        checked("m", document)


@pytest.mark.parametrize(
    ("value", "flags"), [(5, []), (10, ["saturated"]), (10.1, ["out-of-range"]), (-0.1, ["out-of-range"])]
)
def test_a_value_beyond_its_range_is_kept_and_flagged(value, flags):
    found = body({"cl2": value})
    assert (found["ppm"], found.get("flags", []), found["range_ppm"]) == (value, flags, 10)


def test_mass_becomes_volume_at_a_stated_temperature():
    value = {**CHLORINE, "unit": "mg/m3", "temperature_c": 25, "max": None}
    found = body({"cl2": 2.9}, value)
    assert found["ppm"] == pytest.approx(1.0, rel=0.01)
    assert found["flags"] == ["converted at 25 °C, 101.325 kPa"]


@given(st.sampled_from(sorted(MOLAR_MASS_G)), st.floats(1e-6, 1e6), st.floats(-40, 60), st.floats(60, 110))
@settings(deadline=None)
def test_conversion_goes_there_and_back(substance, ppm, temperature_c, pressure_kpa):
    at = (MOLAR_MASS_G[substance], temperature_c, pressure_kpa)
    assert ppm_of(mg_m3_of(ppm, *at), *at) == pytest.approx(ppm)


@pytest.mark.parametrize(
    ("value", "payload", "expected"),
    [
        ({"quantity": "counts", "unit": "cpm"}, {"x": 120}, {"counts_per_s": 2.0}),
        (
            {"quantity": "density", "unit": "1/m2", "persons": "p"},
            {"x": 2, "p": 9},
            {"persons_per_m2": 2, "persons": 9},
        ),
        ({"quantity": "wind", "unit": "km/h", "dir": "d"}, {"x": 36, "d": 360}, {"speed_m_s": 10.0, "from_deg": 0}),
        ({"quantity": "air", "name": "cloud_share", "factor": 0.01}, {"x": 75}, {"cloud_share": 0.75}),
        ({"quantity": "quantity", "unit": "mV", "name": "u", "factor": 10}, {"x": 3}, {"value": 30, "unit": "mV"}),
        ({"quantity": "contact", "name": "door", "active": [False]}, {"x": False}, {"active": True}),
        ({"quantity": "contact", "name": "door", "active": ["open"]}, {"x": "closed"}, {"active": False}),
        ({"quantity": "alive", "active": ["online"]}, {"x": "online"}, {"online": True}),
    ],
)
def test_every_quantity_has_its_body(value, payload, expected):
    found = body(payload, {"path": "x", **value})
    assert {name: pytest.approx(found[name]) for name in expected} == expected
    assert msgspec.convert(found, body_type(found["is"]))


@pytest.mark.parametrize(
    ("payload", "reason"), [('{"cl2":"4"}', "not a number"), ('{"cl2":true}', "not a number"), ('{"cl2":[1]}', "not a")]
)
def test_a_value_that_is_no_number_is_a_problem(payload, reason):
    [problem] = Reader(checked("m", {"values": [CHLORINE]})).read(payload.encode(), "a/g1").problems
    assert reason in problem


@pytest.mark.parametrize("raw", [b'{"cl2":NaN}', b'{"cl2":Infinity}', b'{"cl2":1e999}', b'"4"', b"4", b""])
def test_what_is_no_json_object_is_refused(raw):
    with pytest.raises(BadInput):
        Reader(checked("m", {"values": [CHLORINE]})).read(raw, "a/g1")


def test_one_bad_value_spoils_no_other():
    found = mapped({"cl2": 1, "nh3": "x"}, CHLORINE, {**CHLORINE, "path": "nh3", "substance": "ammonia"})
    assert [path for path, _ in found.bodies] == ["cl2"]
    assert found.problems == ("nh3 is not a number",)


def test_absent_and_null_are_no_measurement():
    with pytest.raises(BadInput, match="none of the fields"):
        mapped({"cl2": None})


@pytest.mark.parametrize(
    "stamp",
    [1767225600, 1767225600.0, 1767225600000, 1767225600000000, 1767225600000000000,
     "2026-01-01T00:00:00Z", "2026-01-01T02:00:00+02:00", "2026-01-01T00:00:00.000000000Z"],
)  # fmt: skip
def test_times_come_in_many_forms(stamp):
    assert mapped({"cl2": 1, "t": stamp}, time="t").at == 1767225600.0


@pytest.mark.parametrize("stamp", ["2026-01-01T00:00:00", "soon", True, -1, 1e300, [], None])
def test_a_time_that_is_none_is_refused(stamp):
    with pytest.raises(BadInput, match="time"):
        mapped({"cl2": 1, "t": stamp}, time="t")


@pytest.mark.parametrize(
    ("source", "payload", "topic", "expected"),
    [
        ("topic:-1", {}, "a/b/g1", "g1"),
        ("topic:1", {}, "a/b/g1", "b"),
        ("dev.id", {"dev": {"id": 7}}, "a", "7"),
        ("ids.1", {"ids": ["x", "y"]}, "a", "y"),
        ("a.b", {"a.b": "exact", "a": {"b": "nested"}}, "a", "exact"),
    ],
)
def test_the_source_is_a_level_or_a_field(source, payload, topic, expected):
    assert mapped({"cl2": 1, **payload}, topic=topic, source=source).source == expected


@pytest.mark.parametrize(("source", "topic"), [("topic:5", "a/b"), ("topic:0", "a b/c"), ("id", "a")])
def test_a_source_that_is_none_is_refused(source, topic):
    with pytest.raises(BadInput):
        mapped({"cl2": 1}, topic=topic, source=source)


@given(st.binary(), st.text())
@settings(deadline=None)
def test_any_payload_is_read_or_refused(raw, topic):
    for name in NAMES:
        with suppress(BadInput):
            found = Reader(preset(name)).read(raw, topic)
            assert found is None or found.source


@given(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.lists(st.floats(), max_size=2)
)
@settings(deadline=None)
def test_any_value_is_read_or_refused(value):
    with suppress(BadInput):
        for _, document in mapped({"cl2": value}).bodies:
            assert isinstance(msgspec.convert(document, Concentration).ppm, float)


@cache
def preset(name):
    return checked(name, yaml.safe_load((PRESETS / f"{name}.yaml").read_text()))


def test_a_mapping_is_written_and_read_back():
    for name in NAMES:
        assert checked("again", yaml.safe_load(yaml.safe_dump(document_of(preset(name))))) == preset(name)


FRIGATE = {
    "type": "new",
    "before": {},
    "after": {
        "id": "1607123955.475377-mxklsc",
        "camera": "front_door",
        "frame_time": 1607123961.837752,
        "label": "person",
        "sub_label": ["A. Name", 0.79],
        "top_score": 0.958984375,
        "false_positive": False,
        "entered_zones": ["driveway", "yard"],
    },
}


def test_frigate_gives_a_sighting_without_the_recognised_name():
    found = Reader(preset("frigate")).read(json.dumps(FRIGATE).encode(), "frigate/events")
    [(_, document)] = found.bodies
    assert (found.source, found.at) == ("front_door", 1607123961.837752)
    assert msgspec.convert(document, Sighting) == Sighting(
        label="person", zone="yard", score=0.958984375, track="1607123955.475377-mxklsc"
    )


def test_frigate_s_false_positives_are_passed_over():
    event = {**FRIGATE, "after": {**FRIGATE["after"], "false_positive": True}}
    assert Reader(preset("frigate")).read(json.dumps(event).encode(), "frigate/events") is None


def test_zigbee2mqtt_gives_contacts_and_quantities():
    payload = b'{"battery":97,"contact":false,"linkquality":134,"voltage":3005,"temperature":21.5}'
    found = Reader(preset("zigbee2mqtt")).read(payload, "zigbee2mqtt/door-west")
    assert found.source == "door-west"
    assert [path for path, _ in found.bodies] == ["contact", "temperature", "battery", ""]
    assert found.bodies[0][1]["active"] is True


def test_chirpstack_numbers_by_frame_and_join():
    payload = {
        "time": "2026-01-01T00:00:00.5+00:00",
        "deviceInfo": {"devEui": "0102030405060708"},
        "devAddr": "00189440",
        "fCnt": 10,
        "object": {"temperature_c": 21.5},
    }
    found = Reader(preset("chirpstack")).read(json.dumps(payload).encode(), "application/1/device/x/event/up")
    assert (found.source, found.seq, found.boot, found.at) == ("0102030405060708", 10, "00189440", 1767225600.5)
    assert [path for path, _ in found.bodies] == ["object.temperature_c", ""]


def test_the_things_stack_is_told_apart_by_its_time():
    payload = {
        "end_device_ids": {"device_id": "gas-7"},
        "received_at": "2026-01-01T00:00:00.123456789Z",
        "uplink_message": {"f_port": 1, "decoded_payload": {"co_ppm": 3.5}},
    }
    found = Reader(preset("the-things-stack")).read(json.dumps(payload).encode(), "v3/app@ttn/devices/gas-7/up")
    assert (found.source, found.at) == ("gas-7", 1767225600.123456)
    assert found.bodies[0][1]["ppm"] == 3.5


def proposal(*payloads, topic="plant/gas/g1"):
    [found] = propose([(topic, json.dumps(payload).encode()) for payload in payloads])
    return found


def test_a_proposal_reads_the_messages_that_it_was_made_from():
    payload = {"t": 1767225600, "n": 5, "boot": "b", "cl2_ppm": 0.1, "nh3_mg_m3": 2, "odd": 1}
    found = proposal(payload, payload)
    assert (found.filter, found.messages, found.guesses, found.ignored) == ("plant/gas/+", 2, (), ("odd",))
    read = Reader(checked("m", document_of(found.mapping))).read(json.dumps(payload).encode(), "plant/gas/g1")
    assert (read.source, read.at, read.seq, len(read.bodies)) == ("g1", 1767225600.0, 5, 2)


def test_what_is_guessed_is_marked():
    found = proposal({"co": 3.5, "temperature": 20})
    assert any("ppm is assumed" in guess for guess in found.guesses)
    assert any("taken for °C" in guess for guess in found.guesses)
    assert any("counts twice" in guess for guess in found.guesses)


def test_known_servers_are_known_by_topic():
    found = propose([("zigbee2mqtt/door", b"{}"), ("frigate/events", b"{}"), ("frigate/events", b"{}")])
    assert [(one.preset, one.filter) for one in found] == [
        ("frigate", "frigate/events"),
        ("zigbee2mqtt", "zigbee2mqtt/+"),
    ]


@pytest.mark.parametrize("payload", [b"21.5", b"oops", b"{}", b'{"odd":1}', b'{"co":"much"}', b'{"speed":3}'])
def test_what_has_no_known_meaning_gives_no_proposal(payload):
    assert propose([("a/b", payload)]) == []


@given(st.lists(st.tuples(st.text(), st.binary())))
@settings(deadline=None)
def test_proposals_survive_any_samples(samples):
    assert all(one.messages for one in propose(samples))


@given(
    st.dictionaries(
        st.text(), st.none() | st.booleans() | st.floats() | st.text() | st.dictionaries(st.text(), st.integers())
    )
)
@settings(deadline=None)
def test_every_proposal_is_a_mapping_that_can_work(payload):
    payload = {**payload, "cl2_ppm": 1.0}
    for one in propose(
        [("a/b", json.dumps(payload, allow_nan=False, default=str).encode())] if _is_json(payload) else []
    ):
        assert checked("m", document_of(one.mapping)) == one.mapping


def _is_json(payload):
    with suppress(ValueError):
        return bool(json.dumps(payload, allow_nan=False))
    return False


BANG = {"time": "t", "seq": "n", "values": [{"path": "bang", "quantity": "impulse", "score": "p"}]}


@pytest.mark.parametrize(
    ("said", "body"),
    [
        ({"bang": 92.5}, {"level_db": 92.5}),
        ({"bang": {"crest_db": 17, "gunshot": 0.8, "other": 3}}, {"crest_db": 17.0, "scores": {"gunshot": 0.8}}),
        ({"bang": {"level_db": 80}, "p": 0.7}, {"level_db": 80.0, "scores": {"gunshot": 0.7}}),
    ],
)
def test_a_bang_that_a_microphone_measured_is_an_impulse(said, body):
    read = Reader(checked("m", BANG)).read_object({"t": 5, "n": 1, **said}, "a/mic-1")
    expected = {"is": "sound.impulse/1", **body} | ({"model": "device"} if "scores" in body else {})
    assert read.bodies == (("bang", expected),)


@pytest.mark.parametrize("said", [{"bang": "loud"}, {"bang": {"gunshot": 3}}, {"bang": {"level_db": "high"}}])
def test_a_bang_that_is_none_is_a_problem(said):
    read = Reader(checked("m", BANG)).read_object({"t": 5, "n": 1, **said}, "a/mic-1")
    assert (read.bodies, len(read.problems)) == ((), 1)


LANE = {"path": "xray", "quantity": "screening", "name": "x-ray-operator", "item": "tray", "look": "look"}


@pytest.mark.parametrize(
    ("payload", "said"),
    [({"xray": True, "tray": 7}, (True, "7", 1)), ({"xray": False, "tray": "b", "look": 2}, (False, "b", 2))],
)
def test_a_lane_says_alarm_or_none_of_each_item(payload, said):
    ((_, body),) = mapped(payload, LANE).bodies
    assert (body["alarm"], body["item"], body["look"]) == said
    assert msgspec.convert(body, body_type("screening.result/1")).device == "x-ray-operator"


def test_a_lane_that_does_not_name_its_curve_is_refused():
    with pytest.raises(ConfigError, match="name"):
        mapped({"xray": True}, {**LANE, "name": ""})


def test_counts_say_how_long_was_counted():
    ((_, body),) = mapped({"cps": 9.0}, {"path": "cps", "quantity": "counts", "unit": "cps", "counted_s": 5}).bodies
    assert (body["counts_per_s"], body["live_s"]) == (9.0, 5.0)
