"""Small true observations, for docstrings, tests and pages: one builder per shared body."""

from collections.abc import Iterable, Sequence
from math import cos, exp, sin
from typing import Any, TypeVar

from msgspec.structs import replace

from tocsin.contract.bodies import Concentration, Counts, Density, LogEvents
from tocsin.contract.noses import GasPattern
from tocsin.contract.radiation import GammaSpectrum
from tocsin.contract.screening import Screened
from tocsin.model import Body, Observation, Origin, Place, moved

START_AT = 1_790_000_000.0
"""The moment at which examples begin (21 September 2026, 13:33:20 UTC)."""

SQUARE = Place(lon=24.9414, lat=60.1710, radius_m=5.0, name="Rautatientori")
"""Where the sensors of the examples stand."""

B = TypeVar("B", bound=Body)


def seen(body: B, *, at: float = START_AT, seq: int = 0, source: str = "s-1") -> Observation[B]:
    """One observation of this body, as the gate would have admitted it."""
    return Observation(
        at=at, origin=Origin.SIMULATED, source=source, seq=seq, body=body, place=SQUARE, level=type(body).level
    )


def series(
    bodies: Iterable[B], every_s: float = 5.0, source: str = "s-1", at: float = START_AT
) -> list[Observation[B]]:
    """Observations of one source at a steady pace.

    >>> [round(one.at - START_AT) for one in series([Counts(counts_per_s=9.0)] * 3)]
    [0, 5, 10]
    """
    return [seen(body, at=at + n * every_s, seq=n, source=source) for n, body in enumerate(bodies)]


def gas(ppm: Sequence[float], substance: str = "chlorine", every_s: float = 5.0) -> list[Observation[Concentration]]:
    """A gas sensor reporting these concentrations in turn."""
    return series([Concentration(substance=substance, ppm=value) for value in ppm], every_s, "gas-1")


def counts(counts_per_s: Sequence[float], every_s: float = 5.0) -> list[Observation[Counts]]:
    """A radiation counter reporting these rates in turn."""
    return series([Counts(counts_per_s=value) for value in counts_per_s], every_s, "rad-1")


def hall_counts(*, passing: bool, seconds: int = 40) -> list[Observation[Counts]]:
    """Six counters in a hall of 40 m by 20 m, each second; in the end a source walks through, where `passing`."""
    facts = []
    for second in range(40 + seconds):
        for number in range(6):
            east, north = 20.0 * (number % 3), 20.0 * (number // 3)
            walked = 1.2 * (second - 40) - 20.0
            near = (east - walked) ** 2 + (north - 10.0) ** 2 + 4.0
            rate = 100.0 + 6.0 * sin(5.0 * second + number) + (40_000.0 / near if passing and second >= 30 else 0.0)
            place = moved(SQUARE, east, north)
            fact = seen(Counts(counts_per_s=round(rate)), at=START_AT + second, seq=second, source=f"rad-{number}")
            facts.append(replace(fact, place=place))
    return facts


def screened(looks: Sequence[tuple[str, bool]], item: str = "7", every_s: float = 20.0) -> list[Observation[Screened]]:
    """One item at a lane: what the first device says of it, then what each further look says."""
    bodies = [Screened(device=name, alarm=alarm, item=item, look=n + 1) for n, (name, alarm) in enumerate(looks)]
    return series(bodies, every_s, "lane-1")


def gamma(lines: Sequence[dict[float, float]], every_s: float = 60.0) -> list[Observation[GammaSpectrum]]:
    """Spectra of a sodium iodide counter in turn: counts per line (keV) over a falling background with potassium."""
    spectra = []
    for shown in lines:
        counts = []
        for channel in range(512):
            energy = 6.0 * channel + 3.0
            expected = 80.0 * exp(-energy / 500.0) + 2.0
            for line, area in {1460.8: 150.0, **shown}.items():
                deviation = 19.5 * (line / 661.7) ** 0.5
                expected += area * 6.0 / (2.5066 * deviation) * exp(-0.5 * ((energy - line) / deviation) ** 2)
            counts.append(float(round(expected + 0.7 * expected**0.5 * sin(12.9898 * channel))))
        spectra.append(GammaSpectrum(counts=tuple(counts), live_s=60.0, coefficients_kev=(0.0, 6.0), material="NaI"))
    return series(spectra, every_s, "rid-1")


def noses(calibrated: Sequence[str], then: Sequence[str] = (), each: int = 12) -> list[Observation[GasPattern]]:
    """An electronic nose of four sensors: `each` exposures to every known gas, then those of unknown ones.

    The exposures are made up: each gas has its own ratios between the sensors, each exposure its own strength.
    """
    known = [_smelled(gas, n, gas) for gas in calibrated for n in range(each)]
    return series([*known, *(_smelled(gas, n) for n, gas in enumerate(then, each))], 30.0, "nose-1")


def _smelled(gas: str, n: int, known: str = "") -> GasPattern:
    features: list[float] = []
    for sensor in range(4):
        strength = 1.0 + 0.3 * sin(1.7 * n) + 0.1 * ((sum(map(ord, gas)) * (sensor + 3)) % 11)
        features += [8_000.0 * strength, 1.0 + strength * (1.0 + 0.01 * cos(2.3 * n + sensor))]
        features += [strength * part * (1.0 + 0.02 * sin(3.1 * n + sensor + part)) for part in (1, 2, 4, -1, -2, -4)]
    return GasPattern(features=tuple(features), known=known)


def crowd(persons_per_m2: Sequence[float], every_s: float = 5.0) -> list[Observation[Density]]:
    """A crowd counter reporting these densities in turn."""
    return series([Density(persons_per_m2=value) for value in persons_per_m2], every_s, "crowd-1")


def ids_alerts(
    count: int,
    *,
    signature: str = "ET EXPLOIT Example",
    severity: int = 2,
    target: str = "192.168.1.129",
    at: float = START_AT,
    seq: int = 0,
) -> Observation[LogEvents]:
    """One batch of Suricata alerts, each from another outside address."""
    rows = tuple(
        {
            "at": at + n,
            "event_type": "alert",
            "src_ip": f"198.51.100.{n % 254 + 1}",
            "dest_ip": target,
            "alert": {"signature": signature, "severity": severity},
        }
        for n in range(count)
    )
    body = LogEvents(format="eve", offsets=tuple(seq + 500 * n for n in range(count)), rows=rows)
    return seen(body, at=at + max(0, count - 1), seq=seq, source="ids-1")


def connections(
    ends: Iterable[tuple[str, str, int, str]],
    *,
    every_s: float = 1.0,
    at: float = START_AT,
    seq: int = 0,
    **fields: object,
) -> Observation[LogEvents]:
    """One batch of Zeek's `conn` rows from (source, target, port, conn_state); other fields by name.

    >>> connections([("10.0.0.9", "10.0.1.1", 502, "REJ")], proto="tcp").body.rows[0]["orig_bytes"]
    0
    """
    rows = tuple(_connection(at + n * every_s, end, fields) for n, end in enumerate(ends))
    body = LogEvents(format="zeek", offsets=tuple(seq + 200 * n for n in range(len(rows))), rows=rows)
    return seen(body, at=max((row["at"] for row in rows), default=at), seq=seq, source="conn.log")


def _connection(at: float, ends: tuple[str, str, int, str], fields: dict[str, object]) -> dict[str, Any]:
    source, target, port, state = ends
    talked = state not in ("S0", "REJ")
    row: dict[str, Any] = {"at": at, "log": "conn", "proto": "tcp", "conn_state": state, "duration": 0.1}
    row |= {"id.orig_h": source, "id.orig_p": 50_000 + int(at) % 10_000, "id.resp_h": target, "id.resp_p": port}
    row |= {"orig_bytes": 300 * talked, "resp_bytes": 1_200 * talked, "orig_pkts": 1 + 4 * talked}
    return {**row, "resp_pkts": 5 if talked else int(state == "REJ"), **fields}
