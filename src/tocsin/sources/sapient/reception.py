"""What is done with each message of a node: checked, dated, placed, kept from counting twice, delivered, answered."""

import re
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from time import monotonic, time
from typing import Any, Protocol

from tocsin.contract.protocols import Delivered
from tocsin.contract.sapient import Answer
from tocsin.formats.sapient import Unfit, accepted, alert_seen, at_of, declined, decode, error, message, word
from tocsin.formats.sapient.rules import Message
from tocsin.model import Origin, Place, Reading
from tocsin.sources.sapient.node import GOODBYE, Manners, Node
from tocsin.sources.sapient.profile import profile_of, unusable
from tocsin.sources.sapient.reading import NotTaken, Teller

BATCH_MAX = 1_000
"""Most readings of one delivery."""

GATHER_S = 0.02
"""Deliveries follow one another no faster than that, unless they are full."""

REJECTED_MAX = 1_000
"""Most refused messages that wait for quarantine; beyond, they are counted and not kept."""

KEPT_BYTES_MAX = 16_384
"""How much of a refused message is kept in quarantine."""

NODES_MAX = 2_000
"""Most nodes that are known; one more is declined."""

TROUBLE_S = 600.0
"""How long the last trouble is told."""

DECLINED = "declined"
"""The fault of a registration that we cannot work with: it was answered already."""

_INDEX = re.compile(r"\[\d+\]")


class Line(Protocol):
    """A connection as the reception uses it: it says something to its node, or hangs up."""

    @property
    def subject(self) -> str:
        """The name in the client's certificate; empty without TLS."""
        ...

    @property
    def address(self) -> str:
        """Where it comes from."""
        ...

    def say(self, said: Message) -> None:
        """Have a message sent; it waits for nothing."""
        ...

    def hang_up(self) -> None:
        """End it."""
        ...


@dataclass(slots=True)
class Counts:
    """What became of messages, all nodes together; `not_kept` were refused and too many to be quarantined."""

    received: int = 0
    accepted: int = 0
    refused: int = 0
    flooded: int = 0
    repeated: int = 0
    not_kept: int = 0
    connections: int = 0
    registrations: int = 0
    answered: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the installation says of a node beforehand: the sensor that it is, and the name in its certificate."""

    source: str
    subject: str = ""


class Reception:
    """Between the threads of the connections, which hear, and the engine's, which takes and acknowledges."""

    def __init__(
        self,
        *,
        id: str,
        via: str,
        origin: Origin,
        key: bytes,
        manners: Manners,
        known: Mapping[str, Known],
        only_known: bool,
        surveyed: Mapping[str, Place],
        waiting_max: int,
        clock: Callable[[], float] = time,
    ) -> None:
        self.id = id
        self.counts = Counts()
        self.nodes: dict[str, Node] = {}
        self.clock = clock
        self.manners = manners
        self._via, self._origin, self._key = via, origin, key
        self._known, self._only_known, self._surveyed = known, only_known, surveyed
        self._waiting_max = waiting_max
        self._lines: dict[str, Line] = {}
        self._waiting: deque[tuple[Reading[Any], Callable[[], None] | None]] = deque()
        self._rejected: deque[tuple[bytes, str]] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._trouble = ("", "", 0.0)
        self._given_at = 0.0

    # What connections call, each from its own thread.

    def heard(self, payload: bytes, line: Line) -> None:
        """One whole message. What is wrong with it is answered by an error of the standard, counted, quarantined."""
        self.counts.received += 1
        try:
            said = decode(payload)
        except Unfit as unfit:
            self.refuse(payload, unfit.problems, line, "invalid")
            return
        with self._changed:
            self._changed.wait_for(lambda: len(self._waiting) < self._waiting_max or self._closed)
            try:
                self._take(said, line, self.clock())
            except NotTaken as error:
                node = self.nodes.get(said.node_id.lower())
                self.refuse(payload, (str(error),), line, error.code, node, told=error.code == DECLINED)

    def flooded(self, count: int, line: Line) -> None:
        """So many messages came too fast, and were not read."""
        with self._changed:
            self.counts.flooded += count
            words = f"message: more than {self.manners.rate_per_s_max:g} a second; {count} were not read"
            node = self._speaker(line)
            if node is not None:
                node.fault("flood", words)
                node.faults["flood"] += count - 1
                node.untold["flood"] += count - 1
            self._tell_trouble(node, line, words)
        self._complain(b"", (words,), line)

    def refuse(
        self,
        raw: bytes,
        reasons: tuple[str, ...],
        line: Line,
        kind: str,
        node: Node | None = None,
        *,
        told: bool = False,
    ) -> None:
        """Say what is wrong with a message, count it against its node (that of the line), and keep it in quarantine."""
        with self._changed:
            self.counts.refused += 1
            node = node or self._speaker(line)
            if node is not None:
                node.fault(kind, reasons[0])
            self._tell_trouble(node, line, reasons[0])
            if len(self._rejected) >= REJECTED_MAX:
                self.counts.not_kept += 1
            else:
                self._rejected.append((raw[:KEPT_BYTES_MAX], f"{kind}: {_fields_of(reasons)}"))
            self._changed.notify_all()
        if not told:
            self._complain(raw, reasons, line)

    def left(self, line: Line) -> None:
        """A connection ended: its nodes are not online. That one is missed, its promised signs of life tell."""
        with self._changed:
            for name in [name for name, one in self._lines.items() if one is line]:
                del self._lines[name]
                self.nodes[name].online = False

    def registered_by(self, line: Line) -> bool:
        """Whether some node has registered over this connection."""
        return any(one is line for one in list(self._lines.values()))

    def _complain(self, raw: bytes, reasons: tuple[str, ...], line: Line) -> None:
        line.say(message(self.id, self.clock(), error(raw, reasons)))

    def _speaker(self, line: Line) -> Node | None:
        """The node of a connection, where it has one alone."""
        names = [name for name, one in list(self._lines.items()) if one is line]
        return self.nodes[names[0]] if len(names) == 1 else None

    def _tell_trouble(self, node: Node | None, line: Line, words: str) -> None:
        who = node.teller.source if node is not None else f"a node at {line.address}"
        self._trouble = (who, f"{who}: {words}", self.clock())

    def _take(self, said: Message, line: Line, now: float) -> None:
        name, kind = said.node_id.lower(), said.WhichOneof("content")
        if kind == "registration":
            self._register(name, said.registration, line, now)
            return
        node = self.nodes.get(name)
        if node is None or self._lines.get(name) is not line:
            raise NotTaken("invalid", "node_id: not registered over this connection; register first")
        node.received += 1
        at = self._dated(said, now)
        match kind:
            case "detection_report":
                self._detected(node, said.detection_report, at)
            case "status_report":
                self._reported(node, said.status_report, now)
            case "alert":
                self._alerted(node, said.alert, at, line)
            case "task_ack":
                self._answered(node, said.task_ack, at)
            case "error":
                node.fault("complaint", f"error: {'; '.join(said.error.error_message)[:150]}")
            case _:
                raise NotTaken("invalid", f"{kind}: an edge node does not send this to its fusion node")
        node.accepted += 1
        self.counts.accepted += 1

    def _dated(self, said: Message, now: float) -> float:
        at = at_of(said)
        if at > now + self.manners.ahead_s_max:
            raise NotTaken("future", f"timestamp: {at - now:,.0f} s ahead of our clock; set the clock of the node")
        if at < now - self.manners.behind_s_max:
            raise NotTaken("old", f"timestamp: {now - at:,.0f} s old; {self.manners.behind_s_max:g} s are the most")
        return at

    def _detected(self, node: Node, report: Message, at: float) -> None:
        self._only_once(node, report, "detection_report")
        here = node.here()
        readings = node.teller.detection(at, report, node.profile, here)
        self._check_place(node, report, readings[0].place, here, "detection_report")
        node.remember(report.report_id)
        self._give(readings)

    def _only_once(self, node: Node, report: Message, path: str) -> None:
        if node.knows(report.report_id):
            self.counts.repeated += 1
            raise NotTaken("repeated", f"{path}.report_id: {report.report_id} was reported before")

    @staticmethod
    def _check_place(node: Node, report: Message, place: Place | None, here: Place | None, path: str) -> None:
        if place is not None and place is not here:
            node.check_reach(place, f"{path}.{report.WhichOneof('location_oneof')}")
        elif report.WhichOneof("location_oneof") == "location":
            node.fault("elsewhere", f"{path}.location: its coordinates are no place")

    def _reported(self, node: Node, report: Message, now: float) -> None:
        self._only_once(node, report, "status_report")
        node.remember(report.report_id)
        stray: NotTaken | None = None
        if report.HasField("node_location"):
            try:
                node.stands(report.node_location, now)
            except NotTaken as error:
                stray = error  # it lies about its place, and it is alive
        readings = node.status(report, now)
        self._give(readings)
        node.online = node.state is not None and node.state.system != GOODBYE
        if stray is not None:
            raise stray

    def _alerted(self, node: Node, alert: Message, at: float, line: Line) -> None:
        here = node.here()
        reading = node.teller.alert(at, alert, node.profile, here)
        if reading.place is not None and reading.place is not here:
            node.check_reach(reading.place, f"alert.{alert.WhichOneof('location_oneof')}")
        alert_id = alert.alert_id

        def acknowledge() -> None:
            line.say(message(self.id, self.clock(), alert_seen(alert_id), node.id))

        self._give((reading,), acknowledge)

    def _answered(self, node: Node, ack: Message, at: float) -> None:
        if ack.task_id not in node.tasks:
            raise NotTaken("invalid", "task_ack.task_id: no such task was given")
        status = word(ack, "task_status", "TASK_STATUS_")
        reasons = tuple(_plain(one) for one in ack.reason[:8])
        node.tasks[ack.task_id] = status
        self.counts.answered += 1
        body = Answer(task=ack.task_id, status=status, reasons=reasons)
        self._give((node.teller.reading(at, "answer", f"{ack.task_id} {status}", body, node.here()),))

    def _register(self, name: str, registration: Message, line: Line, now: float) -> None:
        reasons = [*unusable(registration), *self._unwelcome(name, line)]
        if reasons:
            line.say(message(self.id, now, declined(reasons), name))
            raise NotTaken(DECLINED, reasons[0])
        node = self.nodes.get(name) or self._new(name)
        other = self._lines.get(name)
        if other is not None and other is not line:
            node.fault("taken-over", "node_id: was registered over another connection, which is ended")
            other.hang_up()
        self._lines[name] = line
        node.online = True
        self.counts.registrations += 1
        self._give(node.registered(profile_of(registration), now))
        line.say(message(self.id, now, accepted(), name))

    def _unwelcome(self, name: str, line: Line) -> list[str]:
        known = self._known.get(name)
        if known is None and self._only_known:
            return ["node_id: is not listed here; have it added to the nodes of this connection"]
        if known is not None and known.subject and known.subject != line.subject:
            return [f"node_id: its certificate names {line.subject or 'nobody'!r}, which is not the one that is listed"]
        return ["node_id: no seat is left"] if name not in self.nodes and len(self.nodes) >= NODES_MAX else []

    def _new(self, name: str) -> Node:
        known = self._known.get(name)
        source = known.source if known is not None else f"sapient-{name}"
        teller = Teller(source=source, via=self._via, origin=self._origin, key=self._key)
        node = self.nodes[name] = Node(name, teller, self.manners, surveyed=self._surveyed.get(source))
        return node

    def _give(self, readings: Sequence[Reading[Any]], acknowledge: Callable[[], None] | None = None) -> None:
        """Hand readings to the engine; `acknowledge` is called once they are on disk."""
        for reading in readings[:-1]:
            self._waiting.append((reading, None))
        self._waiting.append((readings[-1], acknowledge))
        if len(self._waiting) >= BATCH_MAX or len(self._waiting) == len(readings):
            self._changed.notify_all()

    # What the engine calls.

    def next_batch(self, wait_s: float, *, urgent: bool) -> Delivered | None:
        """The readings that wait, and what was refused."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._waiting or self._rejected or self._closed), wait_s)
            self._gather()
            taken = [self._waiting.popleft() for _ in range(min(BATCH_MAX, len(self._waiting)))]
            rejected = tuple(self._rejected)
            self._rejected.clear()
            now = self.clock()
            told = [one for node in self.nodes.values() if node.untold and (one := node.conduct(now)) is not None]
            self._changed.notify_all()
        if not (taken or rejected or told):
            return None
        answers = [call for _, call in taken if call is not None]
        readings = (*(reading for reading, _ in taken), *told)
        return Delivered(readings, rejected, partial(_call_all, answers), urgent=urgent and bool(readings))

    def _gather(self) -> None:
        """While much comes, let a little more come: a delivery costs more than a reading. A lone one never waits."""
        left_s = self._given_at + GATHER_S - monotonic()
        if left_s > 0 and self._waiting:
            self._changed.wait_for(lambda: len(self._waiting) >= BATCH_MAX or self._closed, left_s)
        self._given_at = monotonic()

    def line_of(self, source: str) -> tuple[Node, Line] | None:
        """The node that is a source, and its connection; None while it is not connected."""
        with self._changed:
            for name, node in self.nodes.items():
                if node.teller.source == source and name in self._lines:
                    return node, self._lines[name]
        return None

    def problem(self) -> str:
        """The last trouble with a node, for ten minutes."""
        _, text, at = self._trouble
        return text if text and self.clock() - at < TROUBLE_S else ""

    def close(self) -> None:
        """Take no more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()


def _call_all(answers: Sequence[Callable[[], None]]) -> None:
    for answer in answers:
        answer()


def _fields_of(reasons: tuple[str, ...]) -> str:
    """The fields of the first problems: a reason of quarantine holds no content, and is one of few."""
    return ", ".join(dict.fromkeys(_INDEX.sub("", reason.partition(":")[0])[:120] for reason in reasons[:3]))


def _plain(text: str) -> str:
    return "".join(letter if letter.isprintable() else "·" for letter in text[:120])
