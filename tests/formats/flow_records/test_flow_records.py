"""Argus and nfdump as rows of log conn: recorded files, states, pairs, hostile bytes."""

import os
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from struct import pack

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.formats import zeek
from tocsin.formats.flow_records import argus, nfdump
from tocsin.formats.flow_records.conn import state_of
from tocsin.model import BadInput

DATA = Path(os.environ.get("TOCSIN_DATA", Path(__file__).parents[4] / "shared" / "data"))
HEADER = "StartTime,Dur,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,State,sTos,dTos,TotPkts,TotBytes,SrcBytes,SrcPkts,Label"


def recorded(name):
    path = DATA / "slips" / name
    if not path.exists():
        reason = f"{path} is absent: set TOCSIN_DATA to the folder of recorded data"
        if os.environ.get("TOCSIN_REQUIRE_ALL") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return BytesIO(path.read_bytes())


def read(pieces):
    """The rows of pieces, as the rest of the flow reads them, and what was refused."""
    rows, refused = [], []
    for line, reason in pieces:
        if reason:
            refused.append(reason)
        else:
            rows.append(zeek.json_row("", line))
    return rows, refused


def argus_rows(*lines, header=HEADER):
    return read(argus.pieces(BytesIO("\n".join([header, *lines]).encode())))


def test_a_flow_of_argus_is_a_connection():
    line = (
        "2018/12/18 14:00:00.527012,0.699716,tcp,216.73.23.146,52798,   ->,147.32.81.58,445,S_RA,0,0,2,134,70,1,Botnet"
    )
    (row,), refused = argus_rows(line)
    assert refused == []
    assert (row["at"], row["id.orig_h"], row["id.resp_p"], row["conn_state"]) == (
        1545141600.527012,
        "216.73.23.146",
        445,
        "REJ",
    )
    assert (row["orig_pkts"], row["resp_pkts"], row["orig_ip_bytes"], row["resp_ip_bytes"]) == (1, 1, 56, 50)
    assert "Botnet" not in str(row)


@pytest.mark.parametrize(
    ("name", "count"), [("test2-malicious", 6751), ("test3-mixed", 89), ("test4-malicious", 392), ("test5-mixed", 296)]
)
def test_recorded_layouts_are_read_whole(name, count):
    rows, refused = read(argus.pieces(recorded(f"{name}.binetflow")))
    assert (len(rows), refused) == (count, [])
    assert not [row for row in rows if "flow=" in str(row)]


def test_the_recorded_scan_keeps_its_states():
    rows, refused = read(argus.pieces(recorded("test11-portscan.binetflow")))
    assert refused == []
    assert [row["conn_state"] for row in rows].count("S0") == 20


def test_columns_may_come_in_any_order_and_by_tabs():
    names = HEADER.split(",")
    line = "2019/04/04 16:24:47.000000,1,udp,10.0.0.1,5,  <->,10.0.0.2,53,CON,0,0,2,142,63,1,"
    first, *others = line.split(",")
    parts = [first, *reversed(others)]
    (row,), _ = argus_rows("\t".join(parts), header="\t".join([names[0], *reversed(names[1:])]))
    assert (row["proto"], row["conn_state"], row["id.resp_p"]) == ("udp", "SF", 53)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("a,b", "2 fields, its header 16"),
        ("when,1,udp,10.0.0.1,5,->,10.0.0.2,53,CON,0,0,2,142,63,1,", "not of its type"),
        ("2019/04/04 16:24:47.0,1,udp,anna,5,->,10.0.0.2,53,CON,0,0,2,142,63,1,", "not of its type"),
    ],
)
def test_what_is_no_flow_is_refused_without_its_content(line, reason):
    rows, (refused,) = argus_rows(line)
    assert rows == []
    assert reason in refused
    assert "anna" not in refused


def test_a_missing_column_is_named():
    _, refused = argus_rows("x,y", header="StartTime,SrcAddr")
    assert "no column Dur" in refused[0]


@pytest.mark.parametrize(
    ("orig", "resp", "state"),
    [
        *[
            ("S", "", "S0"),
            ("FSPA", "FSPA", "SF"),
            ("SRPA", "SPA", "RSTO"),
            ("SPA", "SRPA", "RSTR"),
            ("PA", "PA", "OTH"),
        ],
        *[("SPA", "SPA", "S1"), ("FSPA", "SPA", "S2"), ("SPA", "FSPA", "S3"), ("FSA", "", "SH"), ("SR", "", "RSTOS0")],
    ],
)
def test_states_by_flags(orig, resp, state):
    assert state_of("tcp", orig, resp, answered=bool(resp)) == state


def nfdump_file(*ways, version=1, flags=0):
    """A file of nfdump from (source, port, target, port, flags, first) per one-way flow."""
    records = b"".join(
        pack("<HHHHHHIIBBBBHHHH", 10, 56, 6, 0, 5, 5, at, at + 1, 0, bits, 6, 0, sport, dport, 1, 0)
        + pack("<IIQQ", source, target, 3, 200)
        for source, sport, target, dport, bits, at in ways
    )
    head = pack("<HHII", 0xA50C, version, flags, 1) + bytes(264)
    return head + pack("<IIHH", len(ways), len(records), 2, 0) + records


def test_two_ways_are_one_connection():
    raw = nfdump_file((0x0A000002, 80, 0x0A000001, 999, 0x14, 50), (0x0A000001, 999, 0x0A000002, 80, 2, 49))
    (row,), refused = read(nfdump.pieces(BytesIO(raw)))
    assert refused == []
    assert (row["id.orig_h"], row["id.resp_p"], row["conn_state"]) == ("10.0.0.1", 80, "REJ")
    assert (row["at"], row["duration"], row["orig_pkts"], row["orig_bytes"]) == (49.005, 2.0, 3, 80)


def test_one_way_alone_is_an_attempt():
    rows, _ = read(nfdump.pieces(BytesIO(nfdump_file((1, 9, 2, 80, 2, 5), (2, 80, 1, 9, 0x12, 500)))))
    assert [(row["conn_state"], row["resp_pkts"]) for row in rows] == [("S0", 0), ("OTH", 0)]


def test_the_recorded_file_is_read_whole():
    rows, refused = read(nfdump.pieces(recorded("test1-malicious.nfdump")))
    assert refused == []
    assert sum((row["orig_pkts"] > 0) + (row["resp_pkts"] > 0) for row in rows) == 4593
    assert max(row["at"] for row in rows) - min(row["at"] for row in rows) < 86_400


@pytest.mark.parametrize(("version", "flags", "reason"), [(2, 0, "layout 2"), (1, 1, "LZO or LZ4"), (1, 8, "bzip2")])
def test_other_layouts_say_what_to_do(version, flags, reason):
    rows, (refused,) = read(nfdump.pieces(BytesIO(nfdump_file((1, 9, 2, 80, 2, 5), version=version, flags=flags))))
    assert rows == []
    assert reason in refused


def test_a_file_that_breaks_off_gives_what_it_has():
    raw = nfdump_file((1, 9, 2, 80, 2, 5))
    rows, refused = read(nfdump.pieces(BytesIO(raw.replace(pack("<HII", 1, 0, 1), pack("<HII", 1, 0, 9)))))
    assert (len(rows), len(refused)) == (1, 1)


@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_are_survived(raw, within):
    head = nfdump_file()[:-12] + pack("<IIHH", 1, len(raw), 2, 0) if within else b"\x0c\xa5\x01\0"
    with suppress(BadInput):
        list(nfdump.rows(BytesIO(head + raw)))
    for line, _ in argus.pieces(BytesIO(HEADER.encode() + b"\n" + raw)):
        assert isinstance(line, bytes)
    assert msgspec.json.encode([argus.is_argus(raw), nfdump.is_nfdump(raw)])
