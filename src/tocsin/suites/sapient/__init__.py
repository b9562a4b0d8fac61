"""`tocsin bench sapient`: validated detections per second to the log, how long they take, and nodes that drop out."""

import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import ClassVar

from tocsin.formats import sapient
from tocsin.suites import Order, Report, Verb, Workshop
from tocsin.suites.sapient.dropping import Dropping
from tocsin.suites.sapient.flowing import Flowing, detections

BARE, OTHER = "bare protobuf parse", "sapient-pydantic"


@dataclass(frozen=True, slots=True, kw_only=True)
class SapientBench:
    """Measure the fusion node on real sockets, through gate, log on disk and all stages of an installation.

    `detections` prepared reports go in as fast as they are taken, `rounds` times: the cost is the CPU time of the
    process, all threads and the sender included, in the least disturbed round. Then `paced_s` seconds at `load` of
    what the machine took by the clock give the time from sending until the report is in the log and folded. Then
    `nodes` nodes send a status every `interval_s` and a detection every second, `dropping` of them vanish for
    `absent_s` and come back. The peers read the same messages: protobuf alone, and an independent validator where
    it is installed.
    """

    kind: ClassVar[str] = "sapient"
    verb: ClassVar[Verb] = "bench"

    detections: int = 30_000
    rounds: int = 3
    paced_s: float = 10.0
    load: float = 0.5
    nodes: int = 100
    dropping: int = 20
    interval_s: float = 2.0
    absent_s: float = 10.0
    folder: str = ""

    def run(self, order: Order, workshop: Workshop) -> Report:
        """Measure rate, latency, absences and the peers."""
        payloads = [frame[4:] for frame in detections(min(self.detections, 10_000))]
        ours = self._best(sapient.decode, payloads)
        peers = {BARE: {"messages_per_s": self._best(sapient.parse, payloads)}, **self._other(payloads)}
        with tempfile.TemporaryDirectory(prefix="tocsin-bench-", dir=self.folder or None) as made:
            flowing = Flowing(workshop, Path(made))
            rates = [flowing.rate(self.detections, turn, order.say) for turn in range(self.rounds)]
            by_cpu, by_clock = (max(values) for values in zip(*rates, strict=True))
            paced = flowing.paced(min(by_cpu, by_clock) * self.load, self.paced_s, order.say)
            dropping = Dropping(
                workshop,
                Path(made) / "dropping",
                nodes=self.nodes,
                dropping=self.dropping,
                interval_s=self.interval_s,
                absent_s=self.absent_s,
            )
            absences = dropping.run(order.say, seed=(order.seeds or (1,))[0])
        ratios = {
            f"read_times_{name}": ours / found["messages_per_s"]
            for name, found in (("bare", peers[BARE]), ("pydantic", peers.get(OTHER)))
            if found is not None
        }
        return Report(
            suite=self.kind,
            command=order.command,
            data=f"{self.detections} made-up reports of one node; {self.nodes} nodes, {self.dropping} dropping",
            seed=order.seeds or (1,),
            metrics={
                "detections_per_s": by_cpu,
                "detections_per_s_by_clock": by_clock,
                "read_per_s": ours,
                **ratios,
                **paced,
                **absences,
            },
            peers=peers,
            detail={"rates": rates, "cpus": os.cpu_count(), "load": os.getloadavg(), "bytes": len(payloads[0])},
        )

    def _best(self, read: Callable[[bytes], object], payloads: Sequence[bytes]) -> float:
        """Messages per second of CPU, in the least disturbed round."""
        return max(_rate(read, payloads) for _ in range(self.rounds))

    def _other(self, payloads: Sequence[bytes]) -> dict[str, dict[str, float]]:
        """The independent validator on a part of the same messages; nothing where it is not installed."""
        try:
            from sapient_msg_pydantic.bsi_flex_335_v2_0.sapient_message import SapientMessage
        except ImportError:
            return {}
        few = payloads[:2_000]
        return {OTHER: {"messages_per_s": self._best(lambda raw: SapientMessage.from_pb2(sapient.parse(raw)), few)}}


def _rate(read: Callable[[bytes], object], payloads: Sequence[bytes]) -> float:
    began = process_time()
    for raw in payloads:
        read(raw)
    return len(payloads) / max(1e-9, process_time() - began)
