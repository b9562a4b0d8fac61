"""What is done with each frame: checked, opened, kept from being counted twice, delivered, answered."""

import os
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import time
from typing import Any
from zlib import crc32

import msgspec

from tocsin.contract.bodies import Alive, Contact, LogBatch
from tocsin.contract.protocols import Delivered
from tocsin.formats.sia_dc09 import (
    ALARMING,
    Codes,
    Envelope,
    Frame,
    Garbled,
    acknowledgement,
    envelope_of,
    frame_of,
    place_of,
    refusal,
    rows_of,
    time_of,
    unable,
)
from tocsin.model import BadInput, Body, Origin, Place, Reading
from tocsin.sources.alarm_panel.switchboard import Caller

BATCH_MAX = 500
"""Most messages of one delivery."""

REPEAT_S = 60.0
"""So long the same number with the same content is the same message, sent again; later, it is a new one."""

REPEATS_KEPT = 256
"""Most messages of one panel that are known again."""

AGAIN_S = 10.0
"""A message that is repeated so long after its delivery, and not on disk yet, is delivered once more."""

CALLERS_MAX = 8
"""Most callers that wait for the acknowledgement of one message."""

REJECTED_MAX = 1_000
"""Most unreadable frames that wait for quarantine; beyond, they are counted and not kept."""

OLD_S_MAX = 7 * 86_400.0
"""How old an event may be that a panel kept for us; older, its clock is wrong and the arrival counts."""

SINCE_2020_S = 1_577_836_800
"""The second at which numbers of messages begin, so that they fit 64 bits for centuries."""

TROUBLE_S = 600.0
"""How long the last trouble with a panel is told."""

_encode = msgspec.json.encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A panel that we know: its sensor id, its key (empty: none), and which zones are sensors."""

    source: str
    key: bytes = field(default=b"", repr=False)
    zones: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Counts:
    """What became of frames; `not_kept` were unreadable and too many to be quarantined."""

    received: int = 0
    acknowledged: int = 0
    repeated: int = 0
    garbled: int = 0
    refused: int = 0
    unable: int = 0
    not_kept: int = 0


@dataclass(slots=True)
class _Call:
    """One message on its way to the log, and who waits for its acknowledgement."""

    envelope: Envelope
    key: bytes
    readings: tuple[Reading[Any], ...]
    came_at: float
    callers: list[Caller]
    given_at: float | None = None
    logged: bool = False


class _NotNow(BadInput):
    """The panel may try again, told what time it is."""


class Reception:
    """Between the switchboard's thread, which hears, and the engine's, which takes and acknowledges."""

    def __init__(
        self,
        *,
        known: Mapping[str, Known],
        codes: Codes,
        via: str,
        origin: Origin,
        window_s: tuple[float, float],
        waiting_max: int,
        clock: Callable[[], float] = time,
    ) -> None:
        self._known = known
        self._codes = codes
        self._via = via
        self._origin = origin
        self._window_s = window_s
        self._waiting_max = waiting_max
        self._clock = clock
        self._waiting: deque[_Call] = deque()
        self._rejected: deque[tuple[bytes, str]] = deque()
        self._calls: dict[str, OrderedDict[tuple[str, ...], _Call]] = {account: OrderedDict() for account in known}
        self._changed = threading.Condition()
        self._closed = False
        self._trouble = ("", "", 0.0)
        self.counts = Counts()

    def frame(self, raw: bytes, caller: Caller) -> None:
        """One frame, as it came: it is answered, now or when it is on disk."""
        self.counts.received += 1
        now = self._clock()
        try:
            envelope = envelope_of(raw)
        except Garbled as error:
            self.noise(raw, str(error))
            return
        try:
            panel = self._panel(envelope)
            self._queue(self._opened(envelope, panel, now), envelope, panel, caller, now)
        except _NotNow as error:
            self.counts.refused += 1
            caller.answer(refusal(now))
            self._complain(raw, envelope, caller, str(error))
        except BadInput as error:
            self.counts.unable += 1
            caller.answer(unable(envelope))
            self._complain(raw, envelope, caller, str(error))

    def noise(self, raw: bytes, reason: str) -> None:
        """What is no frame: quarantined, not answered (DC-09 section 5.5.3)."""
        self.counts.garbled += 1
        self._reject(raw, reason)

    def _panel(self, envelope: Envelope) -> Known:
        panel = self._known.get(envelope.account)
        if panel is None:
            raise BadInput("This account is not listed: add it under `panels` of this input.")
        if panel.key and not envelope.encrypted:
            raise BadInput("This message is not encrypted, but its panel has a key: switch encryption on in the panel.")
        return panel

    def _opened(self, envelope: Envelope, panel: Known, now: float) -> Frame:
        """What it says; of an encrypted one only what the right key opens, and of now (DC-09 section 5.5.1.8)."""
        if not panel.key:
            return frame_of(envelope)
        try:
            frame = frame_of(envelope, panel.key)
        except BadInput as error:
            raise _NotNow(str(error)) from error
        if frame.at is None:
            raise _NotNow("This message is encrypted and has no time: it could be an old one, played again.")
        off = frame.at - now
        if not -self._window_s[0] <= off <= self._window_s[1]:
            side = "ahead" if off > 0 else "old"
            raise _NotNow(f"The time of this message is {abs(off):.0f} s {side}: set the panel's clock.")
        return frame

    def _queue(self, frame: Frame, envelope: Envelope, panel: Known, caller: Caller, now: float) -> None:
        identity = (frame.token, frame.sequence, frame.receiver, frame.line, frame.data, *frame.extended)
        calls = self._calls[envelope.account]
        with self._changed:
            call = None if frame.token == "NULL" else calls.get(identity)  # noqa: S105  # a token of the protocol
            if call is not None and now - call.came_at <= REPEAT_S:
                self._again(call, caller, now)
            elif self._closed or len(self._waiting) >= self._waiting_max:
                self.counts.refused += 1
                caller.answer(refusal(now))
            else:
                call = _Call(envelope, panel.key, self._readings(frame, panel, caller, now), now, [caller])
                self._remember(calls, identity, call)
                self._waiting.append(call)
                self._changed.notify_all()
                self._understood(panel)

    def _remember(self, calls: "OrderedDict[tuple[str, ...], _Call]", identity: tuple[str, ...], call: _Call) -> None:
        calls[identity] = call
        calls.move_to_end(identity)
        while len(calls) > REPEATS_KEPT:
            calls.popitem(last=False)

    def _again(self, call: _Call, caller: Caller, now: float) -> None:
        """A panel that was not answered in time: answer it when, or as soon as, its message is on disk."""
        self.counts.repeated += 1
        if call.logged:
            self._acknowledge(call, [caller], now)
            return
        call.callers = [*call.callers, caller][-CALLERS_MAX:]
        if call.given_at is not None and now - call.given_at > AGAIN_S and len(self._waiting) < self._waiting_max:
            call.given_at = None
            self._waiting.append(call)
            self._changed.notify_all()

    def _readings(self, frame: Frame, panel: Known, caller: Caller, now: float) -> tuple[Reading[Any], ...]:
        """What a message says: its events as rows, the sides of what has two, or a sign of life."""
        at = _believed(time_of(frame), now, OLD_S_MAX, self._window_s[1])
        sent = _believed(frame.at, now, OLD_S_MAX, OLD_S_MAX)
        content = f"{sent}|{frame.token}|{frame.sequence}|{frame.data}|{frame.extended}".encode()
        number = (int(sent) - SINCE_2020_S) << 32 | crc32(content) & 0xFFFFFF00  # the low byte is for its events
        make = _Maker(panel, at, number, place_of(frame), self._via, self._origin)
        told: dict[str, Any] = {"panel": panel.source, "src_ip": caller.address, "transport": caller.transport}
        if frame.at is not None:
            told["clock_off_s"] = round(frame.at - now, 1)
        rows = rows_of(frame, self._codes, at, told)
        return make.all(rows) if rows else (make.reading(panel.source, "alive", 0, Alive(online=True)),)

    def next_batch(self, wait_s: float, *, urgent: bool) -> Delivered | None:
        """The messages that wait, and what could not be read."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._waiting or self._rejected or self._closed), wait_s)
            calls = [self._waiting.popleft() for _ in range(min(BATCH_MAX, len(self._waiting)))]
            rejected = tuple(self._rejected)
            self._rejected.clear()
            for call in calls:
                call.given_at = self._clock()
        readings = tuple(reading for call in calls for reading in call.readings)
        if not readings and not rejected:
            return None
        return Delivered(readings, rejected, lambda: self._logged(calls), urgent=urgent and bool(readings))

    def _logged(self, calls: list[_Call]) -> None:
        with self._changed:
            now = self._clock()
            for call in calls:
                call.logged = True
                self._acknowledge(call, call.callers, now)
                call.callers, call.readings = [], ()

    def _acknowledge(self, call: _Call, waiting: list[Caller], now: float) -> None:
        for caller in waiting:
            self.counts.acknowledged += 1
            caller.answer(acknowledgement(call.envelope, call.key, now, os.urandom(16)))

    def _reject(self, raw: bytes, reason: str) -> None:
        with self._changed:
            if len(self._rejected) >= REJECTED_MAX:
                self.counts.not_kept += 1
                return
            self._rejected.append((raw, reason))
            self._changed.notify_all()

    def _complain(self, raw: bytes, envelope: Envelope, caller: Caller, reason: str) -> None:
        """Quarantine a frame, and tell of whom it came."""
        self._reject(raw, reason)
        panel = self._known.get(envelope.account)
        source = panel.source if panel is not None else f"a panel at {caller.address}"
        self._trouble = (source, f"{source}: {reason}", self._clock())

    def _understood(self, panel: Known) -> None:
        if self._trouble[0] == panel.source:
            self._trouble = ("", "", 0.0)

    def problem(self) -> str:
        """The last trouble with a panel, for ten minutes or until that panel is understood."""
        _, text, at = self._trouble
        return text if text and self._clock() - at < TROUBLE_S else ""

    def close(self) -> None:
        """Take no more: who calls now is asked to call again."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()


def _believed(said: float | None, now: float, behind_s: float, ahead_s: float) -> float:
    """What a clock said, or the arrival where it says nothing or what cannot be."""
    return said if said is not None and now - behind_s <= said <= now + ahead_s else now


def _two_sided(row: Mapping[str, Any]) -> bool:
    return row["class"] in ALARMING and row["state"] in ("alarm", "restore")


@dataclass(frozen=True, slots=True)
class _Maker:
    """Makes the readings of one message, which have its time, number and place."""

    panel: Known
    at: float
    number: int
    place: Place | None
    via: str
    origin: Origin

    def all(self, rows: list[dict[str, Any]]) -> tuple[Reading[Any], ...]:
        """The events as lines of a log, and a side of each that has two."""
        contacts = (self.contact(index, row) for index, row in enumerate(rows) if _two_sided(row))
        return (self.rows(rows), *contacts)

    def rows(self, rows: list[dict[str, Any]]) -> Reading[Any]:
        """All events of the message, as lines of a log."""
        lines = tuple(_encode(row) for row in rows)
        batch = LogBatch(format="sia", lines=lines, offsets=tuple(range(len(lines))))
        return self.reading(self.panel.source, "events", 0, batch, len(lines) - 1)

    def contact(self, index: int, row: Mapping[str, Any]) -> Reading[Any]:
        """One side of a two-sided event, of the sensor that the zone is, or of a zone of the panel."""
        zone = row.get("zone", "")
        sensor = self.panel.zones.get(zone) if zone else None
        name = row["class"] if sensor or not zone else f"zone {zone} {row['class']}"
        body = Contact(name=name, active=row["state"] == "alarm", flags=(row["class"],))
        return self.reading(sensor or self.panel.source, f"zones of {self.panel.source}", index, body)

    def reading(self, source: str, boot: str, index: int, body: Body, more: int = 0) -> Reading[Any]:
        first = self.number + index
        end = first + more if more else -1
        place = self.place if source == self.panel.source else None
        return Reading(
            at=self.at,
            origin=self.origin,
            source=source,
            seq=first,
            seq_end=end,
            boot=boot,
            body=body,
            via=self.via,
            place=place,
        )
