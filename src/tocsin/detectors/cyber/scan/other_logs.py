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
    port: str
    shape: str
    hosts: int


def requests(fact: Observation[LogEvents]) -> Iterator[Flow]:
    """Requests by ARP as tries that failed, their replies as tries that did not; announcements are neither."""
    for index, row in _rows(fact, "arp"):
        asks = row.get("operation") in ("request", "who-has")
        source, target = _asked(row) if asks else _asked(row)[::-1]
        if _is_request(source, target):
            yield _flow(index, number(row.get("at"), fact.at), source, target, -1 if asks else 1)


def _flow(index: int, at: float, source: str, target: str, outcome: int) -> Flow:
    return Flow(index, at, source, 0, target, 0, "arp", "", outcome, "", 0.0, 0, 0, from_inside=True, to_inside=True)


def _is_request(source: str, target: str) -> bool:
    return target not in ("", source) and not is_group(source)


def _asked(row: dict[str, Any]) -> tuple[str, str]:
    """Who asked, and for whom."""
    return str(row.get("orig_h") or ""), str(row.get("resp_h") or "")


def notices(fact: Observation[LogEvents]) -> Iterator[Notice]:
    """Zeek's notices of scans."""
    for index, row in _rows(fact, "notice"):
        source, shape = str(row.get("src") or row.get("id.orig_h") or ""), NOTICES.get(str(row.get("note")))
        if source and shape:
            at = number(row.get("at"), fact.at)
            yield Notice(index, at, source, *_scanned(row), shape, whole(row.get("n")))


def _scanned(row: dict[str, Any]) -> tuple[str, str]:
    """Host and port that a notice names, empty for none."""
    target = str(row.get("dst") or row.get("id.resp_h") or "")
    return target, f"{row.get('proto') or 'tcp'}/{row['p']}" if row.get("p") else ""


def _rows(fact: Observation[LogEvents], log: str) -> Iterator[tuple[int, dict[str, Any]]]:
    if fact.body.format == "zeek":
        yield from ((index, row) for index, row in enumerate(fact.body.rows) if row.get("log") == log)
