"""`tocsin bench sigma`: events per second and core through the Sigma engine and the flow, growth with rules, memory."""

import gc
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

from tocsin.city.context import City
from tocsin.contract.bodies import LogBatch
from tocsin.contract.loglines import LINES_MAX
from tocsin.contract.protocols import Delivered
from tocsin.contract.resources import Resources, content_folder
from tocsin.formats import windows
from tocsin.model import ConfigError, Origin, Place, Reading
from tocsin.sigma.matching import Matcher
from tocsin.sigma.reading import read
from tocsin.sigma.rule import Rule
from tocsin.sigma.taxonomy import Taxonomy
from tocsin.sim.windows_events import lines
from tocsin.suites import Order, Report, Verb, Workshop

PEER = "pySigma's SQLite backend"
MAPPING = "sigma/mappings/windows.yaml"
_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 2**20


def _rows(stream: Sequence[bytes]) -> list[dict[str, Any]]:
    return [windows.row_of(line) for line in stream]


@dataclass(frozen=True, slots=True, kw_only=True)
class SigmaBench:
    """Measure the Sigma engine on a made-up stream of Windows events with the rules of a folder.

    `events` lines (evtx_dump's JSON) go through decoding and matching: cold (never seen before) and
    warm (the same again); then through the whole flow of an installation with these rules (gate,
    tokens, log on disk, detectors). Cost is CPU time of the process, all its threads together, in the least
    disturbed of `rounds`. `grown` are the numbers of rules between which growth is measured. For
    `minutes` a stream of ever-new values runs, and memory is read. The peer gets the same lines.
    """

    kind: ClassVar[str] = "sigma"
    verb: ClassVar[Verb] = "bench"

    events: int = 40_000
    rounds: int = 3
    grown: tuple[int, int] = (200, 3_600)
    minutes: float = 10.0
    peer: bool = True
    peer_python: str = ".venv-peers/bin/python"

    def run(self, order: Order, workshop: Workshop) -> Report:
        """Measure engine, flow, growth, memory and the peer."""
        whole, folder = _rules_folders(order)
        if self.peer and not Path(self.peer_python).exists():
            raise ConfigError(f"No peer at {self.peer_python}: run `make peers`, or give --set peer=false.")
        rules = rules_of(folder)
        stream = list(lines((order.seeds or (1,))[0], self.events))
        engine = self._engine(rules, stream, order)
        flow = self._flow(folder, stream, workshop, order)
        metrics = {
            "rules": float(len(rules)),
            **engine,
            "flow_events_per_s_per_core": flow,
            **self._growth(rules_of(whole), stream, order),
            **self._memory(rules, order),
        }
        peers = {PEER: self._peer(folder, stream)} if self.peer else {}
        for figures in peers.values():
            metrics["times_peer_cold"] = engine["cold_events_per_s_per_core"] / figures["events_per_s_per_core"]
        return Report(
            suite=self.kind,
            command=order.command,
            data=f"{self.events} simulated Windows events; rules of {folder.relative_to(whole.parent)}",
            seed=order.seeds or (1,),
            metrics=metrics,
            peers=peers,
            detail={
                "cpus": os.cpu_count(),
                "load": os.getloadavg(),
                "bytes_per_event": len(b"".join(stream)) / self.events,
            },
        )

    def _engine(self, rules: Sequence[Rule], stream: Sequence[bytes], order: Order) -> dict[str, float]:
        best = {"decode": 0.0, "cold": 0.0, "warm": 0.0}
        for turn in range(self.rounds):
            matcher = matcher_of(rules)
            warmed_up(matcher)
            rates = {"decode": _rate(len(stream), lambda: _rows(stream))}
            for name in ("cold", "warm"):
                rates[name] = _rate(len(stream), lambda: matched(matcher, stream))  # noqa: B023  # run at once
            best = {name: max(best[name], rate) for name, rate in rates.items()}
            order.say(f"round {turn + 1}: cold {rates['cold']:.0f}, warm {rates['warm']:.0f} events/s/core")
        return {f"{name}_events_per_s_per_core": rate for name, rate in best.items()}

    def _growth(self, rules: Sequence[Rule], stream: Sequence[bytes], order: Order) -> dict[str, float]:
        """Cold cost per event with few and with many rules, taken evenly from all that Windows events feed."""
        fed = [rule for rule in rules if rule.logsource.product in ("windows", "")]
        rest = [rule for rule in rules if rule.logsource.product not in ("windows", "")]
        few, many = self.grown
        chosen = {few: fed[:: max(1, len(fed) // few)][:few], many: (fed + rest)[:many]}
        costs: dict[int, float] = {}
        for turn in range(self.rounds):
            for count, some in chosen.items():
                matcher = matcher_of(some)
                warmed_up(matcher)
                cost = 1e6 / _rate(len(stream), lambda: matched(matcher, stream))  # noqa: B023  # run at once
                costs[count] = min(costs.get(count, cost), cost)
            order.say(f"round {turn + 1}: " + ", ".join(f"{n} rules {cost:.1f} µs" for n, cost in costs.items()))
        named = {f"us_per_event_{len(some)}_rules": costs[count] for count, some in chosen.items()}
        return {**named, "growth": costs[many] / costs[few]}

    def _memory(self, rules: Sequence[Rule], order: Order) -> dict[str, float]:
        """Resident memory while ever-new values stream by: after a tenth of the time, and at the end."""
        matcher, began = matcher_of(rules), time.monotonic()
        early = late = 0.0
        seed, count, spent_s = 1_000, 0, 0.0
        while spent_s < self.minutes * 60:
            count += matched(matcher, islice(lines(seed, LINES_MAX), LINES_MAX))
            seed += 1
            spent_s = time.monotonic() - began
            if not early and spent_s >= self.minutes * 6:
                early = _resident_mb()
        gc.collect()
        late = _resident_mb()
        order.say(f"memory after {count} new events: {early:.0f} MB, then {late:.0f} MB")
        return {"memory_early_mb": early, "memory_late_mb": late, "memory_events": float(count)}

    def _flow(self, folder: Path, stream: Sequence[bytes], workshop: Workshop, order: Order) -> float:
        """Events per second and core through admission, log and all stages of an installation."""
        best = 0.0
        for turn in range(self.rounds):
            with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as made:
                city = City.empty("bench", Place(lon=0.0, lat=0.0))
                house = workshop.open(Path(made), city, recorded=True, rules=folder)
                batches = [*_batches(stream)]
                try:
                    house.flow.fold(_logged(house, batches[0]))  # lease, lanes and files are made once
                    rate = _rate(
                        len(stream) - LINES_MAX,
                        lambda: [house.flow.fold(_logged(house, one)) for one in batches[1:]],  # noqa: B023
                    )
                finally:
                    house.close(batches[-1].at)
            best = max(best, rate)
            order.say(f"round {turn + 1}: whole flow {rate:.0f} events/s/core")
        return best

    def _peer(self, folder: Path, stream: Sequence[bytes]) -> dict[str, float]:
        """The same lines and rules through the peer, in its own environment."""
        program = Path(__file__).parent / "peers" / "sigma_sqlite.py"
        with tempfile.NamedTemporaryFile(suffix=".ndjson") as events:
            events.write(b"\n".join(stream) + b"\n")
            events.flush()
            command = [self.peer_python, str(program), str(folder), events.name]
            done = subprocess.run(command, check=True, capture_output=True)
        figures: dict[str, float] = json.loads(done.stdout)
        return figures


def _rules_folders(order: Order) -> tuple[Path, Path]:
    """All rules, and those for Windows: of a copy of SigmaHQ's, or without one the pack that ships."""
    if order.data is None:
        pack = content_folder() / "sigma" / "rules"
        return pack, pack
    if not (order.data / "rules" / "windows").is_dir():
        raise ConfigError("Give --data with a folder that holds SigmaHQ's `rules` (and so `rules/windows`).")
    return order.data, order.data / "rules" / "windows"


def rules_of(folder: Path) -> tuple[Rule, ...]:
    """All event rules below a folder."""
    paths = sorted(
        path for path in folder.rglob("*.yml") if "regression" not in path.parts and ".events." not in path.name
    )
    return read((str(path), path.read_text(encoding="utf-8")) for path in paths).rules


def matcher_of(rules: Sequence[Rule]) -> Matcher:
    """A fresh matcher over Windows rows."""
    return Matcher(rules, {"windows": Taxonomy.of(Resources().document(MAPPING))})


def warmed_up(matcher: Matcher) -> None:
    """Compile the lanes, on events that the measurement does not hold."""
    matched(matcher, lines(987_654, 500))


def matched(matcher: Matcher, stream: Iterator[bytes] | Sequence[bytes]) -> int:
    """Decode and match, by batches as the flow does; how many events."""
    waiting, count = iter(stream), 0
    while rows := [windows.row_of(line) for line in islice(waiting, LINES_MAX)]:
        matcher.rows("windows", rows)
        count += len(rows)
    return count


def _batches(stream: Sequence[bytes]) -> Iterator[Reading[LogBatch]]:
    offset = 0
    for first in range(0, len(stream), LINES_MAX):
        part = tuple(stream[first : first + LINES_MAX])
        offsets = []
        for line in part:
            offsets.append(offset)
            offset += len(line) + 1
        body = LogBatch(format="windows", lines=part, offsets=tuple(offsets))
        at = windows.row_of(part[-1])["at"]
        yield Reading(at=at, origin=Origin.SIMULATED, source="windows", seq=offsets[0], seq_end=offset - 1, body=body)


def _logged(house: Any, reading: Reading[LogBatch]) -> Any:  # noqa: ANN401  # a House, and what it committed
    delivered = Delivered((reading,))
    facts = house.flow.admit(delivered, "bench", reading.at)
    return house.flow.submit(facts, delivered).result()


def _rate(count: int, run: Any) -> float:  # noqa: ANN401  # any callable without arguments
    gc.collect()
    began = time.process_time()
    run()
    return count / (time.process_time() - began)


def _resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE_MB
