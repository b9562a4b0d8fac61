"""Remote ID: read to the bit as the standard lays it out, written and read alike, and never broken by any bytes."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.formats import remote_id
from tocsin.formats.remote_id import BasicId, LocationVector, Other, SystemInfo, decode, encode
from tocsin.model import BadInput

# Put together by hand, byte by byte, from the tables of the standard: type 1, version 2; airborne (2), height over
# take-off, direction east-west bit set (2), speed in quarters; 215° - 180 = 35; 12.25 m/s; -1.5 m/s;
# 60.1699°, 24.9384° times 10^7; unknown pressure altitude; 95.5 m, 60.0 m as (x + 1000) * 2; accuracies 5 and 11;
# 1234.5 s after the hour.
LOCATION = bytes.fromhex("12222331fdb832dd23404cdd0e00008f0848085b0039300000")
BASIC = bytes.fromhex("0212") + b"1596F0123456789".ljust(20, b"\0") + bytes(3)
SYSTEM = bytes.fromhex("42050000000000000000010000000000001200000000000000")
OPERATOR = bytes.fromhex("5200") + b"FIN87astrdge12k8".ljust(20, b"\0") + bytes(3)


def test_every_field_of_a_place_is_where_the_standard_says():
    (told,) = decode(LOCATION)
    assert told == LocationVector(
        state="airborne",
        lon=24.9384,
        lat=60.1699,
        within_m=3.0,
        direction_deg=215.0,
        speed_m_s=12.25,
        climb_m_s=-1.5,
        altitude_m=95.5,
        height_m=60.0,
        height_within_m=3.0,
        since_hour_s=1234.5,
    )
    assert encode(told) == LOCATION


def test_a_pack_holds_all_and_the_operator_is_not_read():
    told = decode(remote_id.pack(BASIC, LOCATION, SYSTEM, OPERATOR))
    assert told[0] == BasicId(id="1596F0123456789", type="helicopter or multirotor")
    assert told[2:] == (SystemInfo(aircraft=1, category="open"), Other(kind="operator-id"))
    assert "FIN87" not in repr(told)


def test_what_is_not_known_is_none():
    unknown = encode(LocationVector())
    assert decode(unknown) == (LocationVector(),)
    assert (unknown[1] & 3, unknown[2], unknown[3], unknown[4]) == (3, 181, 255, 126)


half = st.integers(-1_990, 60_000).map(lambda n: n / 2)
places = st.builds(
    LocationVector,
    state=st.sampled_from(["undeclared", "on the ground", "airborne", "emergency"]),
    lon=st.integers(1, 1_800_000_000).map(lambda n: n / 1e7),
    lat=st.integers(-900_000_000, 900_000_000).map(lambda n: n / 1e7),
    within_m=st.sampled_from([None, 30.0, 10.0, 3.0, 1.0]),
    direction_deg=st.integers(0, 359).map(float) | st.none(),
    speed_m_s=st.integers(0, 255).map(lambda n: n / 4)
    | st.integers(1, 254).map(lambda n: 63.75 + 0.75 * n)
    | st.none(),
    climb_m_s=st.integers(-124, 124).map(lambda n: n / 2) | st.none(),
    altitude_m=half,
    pressure_altitude_m=half,
    height_m=half,
    height_within_m=st.sampled_from([None, 10.0, 3.0]),
    over_ground=st.booleans(),
    since_hour_s=st.integers(0, 36_000).map(lambda n: n / 10) | st.none(),
)


@given(places)
def test_what_is_written_is_read_again(told):
    assert decode(encode(told)) == (told,)


@given(
    st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=1, max_size=20), st.sampled_from(["aeroplane", "other"])
)
def test_ids_are_read_again(id, type):
    assert decode(encode(BasicId(id=id, type=type))) == (BasicId(id=id, type=type),)


@given(st.binary(max_size=260))
def test_no_bytes_do_anything_but_read_or_be_refused(raw):
    with contextlib.suppress(BadInput):
        assert decode(raw)


@pytest.mark.parametrize(
    "raw",
    [b"", LOCATION[:-1], b"\x72" + LOCATION[1:], b"\xf2\x19\x0a" + LOCATION * 10, b"\xf2\x19\x02" + LOCATION],
    ids=["nothing", "cut", "unknown type", "too many", "fewer than told"],
)
def test_what_is_none_is_refused(raw):
    with pytest.raises(BadInput):
        decode(raw)


def test_a_pack_in_a_pack_is_refused():
    with pytest.raises(BadInput, match="within a pack"):
        decode(remote_id.pack(b"\xf2\x19\x01" + bytes(22)))
