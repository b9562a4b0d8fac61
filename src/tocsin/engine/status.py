"""The state of the whole system, read from its parts: load, losses, promises kept."""

import resource
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tocsin.contract.protocols import Listens
from tocsin.engine.embedded import Embedded
from tocsin.engine.rows import Reporting, SourceRow, StageRow, System
from tocsin.engine.rules import Rules
from tocsin.engine.seats import Seat
from tocsin.engine.view import View
from tocsin.gate.ledger import Ledger
from tocsin.model import Condition, SourceState
from tocsin.store.outbox import Outbox

ALARM_LIMIT_10MIN = 1
"""About what one operator can take (EEMUA 191)."""

STILL_S_MAX = 15.0
"""So long without a tick and something is wrong with the engine itself."""


class Part(Protocol):
    """Something that can say what is wrong with it; empty where nothing is."""

    @property
    def problem(self) -> str:
        """What is wrong, in plain words."""
        ...


@dataclass
class Status:
    """Asked for a `System` now and then; remembers the last counts to tell rates."""

    engine: Embedded
    view: View
    ledger: Ledger
    outbox: Outbox
    rules: Rules | None = None
    parts: tuple[Part, ...] = ()
    _at: float = 0.0
    _folded: int = 0
    _rate: float = 0.0

    def system(self, now: float) -> System:
        """The state of everything at `now`."""
        flow = self.engine.flow
        stats = flow.log.stats()
        problems = tuple(self._problems(now))
        return System(
            now=now,
            uptime_s=round(now - self.engine.started_at, 1),
            events_per_s=self._events_per_s(now),
            accepted=flow.counts.accepted,
            rejected=flow.counts.rejected,
            duplicates=flow.counts.duplicates,
            staged=flow.counts.staged,
            alarms=self.view.alarms(now),
            alarm_limit_10min=ALARM_LIMIT_10MIN,
            last_alarm_at=self.view.opened[-1] if self.view.opened else None,
            quarantine=dict(flow.quarantine.count_by_reason()),
            ledger={"size": self.ledger.size, "root": self.ledger.root().hex()},
            log={
                "pos": stats.pos,
                "queue": stats.queue,
                "waiting": self.engine.waiting,
                "bytes": stats.bytes,
                "commit_ms_p50": round(stats.commit_ms_p50, 1),
                "commit_ms_p99": round(stats.commit_ms_p99, 1),
            },
            outbox=dict(self.outbox.counts()),
            stages=self._stages(),
            sources=self._sources(),
            reporting=self._reporting(now),
            memory_mb=round(memory_mb(), 1),
            rules=None if self.rules is None else self.rules.summary(now),
            ok=not problems,
            problems=problems,
        )

    def _events_per_s(self, now: float) -> float:
        folded = self.engine.flow.counts.folded
        if now - self._at >= 1.0:
            self._rate = round((folded - self._folded) / (now - self._at), 1) if self._at else 0.0
            self._at, self._folded = now, folded
        return self._rate

    def _stages(self) -> tuple[StageRow, ...]:
        return tuple(
            StageRow(
                name=node.name,
                kind=node.group,
                seen=node.seen,
                out=node.out,
                keys=len(node.states),
                failed=node.failed,
                problem=node.problem,
            )
            for node in self.engine.flow.graph.nodes
        )

    def _sources(self) -> tuple[SourceRow, ...]:
        return tuple(
            SourceRow(
                id=line.name,
                kind=line.kind,
                received=line.received,
                rejected=line.rejected,
                last_at=line.last_at,
                problem=line.problem,
                listens=line.running.listens if isinstance(line.running, Listens) else "",
            )
            for line in list(self.engine.lines.values())
        )

    def _reporting(self, now: float) -> tuple[Reporting, ...]:
        seats = [seat for seat in self.engine.flow.doorway.seats if seat.state is not SourceState.STAGED]
        total, alive = Counter(seat.family for seat in seats), Counter(s.family for s in seats if reports(s, now))
        return tuple(Reporting(family=name, reporting=alive[name], total=total[name]) for name in sorted(total))

    def _stillness(self, now: float) -> list[str]:
        still_s = now - self.engine.ticked_at
        return [f"The engine has stood still for {still_s:.0f} s: restart Tocsin."] if still_s > STILL_S_MAX else []

    def _problems(self, now: float) -> list[str]:
        stuck = [self.engine.flow.problem] if self.engine.flow.problem else []
        lines = [f"{line.name}: {line.problem}" for line in list(self.engine.lines.values()) if line.problem]
        return [
            *self._stillness(now),
            *stuck,
            *self.engine.failures,
            *(part.problem for part in self.parts if part.problem),
            *lines,
            *(self.rules.problems() if self.rules is not None else ()),
            *(node.problem for node in self.engine.flow.graph.nodes if node.problem),
        ]


def reports(seat: Seat, now: float) -> bool:
    """Whether a source spoke within its time and is not known to be silent."""
    fresh = seat.last_at is not None and now - seat.last_at <= seat.silent_after_s
    return fresh and seat.condition is not Condition.SILENT


def memory_mb() -> float:
    """Resident memory of this process now, in MB (the peak where the system does not tell)."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize() / 1e6
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
