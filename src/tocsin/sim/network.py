"""What the network sensors write on an ordinary day: EVE lines of flows, names and small alerts."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct

from tocsin.city.context import City
from tocsin.city.registry import Sensor

Row = dict[str, Any]
"""One EVE record before it is written."""

BROKER = "10.20.0.10"
NAME_SERVER = "10.20.0.2"
TIME_SERVER = "10.20.0.3"
OUTSIDE = tuple(f"198.51.100.{host}" for host in range(10, 40))
NAMES = ("time.city.example", "mqtt.city.example", "updates.vendor.example", "ntp.pool.example", "ocsp.ca.example")
PATHS = ("/", "/status", "/firmware/version.txt", "/api/v1/health", "/cgi-bin/time")

HARMLESS: tuple[tuple[int, str, str, int], ...] = (
    (2016149, "ET INFO Session Traversal Utilities for NAT (STUN Binding Request)", "Misc activity", 3),
    (2013504, "ET INFO GNU/Linux APT User-Agent Outbound likely related to package management", "Misc activity", 3),
    (2210044, "SURICATA STREAM Packet with invalid timestamp", "Generic Protocol Command Decode", 3),
    (2260002, "SURICATA Applayer Detect protocol only one direction", "Generic Protocol Command Decode", 3),
    (2027865, "ET INFO Observed DNS Query to .cloud TLD", "Potentially Bad Traffic", 3),
)
"""Alerts about nothing, as any network has them: signature id, text, category, severity."""


class Watched(Struct, frozen=True):
    """What one network sensor sees: its id and the addresses of the devices on its segment."""

    sensor: str
    hosts: tuple[str, ...]


class Traffic:
    """Ordinary traffic, second by second."""

    def __init__(self, chance: np.random.Generator, watched: Sequence[Watched]) -> None:
        self._chance = chance
        self._watched = [one for one in watched if one.hosts]

    def rows(self, lines_per_s: float, alerts_per_hour: float) -> list[tuple[float, Watched, Row]]:
        """What is written within one second: (fraction of the second, by whom, record)."""
        if not self._watched:
            return []
        found = [self._dated(self._ordinary) for _ in range(int(self._chance.poisson(lines_per_s)))]
        if self._chance.random() < alerts_per_hour / 3600.0:
            found.append(self._dated(self._harmless))
        return sorted(found, key=lambda row: row[0])

    def _dated(self, make: Any) -> tuple[float, Watched, Row]:  # noqa: ANN401  # one of the two makers below
        watched = self._pick(self._watched)
        return round(float(self._chance.random()), 6), watched, make(self._pick(watched.hosts))

    def _pick(self, among: Sequence[Any]) -> Any:  # noqa: ANN401  # generic choice
        return among[int(self._chance.integers(len(among)))]

    def _ordinary(self, host: str) -> Row:
        match int(self._chance.integers(10)):
            case 0 | 1 | 2:
                return self._flow(host, BROKER, 1883, "mqtt")
            case 3 | 4:
                return self._flow(host, TIME_SERVER, 123, "ntp", "UDP")
            case 5 | 6 | 7:
                return self._dns(host)
            case _:
                return self._http(host)

    def _flow(self, host: str, server: str, port: int, app: str, proto: str = "TCP") -> Row:
        sent, back = (int(self._chance.integers(4, 40)) for _ in range(2))
        flow = {
            "pkts_toserver": sent,
            "pkts_toclient": back,
            "bytes_toserver": sent * 96,
            "bytes_toclient": back * 80,
            "age": int(self._chance.integers(1, 60)),
            "state": "closed",
            "reason": "timeout",
            "alerted": False,
        }
        return {**self.head("flow", host, server, port, proto), "app_proto": app, "flow": flow}

    def _dns(self, host: str) -> Row:
        asked = {"type": "query", "id": int(self._chance.integers(65536)), "rrname": self._pick(NAMES), "rrtype": "A"}
        return {**self.head("dns", host, NAME_SERVER, 53, "UDP"), "dns": asked}

    def _http(self, host: str) -> Row:
        http = {
            "hostname": "updates.vendor.example",
            "url": self._pick(PATHS),
            "http_method": "GET",
            "protocol": "HTTP/1.1",
            "status": 200,
            "length": int(self._chance.integers(40, 4000)),
        }
        return {**self.head("http", host, self._pick(OUTSIDE), 80), "http": http}

    def _harmless(self, host: str) -> Row:
        signature = self._pick(HARMLESS)
        return alert(self.head("alert", host, self._pick(OUTSIDE), 443), *signature)

    def head(self, kind: str, source: str, target: str, port: int, proto: str = "TCP") -> Row:
        """The fields that every record starts with."""
        return {
            "flow_id": int(self._chance.integers(1 << 50)),
            "in_iface": "span0",
            "event_type": kind,
            "src_ip": source,
            "src_port": int(self._chance.integers(32768, 61000)),
            "dest_ip": target,
            "dest_port": port,
            "proto": proto,
        }


def alert(head: Row, signature_id: int, signature: str, category: str, severity: int) -> Row:
    """An alert record about the flow of `head`."""
    about = {
        "action": "allowed",
        "gid": 1,
        "signature_id": signature_id,
        "rev": 1,
        "signature": signature,
        "category": category,
        "severity": severity,
    }
    return {**head, "event_type": "alert", "alert": about}


def eve_line(at: float, row: Row) -> bytes:
    """The record as Suricata writes it, without the end of line."""
    stamp = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f+0000")
    return msgspec.json.encode({"timestamp": stamp, **row})


def watched_by(city: City) -> list[Watched]:
    """Which network sensor sees which addresses: those on the segments that it serves."""
    return [_watched(sensor, city) for sensor in city.sensors.values() if sensor.family == "network"]


def _watched(sensor: Sensor, city: City) -> Watched:
    hosts = [
        address
        for asset in city.assets.values()
        if asset.kind not in {"network", "sensor.camera"}
        for address in asset.addresses
        if (segment := city.network_of(address)) is not None and segment.id in sensor.serves
    ]
    return Watched(sensor.id, tuple(hosts))
