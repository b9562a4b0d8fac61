"""An attack on the network: scan, guessed passwords, an exploited gateway, sensors told to be silent."""

from collections.abc import Iterator

import numpy as np

from tocsin.city.context import City
from tocsin.city.registry import Sensor
from tocsin.model import NotFound, Place, distance_m
from tocsin.sim.chance import draw
from tocsin.sim.network import Row, Traffic, Watched, alert
from tocsin.sim.scenario import Attack

SCAN_S = 14.0
GUESS_AFTER_S = 16.0
GUESS_S = 14.0
EXPLOIT_AFTER_S = 32.0
ORDER_AFTER_S = 38.0
SILENT_AFTER_S = 41.0
"""Seconds after its begin at which each step of an attack comes, and how long it takes."""

SCANNED_PORTS = (21, 22, 23, 80, 102, 443, 502, 1883, 2222, 8080, 8443, 47808)

SCAN = (2024364, "ET SCAN Possible Nmap User-Agent Observed", "Web Application Attack", 1)
SYN_SCAN = (2009582, "ET SCAN NMAP -sS window 1024", "Attempted Information Leak", 2)
GUESS = (2006546, "ET SCAN LibSSH Based Frequent SSH Connections Likely BruteForce Attack", "Misc Attack", 2)
EXPLOIT = (
    2019232,
    "ET WEB_SERVER Possible CVE-2014-6271 Attempt in Headers",
    "Attempted Administrator Privilege Gain",
    1,
)
LISTEN_ONLY = (1111001, "SCADA_IDS: Modbus TCP - Force Listen Only Mode", "Attempted Denial of Service", 1)
"""Signatures as rule sets for networks and for process control have them: id, text, category, severity."""


class Assault:
    """One drawn attack: who, when, whom it silences, and the lines that the network sensors write of it."""

    def __init__(self, chance: np.random.Generator, plan: Attack, city: City) -> None:
        gateway = city.assets.get(plan.gateway)
        if gateway is None or not gateway.addresses:
            raise NotFound(f"Attack {plan.id}: {city.name} has no asset {plan.gateway!r} with an address.")
        self.plan = plan
        self.gateway = gateway
        self.at = round(draw(chance, plan.at_s), 3)
        self.attacker = f"{plan.network}.{int(chance.integers(2, 250))}"
        self.victims = _victims(chance, plan, [city.sensors[n] for n in gateway.serves if n in city.sensors])
        self.silenced_at = self.at + SILENT_AFTER_S
        self._chance = chance

    def rows(self, traffic: Traffic) -> list[tuple[float, Row]]:
        """What is written of it: (seconds after the start, record), in order."""
        steps = (self._scan(traffic), self._guess(traffic), self._exploit(traffic), self._order(traffic))
        return sorted((row for step in steps for row in step), key=lambda pair: pair[0])

    def watched_by(self, watched: list[Watched]) -> Watched | None:
        """The network sensor that sees the gateway."""
        return next((one for one in watched if self.gateway.addresses[0] in one.hosts), None)

    def _scan(self, traffic: Traffic) -> Iterator[tuple[float, Row]]:
        target = self.gateway.addresses[0]
        for port in SCANNED_PORTS:
            at = self.at + draw(self._chance, (0.0, SCAN_S))
            head = traffic.head("flow", self.attacker, target, port)
            yield at, {**head, "flow": {"pkts_toserver": 1, "pkts_toclient": 1, "state": "new", "alerted": True}}
            if self._chance.random() < 0.6:
                yield at + 0.01, alert(head, *SYN_SCAN)
        yield self.at + SCAN_S, alert(traffic.head("alert", self.attacker, target, 80), *SCAN)

    def _guess(self, traffic: Traffic) -> Iterator[tuple[float, Row]]:
        for at in np.linspace(self.at + GUESS_AFTER_S, self.at + GUESS_AFTER_S + GUESS_S, 20):
            head = traffic.head("ssh", self.attacker, self.gateway.addresses[0], 22)
            yield float(at), {**head, "ssh": {"client": {"proto_version": "2.0", "software_version": "libssh_0.9.6"}}}
            if self._chance.random() < 0.4:
                yield float(at) + 0.02, alert(head, *GUESS)

    def _exploit(self, traffic: Traffic) -> Iterator[tuple[float, Row]]:
        head = traffic.head("http", self.attacker, self.gateway.addresses[0], 80)
        http = {"hostname": self.gateway.addresses[0], "url": "/cgi-bin/time", "http_method": "GET", "status": 200}
        yield self.at + EXPLOIT_AFTER_S, {**head, "http": http}
        yield self.at + EXPLOIT_AFTER_S + 0.01, alert({**head, "http": http}, *EXPLOIT)

    def _order(self, traffic: Traffic) -> Iterator[tuple[float, Row]]:
        for number, victim in enumerate(self.victims):
            head = traffic.head("alert", self.gateway.addresses[0], victim.addresses[0], 502)
            yield self.at + ORDER_AFTER_S + number, alert(head, *LISTEN_ONLY)


def _victims(chance: np.random.Generator, plan: Attack, sensors: list[Sensor]) -> list[Sensor]:
    near = Place(lon=plan.near[0], lat=plan.near[1])
    nearest = sorted((s for s in sensors if s.addresses), key=lambda s: (distance_m(near, s.place), s.id))[: plan.among]
    chosen = chance.permutation(len(nearest))[: plan.silenced]
    return [nearest[int(index)] for index in sorted(chosen)]
