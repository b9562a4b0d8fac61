"""One group of cameras as the house sees it: a child process that is watched over, and a running source per input."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

import msgspec
import structlog

import tocsin.contract.pictures  # noqa: F401  # the bodies that may come
from tocsin.city.context import City
from tocsin.contract.camera_views import views
from tocsin.contract.protocols import Delivered, Wanted
from tocsin.contract.resources import Resources
from tocsin.engine.apart.messages import (
    Ask,
    Begin,
    Given,
    Input,
    Pipe,
    Pulse,
    Reload,
    Room,
    ToChild,
    to_house,
    unpacked,
)
from tocsin.engine.apart.portion import Portion
from tocsin.engine.apart.running import RunningApart
from tocsin.model import BadInput, Body, Level, Origin, Reading, SourceLost, TocsinError

log = structlog.get_logger()

Reach = Callable[[str, Origin, float], Level]
"""The highest level that a source may be observed at now (Doorway.reach)."""

CHILD = "tocsin.engine.apart.child"

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OPENCV_FOR_THREADS_NUM": "1"}
"""Libraries would each take all cores, once per group; models say by their perceivers how many they take."""


def nobody(_source: str, _now: float) -> bool:
    """Nobody looks at any camera."""
    return False


@dataclass(frozen=True, kw_only=True)
class ApartLimits:
    """Every bound of a group, by name.

    `waiting_max` deliveries of each input wait in the house; a full queue makes the child pass frames over.
    A child is started again `retry_s` after its end, doubled up to `retry_s_max`, and killed when it says
    nothing for `silent_s_max` (`start_s_max` at its start: it loads models then). What it may look at is said
    every `ask_s` and holds for `asked_s`; closing waits for `close_s`.
    """

    waiting_max: int = 32
    retry_s: float = 1.0
    retry_s_max: float = 60.0
    silent_s_max: float = 60.0
    start_s_max: float = 180.0
    ask_s: float = 1.0
    asked_s: float = 5.0
    close_s: float = 5.0


class Apart:
    """A group of inputs in a process of their own. `start` it; each input is had by `running(name)`.

    `perceivers` maps kinds to parameters; `reach` and `watched` are asked every second, from another thread.
    The child gets of the resources what concerns its cameras: no map, no key of pseudonyms, no other secrets.
    """

    def __init__(
        self,
        name: str,
        inputs: Mapping[str, Input],
        perceivers: Mapping[str, Mapping[str, object]],
        resources: Resources,
        *,
        reach: Reach,
        watched: Callable[[str, float], bool] = nobody,
        clock: Callable[[], float] = time.time,
        limits: ApartLimits | None = None,
    ) -> None:
        self.name = name
        self.limits = limits or ApartLimits()
        self.trouble = f"The process beside the cameras of group {name!r} is starting."
        self.pid = 0
        self.restarts = 0
        self._failing = False
        self._perceivers = {kind: dict(parameters) for kind, parameters in perceivers.items()}
        self._resources = resources
        self._reach = reach
        self._watched = watched
        self._clock = clock
        self._inputs = {name: self._running(name, declared) for name, declared in inputs.items()}
        self._open = set(inputs)
        self._changing = threading.Lock()
        self._put(resources.city)
        self._pipe: Pipe | None = None
        self._heard_by = float("inf")
        self._ended = threading.Event()
        self._tending = threading.Thread(target=self._tend, name=f"apart {name}", daemon=True)
        self._minding = threading.Thread(target=self._mind, name=f"apart {name} minding", daemon=True)

    def start(self) -> "Apart":
        """Start the process and watch over it."""
        self._tending.start()
        self._minding.start()
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The inputs of the group."""
        return tuple(self._inputs)

    def running(self, name: str) -> RunningApart:
        """The running source of an input."""
        return self._inputs[name]

    def reload(self, city: City) -> None:
        """Put another set-up of cameras in force: perceivers start anew, cameras stay connected.

        Inputs whose record of processing is complete now begin; those whose record is gone end. Where nothing
        changed for this group and all its perceivers run, nothing happens.
        """
        with self._changing:
            before = self._portion
            self._put(city)
            if self._portion == before and not self._failing:
                return
            self._tell(Reload(portion=self._portion, inputs=self._allowed, rooms=self._rooms()))

    def close(self) -> None:
        """End the process and wait for it."""
        self._ended.set()
        if self._pipe is not None:
            self._pipe.close()
        if self._tending.is_alive():
            self._tending.join(self.limits.close_s)
        self._kill()

    # --- the life of the process ---

    def _tend(self) -> None:
        pause_s = self.limits.retry_s
        while not self._ended.is_set():
            began = time.monotonic()
            why = self._live()
            if self._ended.is_set():
                return
            if time.monotonic() - began > self.limits.retry_s_max:
                pause_s = self.limits.retry_s
            at = time.strftime("%H:%M:%S", time.gmtime(self._clock()))
            self.trouble = (
                f"The process beside the cameras of group {self.name!r} {why} at {at} UTC; "
                f"it is started again after {pause_s:g} s."
            )
            log.warning("process beside the cameras ended", group=self.name, why=why)
            self.restarts += 1
            self._ended.wait(pause_s)
            pause_s = min(2 * pause_s, self.limits.retry_s_max)

    def _live(self) -> str:
        """One life of the child, from its start to its end; gives how it ended."""
        command = [sys.executable, "-m", CHILD]
        env = ONE_THREAD | dict(os.environ)
        try:
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env)
        except OSError as error:
            return f"cannot be started ({error.strerror})"
        assert process.stdin is not None  # noqa: S101  # asked for
        assert process.stdout is not None  # noqa: S101  # asked for
        pipe = Pipe(process.stdout, process.stdin)
        self.pid, self._heard_by = process.pid, time.monotonic() + self.limits.start_s_max
        try:
            with self._changing:
                pipe.send(self._begin())
                self._pipe = pipe
            self._ask()
            while (raw := pipe.receive()) is not None:
                self._hear(raw)
        except (SourceLost, BadInput, msgspec.MsgspecError) as error:
            log.warning("the process beside the cameras speaks no more", group=self.name, error=str(error))
        finally:
            self._pipe = None
            pipe.close()
            self._end(process)
            process.stdout.close()
        return f"ended by signal {-process.returncode}" if process.returncode < 0 else f"ended ({process.returncode})"

    def _end(self, process: "subprocess.Popen[bytes]") -> None:
        """Give a child without a pipe a moment to let go of its cameras, then kill it."""
        try:
            process.wait(self.limits.close_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self.pid = 0

    def _mind(self) -> None:
        while not self._ended.wait(self.limits.ask_s):
            self._ask()
            if self._pipe is not None and time.monotonic() > self._heard_by:
                log.warning("the process beside the cameras says nothing", group=self.name)
                self._kill()

    def _kill(self) -> None:
        pid = self.pid
        if pid:
            with suppress(ProcessLookupError):  # it has just ended
                os.kill(pid, signal.SIGKILL)

    # --- what is heard ---

    def _hear(self, raw: bytes) -> None:
        self._heard_by = time.monotonic() + self.limits.silent_s_max
        match to_house.decode(raw):
            case Given() as given:
                self._take(given)
            case Pulse() as pulse:
                self._note(pulse)

    def _take(self, given: Given) -> None:
        """Lay ready what may be laid ready: the child should let out nothing else, and is not trusted to."""
        one = self._inputs.get(given.input)
        if one is None:
            raise BadInput("it speaks of an input that is not there")
        readings, rejected = [], list(given.rejected)
        for raw in given.readings:
            try:
                readings.append(self._allowed_now(one, unpacked(raw)))
            except BadInput as error:
                one.tally.refused += 1
                rejected.append((b"", str(error)))
        one.put(Delivered(tuple(readings), tuple(rejected)))

    def _allowed_now(self, one: RunningApart, reading: Reading[Body]) -> Reading[Body]:
        """The reading; raises BadInput for what is made for a clearance that does not run."""
        level = type(reading.body).level
        if level > Level.REDACTED and level > self._level(one.declared, self._clock()):
            raise BadInput(f"{type(reading.body).__name__} is of level {int(level)}, and no clearance for it runs")
        return reading

    def _note(self, pulse: Pulse) -> None:
        self.trouble, self._failing = pulse.trouble, bool(pulse.trouble)
        for name, one in self._inputs.items():
            tally = pulse.tallies.get(name, one.tally)
            tally.refused, tally.restarts = one.tally.refused, self.restarts
            one.tally, one.fault = tally, pulse.problems.get(name, "")

    def _problem_of(self, name: str) -> str:
        one = self._inputs[name]
        source = one.declared.source
        missing = self._views.of(source).missing
        return f"Camera {source} does not start. {' '.join(missing)}" if missing else self.trouble or one.fault

    # --- what is said ---

    def _ask(self) -> None:
        now = self._clock()
        self._tell(Ask(tuple(self._wanted(one, now) for one in self._inputs.values())))

    def _wanted(self, one: RunningApart, now: float) -> Wanted:
        """What may be looked at in this camera, and how much of it is hoped for."""
        source, asked = one.declared.source, one.asked
        level, watched = self._level(one.declared, now), self._watched(source, now)
        wanted = Wanted(source=source, level=level, until=now + self.limits.asked_s, watched=watched)
        if asked is None or asked.until < now:
            return wanted
        return msgspec.structs.replace(
            wanted, level=min(level, asked.level), interest=asked.interest, watched=watched or asked.watched
        )

    def _level(self, declared: Input, now: float) -> Level:
        try:
            return self._reach(declared.source, declared.origin, now)
        except TocsinError as error:
            log.warning(
                "level of a camera unknown: nothing above 0 is looked at", source=declared.source, error=error.code
            )
            return Level.AMBIENT

    def _tell(self, message: ToChild) -> None:
        pipe = self._pipe
        if pipe is not None:
            with suppress(SourceLost):  # the child is gone; its next life is told all anew
                pipe.send(message)

    def _rooms(self) -> dict[str, int]:
        return {name: max(0, self.limits.waiting_max - one.waiting) for name, one in self._inputs.items()}

    def _room(self, name: str) -> None:
        """A delivery was taken. Not told while a child begins: it may then have one room too many, never too few."""
        with self._changing:
            self._tell(Room(name))

    def _begin(self) -> Begin:
        values = [value for one in self._inputs.values() for value in one.declared.parameters.values()]
        resources = self._resources
        return Begin(
            inputs=self._allowed,
            perceivers=self._perceivers,
            portion=self._portion,
            rooms=self._rooms(),
            content=str(resources.content),
            folder=None if resources.folder is None else str(resources.folder),
            in_force=resources.in_force,
            secrets={name: secret for name, secret in resources.secrets.items() if name in values},
        )

    # --- what is in force ---

    def _put(self, city: City | None) -> None:
        """Take another city as the one in force."""
        declared = {name: one.declared for name, one in self._inputs.items()}
        self._views = views(replace(self._resources, city=city))
        self._allowed = {name: one for name, one in declared.items() if not self._views.of(one.source).missing}
        self._portion = Portion.of(city, [one.source for one in declared.values()])

    def _running(self, name: str, declared: Input) -> RunningApart:
        return RunningApart(
            declared,
            room=partial(self._room, name),
            problem=partial(self._problem_of, name),
            leave=partial(self._leave, name),
        )

    def _leave(self, name: str) -> None:
        self._open.discard(name)
        if not self._open:
            self.close()
