"""Scans in other logs than that of connections: requests by ARP, and notices of Zeek's own scripts."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from tocsin.contract.bodies import LogEvents
from tocsin.contract.network import Flow, is_group, number, whole
from tocsin.model import Observation

NOTICES = {
    "Scan::Address_Scan": "horizontal",
    "Scan::Random_Scan": "horizontal",
    "Scan::Port_Scan": "vertical",
    "ICMP::ICMPAddressScan": "horizontal",
    "ICMP::TimestampScan": "horizontal",
    "ICMP::AddressMaskScan": "horizontal",
}
"""Scans that Zeek's own scripts have told, by note."""


class Notice(NamedTuple):
    """A scan that Zeek told: `target` and `port` are empty where it names none."""

    row: int
    at: float
    source: str
    target: str
    shape: str
    port: str
    hosts: int


def requests(fact: Observation[LogEvents]) -> Iterator[Flow]:
    """Requests by ARP as tries that failed, their replies as tries that did not; announcements are neither."""
    for index, row in _rows(fact, "arp"):
        asks = row.get("operation") in ("request", "who-has")
        ends = str(row.get("orig_h") or ""), str(row.get("resp_h") or "")
        source, target = ends if asks else ends[::-1]
        if target and source != target and not is_group(source):
            yield _flow(index, number(row.get("at"), fact.at), source, target, -1 if asks else 1)


def _flow(index: int, at: float, source: str, target: str, outcome: int) -> Flow:
    return Flow(index, at, source, 0, target, 0, "arp", "", outcome, "", 0.0, 0, 0, from_inside=True, to_inside=True)


def notices(fact: Observation[LogEvents]) -> Iterator[Notice]:
    """Zeek's notices of scans."""
    for index, row in _rows(fact, "notice"):
        source, shape = str(row.get("src") or row.get("id.orig_h") or ""), NOTICES.get(str(row.get("note")))
        if source and shape:
            target = str(row.get("dst") or row.get("id.resp_h") or "")
            port = f"{row.get('proto') or 'tcp'}/{row['p']}" if row.get("p") else ""
            at = number(row.get("at"), fact.at)
            yield Notice(index, at, source, target, shape, port, whole(row.get("n")))


def _rows(fact: Observation[LogEvents], log: str) -> Iterator[tuple[int, dict[str, Any]]]:
    if fact.body.format == "zeek":
        yield from ((index, row) for index, row in enumerate(fact.body.rows) if row.get("log") == log)
