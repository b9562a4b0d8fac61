"""CAP 1.2: what is written is valid by the OASIS schema and read back alike; what may not be sent is said."""

from contextlib import suppress
from pathlib import Path

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from msgspec.structs import replace

from tocsin.formats import cap
from tocsin.model import BadInput

SCHEMA = etree.XMLSchema(file=str(Path(__file__).parents[1] / "data" / "cap" / "CAP-v1.2.xsd"))
SQUARE = ((24.93, 60.17), (24.94, 60.17), (24.94, 60.18), (24.93, 60.18), (24.93, 60.17))
AT = 1_795_341_600.0


def info(**changed):
    base = cap.Info(
        language="en",
        categories=("CBRNE", "Health"),
        event="Toxic gas",
        response_types=("Shelter",),
        urgency="Immediate",
        severity="Severe",
        certainty="Likely",
        expires=cap.cap_time(AT + 3600),
        headline="Toxic gas near the station",
        areas=(cap.Area(description="Station", polygons=(SQUARE,)),),
    )
    return replace(base, **changed)


def alert(**changed):
    base = cap.Alert(
        identifier="a-1",
        sender="city.example",
        sent=cap.cap_time(AT),
        status="Exercise",
        msg_type="Alert",
        infos=(info(),),
    )
    return replace(base, **changed)


def everything():
    named = (cap.Named(name="n", value="v"),)
    area = cap.Area(
        description="All",
        polygons=(SQUARE, SQUARE),
        circles=(cap.Circle(lon=24.9, lat=60.1, radius_km=0.0),),
        geocodes=named,
        altitude_ft=0.0,
        ceiling_ft=300.5,
    )
    file = cap.Resource(description="Map", mime_type="image/png", size_bytes=0, uri="u", deref_uri="d", digest="0a")
    whole = info(
        audience="All",
        event_codes=named,
        effective=cap.cap_time(AT),
        onset=cap.cap_time(AT),
        sender_name="City",
        description="d",
        instruction="i",
        web="https://city.example",
        contact="112",
        parameters=named,
        resources=(file,),
        areas=(area,),
    )
    return alert(
        msg_type="Update",
        source="s",
        scope="Restricted",
        restriction="r",
        addresses=("one", "two words"),
        codes=("c", "d"),
        note="n",
        references=("city.example,a-0,2026-11-22T09:00:00-00:00",) * 2,
        incidents=("i 1", "i2"),
        infos=(whole, info(language="fi")),
    )


def reasons(**changed):
    return " ".join(cap.problems(alert(**changed), now=AT))


def area_reasons(*ring):
    return reasons(infos=(info(areas=(cap.Area(description="A", polygons=(ring,)),)),))


@pytest.mark.parametrize("message", [alert(), everything()], ids=["plain", "every element"])
def test_a_written_message_keeps_the_official_schema(message):
    SCHEMA.assertValid(etree.fromstring(cap.encode(message)))


@pytest.mark.parametrize("message", [alert(), everything()], ids=["plain", "every element"])
def test_what_is_written_is_read_back_alike(message):
    assert cap.decode(cap.encode(message)) == message


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=40).map(str.strip)
POINT = st.tuples(st.floats(-180, 180), st.floats(-90, 90)).map(lambda p: (round(p[0], 6), round(p[1], 6)))


@settings(max_examples=50, deadline=None)
@given(TEXT.filter(lambda text: "\ufffe" not in text and "\uffff" not in text), st.lists(POINT, min_size=1, max_size=8))
def test_any_text_and_ring_survive_the_way_out_and_back(text, ring):
    area = cap.Area(description="A", polygons=(tuple(ring),))
    message = alert(infos=(info(headline=text, areas=(area,)),))
    assert cap.decode(cap.encode(message)) == message


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 900))
def test_a_damaged_message_is_bad_input_and_nothing_else(junk, where):
    raw = cap.encode(alert())
    damaged = raw[:where] + junk + raw[where + len(junk) :]
    with suppress(BadInput):
        assert isinstance(cap.decode(damaged), cap.Alert)


def test_coordinates_are_written_latitude_first():
    assert b"<polygon>60.17,24.93 60.17,24.94 " in cap.encode(alert())


def test_a_sound_message_has_no_problem():
    assert cap.problems(alert(), now=AT, near=(24.9, 60.1)) == ()


def test_an_empty_language_is_american_english_and_may_come_once():
    twice = (info(language=""), info(language="en-US"))
    assert "comes twice" in reasons(infos=twice)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"identifier": "a 1"}, "identifier"),
        ({"sender": "city,example"}, "sender"),
        ({"sender": "a&b"}, "sender"),
        ({"sent": "2026-11-22T10:00:00Z"}, "without Z"),
        ({"sent": "2026-13-22T10:00:00+00:00"}, "no CAP time"),
        ({"status": "Actual"}, "only for live"),
        ({"status": "Real"}, "Not a CAP value"),
        ({"msg_type": "Update"}, "must refer"),
        ({"msg_type": "Cancel", "references": ("a-0",)}, "sender,identifier,sent"),
        ({"msg_type": "Cancel", "references": ("s,a-0,yesterday",)}, "no CAP time"),
        ({"scope": "Private"}, "needs addresses"),
        ({"scope": "Restricted"}, "needs a restriction"),
        ({"infos": ()}, "at least one info"),
        ({"infos": (info(language="in English"),)}, "no language tag"),
        ({"infos": (info(expires="2026-11-22T10:00:00Z"),)}, "expires"),
        ({"infos": (info(expires=cap.cap_time(AT - 1)),)}, "has passed"),
        ({"infos": (info(onset=cap.cap_time(AT + 9000)),)}, "after onset"),
        ({"infos": (info(effective=cap.cap_time(AT - 60)),)}, "effective lies before sent"),
        ({"infos": (info(areas=(cap.Area(description="A", ceiling_ft=3.0),)),)}, "no altitude"),
    ],
)
def test_what_may_not_be_sent_is_said(changed, said):
    assert said in reasons(**changed)


def test_check_raises_with_every_problem():
    with pytest.raises(BadInput, match=r"sender.*must refer"):
        cap.check(alert(sender="", msg_type="Update"))


def test_actual_is_allowed_for_live_facts():
    assert cap.problems(alert(status="Actual"), live=True) == ()


def test_a_polygon_is_closed_simple_and_on_earth():
    assert "at least 4" in area_reasons((0.0, 0.0), (1.0, 0.0), (0.0, 0.0))
    assert "open polygon" in area_reasons((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    assert "crosses itself" in area_reasons((0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.0, 1.0), (0.0, 0.0))
    assert "crosses itself" in area_reasons((0.0, 0.0), (2.0, 0.0), (1.0, 0.0), (0.0, 0.0))
    assert "crosses itself" in area_reasons((0.0, 0.0), (0.0, 0.0), (0.0, 0.0), (0.0, 0.0))
    assert "not on Earth" in area_reasons((0.0, 91.0), (1.0, 0.0), (1.0, 1.0), (0.0, 91.0))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=3, max_size=7, unique=True))
def test_self_crossing_is_judged_as_a_geometry_library_judges_it(corners):
    ring = tuple((float(x), float(y)) for x, y in (*corners, corners[0]))
    assert ("crosses itself" in area_reasons(*ring)) == (not shapely.is_simple(shapely.LinearRing(ring)))


def test_a_polygon_that_no_device_could_draw_is_refused():
    many = [(n / 1e4, (n % 2) / 1e4) for n in range(600)]
    assert "simplify" in area_reasons(*many, many[0])


@pytest.mark.parametrize("at", [1e300, float("inf"), float("nan"), -1e18])
def test_a_moment_beyond_the_calendar_is_bad_input(at):
    with pytest.raises(BadInput, match="calendar"):
        cap.cap_time(at)


def test_swapped_coordinates_are_noticed_near_a_known_place():
    swapped = cap.Area(description="A", polygons=(tuple((lat, lon) for lon, lat in SQUARE),))
    message = alert(infos=(info(areas=(swapped,)),))
    assert "swapped" in " ".join(cap.problems(message, near=(24.9, 60.1)))
    assert cap.problems(message) == ()


def test_advice_names_a_long_headline_and_a_missing_shape():
    said = " ".join(cap.advice(alert(infos=(info(headline="x" * 161, areas=(cap.Area(description="A"),)),))))
    assert "161 characters" in said
    assert "no shape" in said


DOCTYPE = b'<!DOCTYPE a [<!ENTITY x "y">]>'
BODY = cap.encode(alert()).partition(b"?>")[2]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (DOCTYPE + BODY, "DTD"),
        (BODY.decode().encode("utf-16"), "UTF-8"),
        (b"", "well-formed"),
        (b" " * (cap.BYTES_MAX + 1), "too long"),
        (b"<alert/>", "no CAP 1.2"),
        (BODY.replace(b"cap:1.2", b"cap:1.1"), "no CAP 1.2"),
        (BODY.replace(b"<sender>", b"<sender><b/>"), "mismatch|text only"),
        (BODY.replace(b"<scope>Public</scope>", b"<scope>Public</scope><scope>Public</scope>"), "twice"),
        (BODY.replace(b"<scope>Public</scope>", b"<colour>red</colour>"), "knows no element"),
        (BODY.replace(b"Exercise", b"Drill"), "no CAP 1.2"),
        (BODY.replace(b"60.17,24.93 ", b"60.17 "), "lat,lon"),
        (BODY.replace(b"60.17,24.93 ", b"60.17,east "), "no number"),
        (BODY.replace(b"<event>Toxic gas</event>", b""), "no CAP 1.2"),
    ],
)
def test_a_hostile_or_broken_message_is_refused_with_its_reason(raw, said):
    with pytest.raises(BadInput, match=said):
        cap.decode(raw)


def test_a_signature_is_noticed_and_not_believed():
    signature = b'<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><x/></Signature></alert>'
    assert cap.decode(BODY.replace(b"</alert>", signature)).signed


def test_a_control_character_cannot_be_written():
    with pytest.raises(BadInput, match="control"):
        cap.encode(alert(note="\x00"))
