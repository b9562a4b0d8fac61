"""`tocsin evaluate network-incidents`: recorded networks through the whole flow, held against who attacked in them."""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from tocsin.city.context import City
from tocsin.contract.walk import configured, member_of
from tocsin.engine.rerun import Rerun
from tocsin.model import ConfigError, Origin, Place
from tocsin.suites import Order, Report, Verb, Workshop
from tocsin.suites.network_incidents.captures import Capture, as_capture, captures_of, read
from tocsin.suites.network_incidents.judging import Concluded, Run, Seen, metrics, peer, row
from tocsin.suites.network_incidents.labels import judged


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkIncidents:
    """Run every capture of a folder (`data`) by itself through a fresh installation, and count.

    A capture is a folder of Zeek logs, or one file of packets, flows or EVE. Labels are read from the
    flows themselves, from a `labels.yaml`, or from what the publisher says; they are taken out before
    the flow sees a line. Each line reaches the flow when its sensor would have written it, gathered
    for `flush_s`. An attacker is a host that begins a flow labelled malicious; it is found where an
    incident names it, or cites what it began. A host without such a flow that an incident accuses is
    falsely accused. `only` names captures to run (parts of their names).
    """

    kind: ClassVar[str] = "network-incidents"
    verb: ClassVar[Verb] = "evaluate"

    flush_s: float = 10.0
    settle_s: float = 300.0
    only: tuple[str, ...] = ()

    def run(self, order: Order, workshop: Workshop) -> Report:
        """Replay all and judge; raises ConfigError for a folder without captures."""
        if order.data is None:
            raise ConfigError("network-incidents needs recorded captures: name their folder with --data.")
        runs = []
        for capture in filter(self._is_wanted, captures_of(order.data)):
            runs.append(self._run(capture, order.data, workshop))
            order.say(_said(runs[-1]))
        return Report(
            suite=self.kind,
            command=order.command,
            data=str(order.data),
            seed=(),
            metrics=metrics(runs),
            peers={"one incident per finding and pair of hosts": peer(runs)},
            detail={"captures": [row(run) for run in runs]},
        )

    def _is_wanted(self, capture: Capture) -> bool:
        return not self.only or any(part in capture.name for part in self.only)

    def _run(self, capture: Capture, data: Path, workshop: Workshop) -> Run:
        began = time.perf_counter()
        lines, labels = read(capture)
        with tempfile.TemporaryDirectory(prefix="tocsin-capture-") as made:
            recording = Path(made, "capture.ndjson")
            as_capture(lines, recording)
            concluded, seen, rejected = self._through(recording, Path(made, "house"), workshop)
        return Run(
            name=capture.name,
            truth=judged(capture.name, capture.folder, data, labels),
            seen=seen,
            concluded=concluded,
            lines=len(lines),
            rejected=rejected,
            wall_s=time.perf_counter() - began,
            passed_over=capture.passed_over,
        )

    def _through(self, recording: Path, folder: Path, workshop: Workshop) -> tuple[Concluded, Seen, int]:
        """The whole flow over one recording: what it concluded, what it saw, how many lines it could not read."""
        house = workshop.open(folder, City.empty("capture", Place(lon=0.0, lat=0.0)), recorded=True)
        driver, concluded = Rerun(house.flow, tick_s=self.flush_s), Concluded()
        parameters: dict[str, Any] = {
            "paths": [str(recording)],
            "origin": Origin.SIMULATED,
            "flush_s": self.flush_s,
        }
        try:
            source = configured(member_of("sources", "replay"), parameters).start(house.resources)
            for fact in driver.run(source, "replay"):
                concluded.take(fact)
            for fact in driver.settle(self.settle_s):
                concluded.take(fact)
            return concluded, Seen().take(house.log.read()), house.flow.counts.rejected
        finally:
            house.close(driver.now)


def _said(run: Run) -> str:
    told = f"{run.name}: {len(run.concluded.standing)} incidents of {len(run.concluded.findings)} findings"
    known = f", {len(run.found)} of {len(run.truth.attackers)} attackers" if run.truth.attackers else ""
    wrong = f", {len(run.falsely_accused)} falsely accused" if run.falsely_accused else ""
    return f"{told}{known}{wrong} ({run.lines} lines, {run.wall_s:.1f} s)"
