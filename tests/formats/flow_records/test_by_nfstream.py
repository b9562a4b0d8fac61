"""nfstream and our own reader agree on what a capture holds."""

import importlib.util
import os
from pathlib import Path

import pytest

from tests.formats.packets import build
from tocsin.formats import packets
from tocsin.formats.flow_records import by_nfstream
from tocsin.model import BadInput

DATA = Path(os.environ.get("TOCSIN_DATA", Path(__file__).parents[4] / "shared" / "data"))
FLOWS_TOLERANCE = 0.05
"""How far the numbers of flows may differ: the two turn and time flows out by rules of their own."""


@pytest.fixture(scope="module", autouse=True)
def _installed():
    if importlib.util.find_spec("nfstream") is None:
        reason = "nfstream is not installed: pip install 'tocsin[flows]'"
        if os.environ.get("TOCSIN_REQUIRE_ALL") == "1":
            pytest.fail(reason)
        pytest.skip(reason)


def compared(path):
    """Connections of the same transports by both ways."""
    with path.open("rb") as file:
        own = [row for row in packets.rows(file) if row["_path"] == "conn"]
    return own, [row for row in by_nfstream.rows(str(path)) if row["proto"] in {"tcp", "udp", "icmp"}]


def ends(row):
    return frozenset([(row["id.orig_h"], row["id.orig_p"]), (row["id.resp_h"], row["id.resp_p"])])


def test_they_agree_on_a_made_capture(tmp_path):
    path = tmp_path / "made.pcap"
    path.write_bytes(build.pcap([*build.port_scan(range(1, 31)), *build.tls_hello(), *build.dns_ordinary()]))
    own, theirs = compared(path)
    assert {ends(row): row["conn_state"] for row in own} == {ends(row): row["conn_state"] for row in theirs}
    sizes = ("orig_pkts", "resp_pkts", "orig_ip_bytes")
    assert {ends(row): [row[size] for size in sizes] for row in own} == {
        ends(row): [row[size] for size in sizes] for row in theirs
    }


@pytest.mark.parametrize("name", ["slips/test7-malicious.pcap", "quickdraw/CL5000EIP-Lock_PLC_Attempt.pcap"])
def test_they_agree_on_recorded_captures(name):
    path = DATA / name
    if not path.exists():
        reason = f"{path} is absent: set TOCSIN_DATA to the folder of recorded data"
        if os.environ.get("TOCSIN_REQUIRE_ALL") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    own, theirs = compared(path)
    assert abs(len(own) - len(theirs)) <= FLOWS_TOLERANCE * len(theirs)
    named = {ends(row): row["service"] for row in theirs if "service" in row}
    both = [(row["service"], named[ends(row)]) for row in own if "service" in row and ends(row) in named]
    assert both
    assert sum(one == other for one, other in both) >= 0.9 * len(both)


def test_a_file_that_is_no_capture_is_refused(tmp_path):
    path = tmp_path / "no.pcap"
    path.write_bytes(b"GET / HTTP/1.1")
    with pytest.raises(BadInput, match="give it a pcap"):
        list(by_nfstream.rows(str(path)))
