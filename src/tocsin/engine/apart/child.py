"""The process beside the cameras: reads them, perceives, and lets out only what shows nobody as they are.

Started by `engine.apart.group` with a pipe at standard input and output; ends when the pipe does.
"""

import queue
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from tocsin.contract.pictures import MaskedPicture, Scene
from tocsin.contract.protocols import Delivered, Perceiver, RunningSource, Wanted
from tocsin.contract.resources import Resources
from tocsin.contract.walk import configured, member_of, start
from tocsin.engine.apart.loads import STEPS, Known, Loads
from tocsin.engine.apart.messages import (
    Ask,
    Begin,
    Given,
    Input,
    Pipe,
    Pulse,
    Reload,
    Room,
    Tally,
    own_streams,
    packed,
    to_child,
)
from tocsin.engine.apart.pacing import Pacing
from tocsin.engine.perceiving import Perception, Seen, inside
from tocsin.model import BadInput, Level, Reading, SourceLost, TocsinError

log = structlog.get_logger()

IDLE_S = 0.005
"""Pause where no camera has a new picture."""

PULSE_S = 1.0
"""How often the house hears that the loop lives."""

LOG_S = 60.0
"""Pause between two logs of the same fault."""

CLOSE_S_MAX = 3.0
"""How long letting go of a camera may take."""

Message = Begin | Reload | Ask | Room | None


@dataclass(slots=True)
class Running:
    """One input at work in this process."""

    declared: Input
    room: int
    source: RunningSource | None = None
    problem: str = ""
    fault: str = ""
    tally: Tally = field(default_factory=Tally)
    loads: Loads = field(default_factory=lambda: Loads(began=time.time()))

    @property
    def counts(self) -> object:
        """What the source itself counts, where it does."""
        return getattr(self.source, "counts", None)


class Beside:
    """All that runs in this process. One thread calls `round`; `clock` and `send` are given."""

    def __init__(self, begin: Begin, send: Callable[[Given | Pulse], None], clock: Callable[[], float]) -> None:
        self._begin = begin
        self._send = send
        self._clock = clock
        self._wanted: dict[str, Wanted] = {}
        self._logged: dict[str, float] = {}
        self._looked = 0
        self._pacing, self._busy_s, self._masked_s, self._paced = Pacing(), 0.0, 0.0, time.monotonic()
        self._perception = Perception(())
        self._ahead: queue.SimpleQueue[tuple[list[Perceiver], str]] = queue.SimpleQueue()
        self._resources = _resources(begin)
        self.inputs: dict[str, Running] = {}
        self.trouble = "its perceivers are starting"
        self._run_inputs(begin.inputs, begin.rooms)
        self._ahead.put(self._started(self._resources))

    def heed(self, message: Message) -> None:
        """Do what the house says."""
        match message:
            case Room(input):
                if input in self.inputs:
                    self.inputs[input].room += 1
            case Ask(wanted):
                for one in wanted:
                    self._wanted[one.source] = one
                    self._perception.heed(one)
            case Reload(portion=portion, inputs=inputs, rooms=rooms):
                self._run_inputs(inputs, rooms)
                resources = _resources(self._begin, portion.city())
                threading.Thread(target=lambda: self._ahead.put(self._started(resources)), daemon=True).start()

    def round(self) -> bool:
        """Look once at the newest picture of each camera; whether there was any."""
        self._put_ahead()
        taken = {name: list(batch.readings) for name, one in self.inputs.items() if (batch := self._next(one))}
        any_taken = bool(taken)
        while taken:
            self._look({name: readings.pop(0) for name, readings in taken.items() if readings})
            taken = {name: readings for name, readings in taken.items() if readings}
        return any_taken

    def pulse(self) -> None:
        """Say that the loop lives, and what is wrong."""
        now = self._clock()
        self._pace()
        for name, one in self.inputs.items():
            overdue = one.loads.overdue(self._known(one, now))
            if overdue is not None:
                self._give(name, [overdue], [])
            for word in ("dropped", "corrupt", "connections"):
                setattr(one.tally, word, getattr(one.counts, word, 0))
        problems = {name: self._problem(one) for name, one in self.inputs.items()}
        self._send(
            Pulse(problems=problems, tallies={n: one.tally for n, one in self.inputs.items()}, trouble=self.trouble)
        )

    def _pace(self) -> None:
        """Tell perceivers how much they may compute, from how busy looking at pictures kept this process."""
        now, masked_s = time.monotonic(), self._perception.spent_s(MaskedPicture)
        self._pacing.next(self._busy_s, now - self._paced, masked_s - self._masked_s)
        self._perception.pace(Scene, self._pacing.share)
        self._perception.pace(MaskedPicture, self._pacing.pictures)
        self._busy_s, self._masked_s, self._paced = 0.0, masked_s, now

    def close(self) -> None:
        """Let go of all cameras at once."""
        closing = [threading.Thread(target=one.source.close, daemon=True) for one in self.inputs.values() if one.source]
        for thread in closing:
            thread.start()
        for thread in closing:
            thread.join(CLOSE_S_MAX)

    def _run_inputs(self, inputs: Mapping[str, Input], rooms: Mapping[str, int]) -> None:
        for name in [name for name in self.inputs if name not in inputs]:
            gone = self.inputs.pop(name).source
            if gone is not None:
                threading.Thread(target=gone.close, daemon=True).start()  # nobody waits for a camera
        for name, declared in inputs.items():
            known = self.inputs.get(name)
            if known is None:
                known = self.inputs[name] = Running(declared, room=rooms.get(name, 1))
            if known.source is None:
                self._connect(known)

    def _connect(self, one: Running) -> None:
        try:
            declared = configured(member_of("sources", one.declared.kind), one.declared.parameters)
            one.source, one.problem = declared.start(self._resources), ""
        except TocsinError as error:
            one.problem = str(error)

    def _started(self, resources: Resources) -> tuple[list[Perceiver], str]:
        """The perceivers with these resources, and what kept others from starting."""
        ready, failed = [], []
        for kind, parameters in self._begin.perceivers.items():
            try:
                ready.append(start(configured(member_of("perceivers", kind), parameters), resources))
            except TocsinError as error:
                failed.append(f"{kind} does not start: {error}")
            except Exception as error:
                log.exception("perceiver does not start", kind=kind)
                failed.append(f"{kind} does not start: it has a fault ({type(error).__name__})")
        return ready, " ".join(failed)

    def _put_ahead(self) -> None:
        """Put perceivers in place that were started meanwhile."""
        while not self._ahead.empty():
            perceivers, self.trouble = self._ahead.get()
            self._perception.put(perceivers)
            for one in self._wanted.values():
                self._perception.heed(one)

    def _next(self, one: Running) -> Delivered | None:
        if one.room <= 0 or one.source is None:
            return None
        try:
            delivered = one.source.next_batch(0.0)
        except TocsinError as error:
            one.problem = str(error)
            return None
        one.problem = ""
        return delivered

    def _look(self, taken: Mapping[str, Reading[Any]]) -> None:
        now, began = self._clock(), time.monotonic()
        asked = [(reading, self._level(reading.source, now)) for reading in taken.values()]
        for name, reading in taken.items():
            one = self.inputs[name]
            one.tally.frames += 1
            self._looked += 1
            one.loads.count(reading)
        for name, seen in zip(taken, self._seen(list(taken), asked), strict=True):
            one = self.inputs[name]
            one.tally.withheld += seen.withheld
            readings = one.loads.complete(seen.readings, self._known(one, now))
            self._give(name, readings, seen.rejected)
        self._busy_s += time.monotonic() - began

    def _seen(self, names: Sequence[str], asked: list[tuple[Reading[Any], Level]]) -> list[Seen]:
        """What comes of these readings; where a perceiver has a fault, of each by itself."""
        try:
            seen = self._perception.perceive_many(asked)
            for name in names:
                self.inputs[name].fault = ""
        except Exception as error:
            if self._is_news(error):
                log.exception("a perceiver failed", inputs=len(asked))
            seen = [self._alone(name, reading, level) for name, (reading, level) in zip(names, asked, strict=True)]
        return [self._with_itself(one, reading, level) for one, (reading, level) in zip(seen, asked, strict=True)]

    def _with_itself(self, seen: Seen, reading: Reading[Any], level: Level) -> Seen:
        """What no perceiver takes passes as it is, as far as that may be."""
        body = type(reading.body)
        if not self._perception.takes(body):
            may_leave = body.level <= level and not inside(body)
            seen.readings.extend([reading] if may_leave else [])
            seen.withheld += not may_leave
        return seen

    def _alone(self, name: str, reading: Reading[Any], level: Level) -> Seen:
        one = self.inputs[name]
        try:
            seen = self._perception.perceive(reading, level)
        except Exception as error:
            if self._is_news(error, name):
                log.exception("a perceiver failed", input=name)
            one.tally.failed += 1
            one.fault = f"Perceivers fail on its pictures ({type(error).__name__}): see the log of this machine."
            return Seen()
        one.fault = ""
        return seen

    def _is_news(self, error: Exception, name: str = "") -> bool:
        """Whether a fault is to be logged: the same one once a minute, since it would come with every picture."""
        now, key = time.monotonic(), f"{type(error).__name__} {name}"
        if now - self._logged.get(key, float("-inf")) < LOG_S:
            return False
        self._logged[key] = now
        return True

    def _give(self, name: str, readings: Sequence[Reading[Any]], rejected: Sequence[tuple[bytes, str]]) -> None:
        if not readings and not rejected:
            return
        one = self.inputs[name]
        if kept := [type(reading.body).__name__ for reading in readings if inside(type(reading.body))]:
            raise BadInput(f"{kept[0]} was about to leave the process beside the cameras")
        one.room -= 1
        one.tally.given += 1
        self._send(Given(name, tuple(packed(reading) for reading in readings), tuple(rejected)))

    def _known(self, one: Running, now: float) -> Known:
        """What is known here of the load of one camera, and of all."""
        spent = {name: self._perception.spent_s(body) for name, body in STEPS.items()}
        return Known(one.counts, self._problem(one), self._looked, spent, self._pacing.pictures, now)

    def _level(self, source: str, now: float) -> Level:
        """What may be observed of a camera now; nothing above level 0 where nobody said so lately."""
        wanted = self._wanted.get(source)
        return wanted.level if wanted is not None and now < wanted.until else Level.AMBIENT

    def _problem(self, one: Running) -> str:
        return one.fault or one.problem or (one.source.problem() if one.source is not None else "")


def _resources(begin: Begin, city: Any = None) -> Resources:  # noqa: ANN401  # City, of the portion where none is given
    return Resources(
        content=Path(begin.content),
        city=city or begin.portion.city(),
        folder=Path(begin.folder) if begin.folder else None,
        in_force=begin.in_force,
        secrets=begin.secrets,
    )


def _listen(pipe: Pipe, messages: "queue.SimpleQueue[Message]") -> None:
    while (raw := pipe.receive()) is not None:
        messages.put(to_child.decode(raw))
    messages.put(None)


def _log_plainly() -> None:
    """Log lines with plain tracebacks: the values of variables, which may show people, are in none."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ]
    )


def main() -> None:
    """Run until the house lets go of the pipe."""
    _log_plainly()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the house; it ends us in its own order
    pipe = own_streams()
    first = pipe.receive()
    begin = None if first is None else to_child.decode(first)
    if not isinstance(begin, Begin):
        return
    messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(pipe, messages), daemon=True).start()
    beside = Beside(begin, pipe.send, time.time)
    try:
        _run(beside, messages)
    except SourceLost:
        log.info("the house is gone")
    finally:
        beside.close()


def _run(beside: Beside, messages: "queue.SimpleQueue[Message]") -> None:
    next_pulse = 0.0
    while True:
        while not messages.empty():
            message = messages.get()
            if message is None:
                return
            beside.heed(message)
        busy = beside.round()
        if time.monotonic() >= next_pulse:
            beside.pulse()
            next_pulse = time.monotonic() + PULSE_S
        if not busy:
            time.sleep(IDLE_S)


if __name__ == "__main__":
    main()
