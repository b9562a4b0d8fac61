"""Intake: routes by filter, identities that survive redelivery and reboot, one bad value spoils no other."""

import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.contract.intake import (
    Arrival,
    Routes,
    line_taken,
    mapping_named,
    message_taken,
    ndjson_taken,
    topic_matches,
)
from tocsin.contract.resources import Resources
from tocsin.model import BadInput, ConfigError

VALUE = {"path": "cl2_ppm", "quantity": "concentration", "substance": "chlorine", "unit": "ppm"}
OTHER = {**VALUE, "path": "nh3_ppm", "substance": "ammonia"}
NUMBERED = {"time": "t", "seq": "n", "boot": "boot", "values": [VALUE]}
BARE = {"values": [VALUE]}
ARRIVAL = Arrival(at=1767225600.0, via="mqtt")


def taken(mapping, payload, at=ARRIVAL.at, topic="gas/g1"):
    routes = Routes({"gas/+": "m"}, {"m": mapping}, Resources())
    return message_taken(routes, topic, json.dumps(payload).encode(), Arrival(at=at, via="mqtt"))


def identity(mapping, payload, **more):
    [reading] = taken(mapping, payload, **more).readings
    return reading.source, reading.boot, reading.seq


@pytest.mark.parametrize(
    ("filter", "topic", "covered"),
    [
        ("a/b", "a/b", True),
        ("a/b", "a/b/c", False),
        ("a/+", "a/b", True),
        ("a/+", "a", False),
        ("+/b", "a/b", True),
        ("a/#", "a/b/c", True),
        ("a/#", "a", True),
        ("#", "a/b", True),
        ("#", "$SYS/x", False),
        ("+/x", "$SYS/x", False),
        ("a//b", "a//b", True),
    ],
)
def test_filters_cover_topics_as_the_standard_says(filter, topic, covered):
    assert topic_matches(filter, topic) == covered


@pytest.mark.parametrize("filter", ["", "a/#/b", "a+", "a/b#", "#/a"])
def test_a_filter_that_is_none_is_refused(filter):
    with pytest.raises(ConfigError, match="Topic filter"):
        Routes({filter: "readings"}, {}, Resources())


def test_the_first_route_that_covers_a_topic_reads_it():
    routes = Routes({"a/b": "m", "a/#": "readings"}, {"m": BARE}, Resources())
    assert routes.reader("a/b").mapping.values[0].path == "cl2_ppm"
    assert len(routes.reader("a/c").mapping.values) > 1
    assert routes.reader("b") is None


def test_an_absent_mapping_is_said():
    with pytest.raises(ConfigError, match="nonesuch"):
        mapping_named("nonesuch", {}, Resources())


def test_a_device_that_numbers_is_believed():
    assert identity(NUMBERED, {"t": 5, "n": 7, "boot": "b2", "cl2_ppm": 1}) == ("g1", "b2", 7)


def test_a_number_without_boot_counter_is_not_trusted_to_go_on_forever():
    mapping = {**NUMBERED, "boot": None}
    before = identity(mapping, {"t": 5, "n": 7, "cl2_ppm": 1})
    after_reboot = identity(mapping, {"t": 9, "n": 7, "cl2_ppm": 1})
    assert before != after_reboot


def test_device_time_recognises_a_repeat_whenever_it_arrives():
    mapping, payload = {**BARE, "time": "t"}, {"t": 5.5, "cl2_ppm": 1}
    assert identity(mapping, payload, at=100.0) == identity(mapping, payload, at=200.0)


def test_two_messages_of_one_millisecond_differ():
    mapping = {**BARE, "time": "t"}
    assert identity(mapping, {"t": 5.5, "cl2_ppm": 1}) != identity(mapping, {"t": 5.5, "cl2_ppm": 2})


def test_with_neither_time_nor_number_a_repeat_counts_twice():
    payload = {"cl2_ppm": 1}
    assert identity(BARE, payload, at=100.0) != identity(BARE, payload, at=100.5)


def test_every_value_of_a_message_has_its_own_numbering():
    mapping = {**NUMBERED, "values": [VALUE, OTHER]}
    found = taken(mapping, {"t": 5, "n": 7, "boot": "b", "cl2_ppm": 1, "nh3_ppm": 2}).readings
    assert [(reading.boot, reading.seq) for reading in found] == [("b:cl2_ppm", 7), ("b:nh3_ppm", 7)]


def test_a_topic_without_route_is_rejected_and_a_condition_passes_over():
    assert "No route" in taken(BARE, {}, topic="other").rejected[0][1]
    conditional = {**BARE, "when": [{"path": "type", "one_of": ["end"]}]}
    assert taken(conditional, {"type": "new", "cl2_ppm": 1}).passed_over == 1


def test_lines_are_taken_in_order_and_blank_ones_left_out():
    reader = mapping_named("readings", {}, Resources())
    found = list(ndjson_taken(reader, b'\n{"source":"a","cps":1}\r\n\noops\n', ARRIVAL))
    assert [(len(one.readings), len(one.rejected)) for one in found] == [(1, 0), (0, 1)]


@given(st.binary())
@settings(deadline=None)
def test_any_line_is_taken_or_rejected(raw):
    found = line_taken(mapping_named("readings", {}, Resources()), raw, ARRIVAL)
    assert bool(found.readings) or [bytes_in for bytes_in, _ in found.rejected] == [raw]


@given(st.integers(0, 2**62 - 1), st.floats(0, 2.5e11))
@settings(deadline=None)
def test_numbers_fit_a_signed_integer_of_64_bits(n, at):
    with suppress(BadInput):
        for one in taken({**NUMBERED, "boot": None}, {"t": at, "n": n, "cl2_ppm": 1}).readings:
            assert 0 <= one.seq < 2**63
