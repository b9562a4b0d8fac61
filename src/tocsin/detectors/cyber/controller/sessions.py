"""What one client has done to one controller lately, and which of its deeds are part of which."""

from collections.abc import Mapping

from msgspec import Struct

from tocsin.detectors.cyber.controller.commands import Command, Deed
from tocsin.model import Place


class Done(Struct):
    """One kind of deed within a session; `fresh` is evidence not told yet."""

    protocol: str
    spoken: str
    since: float
    last: float
    count: int = 0
    fresh: list[str] = []


class Session(Struct):
    """What one client does to one controller without a long pause. `fresh_since`: first deed not told yet."""

    client: str
    controller: str
    since: float
    last: float
    fresh_since: float | None = None
    deeds: dict[str, Done] = {}
    things: dict[str, list[str]] = {}

    def note(self, deed: str, command: Command, evidence: str, evidence_max: int, *, quiet: bool) -> None:
        """Add one command to a deed of this session."""
        at = command.at
        done = self.deeds.get(deed)
        if done is None:
            done = self.deeds[deed] = Done(protocol=command.protocol, spoken=command.spoken, since=at, last=at)
        done.since, done.last, self.last = min(done.since, at), max(done.last, at), max(self.last, at)
        done.count += 1
        if quiet:
            return
        if len(done.fresh) < evidence_max:
            done.fresh.append(evidence)
        self.fresh_since = at if self.fresh_since is None else min(self.fresh_since, at)

    def distinct(self, command: Command, most: int) -> int:
        """On how many different objects this code was seen, counted up to `most`."""
        things = self.things.setdefault(command.code, [])
        if command.thing not in things and len(things) < most:
            things.append(command.thing)
        return len(things)

    def is_ripe(self, at: float, settle_s: float) -> bool:
        """Whether its first untold deed has waited long enough for a greater one."""
        return self.fresh_since is not None and at >= self.fresh_since + settle_s

    def is_over(self, at: float, cover_s: float, window_s: float) -> bool:
        """Whether a command at that time belongs to another session, later or (told late) earlier."""
        return at > min(self.last + cover_s, self.since + window_s) or at < self.since - cover_s

    def rest(self) -> None:
        """All is told."""
        self.fresh_since = None
        for done in self.deeds.values():
            done.fresh.clear()


class Habit(Struct):
    """What is routine on one controller: commands, and from when on each counts as usual."""

    since: float
    usual: dict[str, float] = {}


class Plant(Struct):
    """The controllers of one log and the sessions with them, least recently used first."""

    source: str = ""
    place: Place | None = None
    habits: dict[str, Habit] = {}
    sessions: dict[str, Session] = {}


def clusters(session: Session, deeds: Mapping[str, Deed], cover_s: float) -> dict[str, list[str]]:
    """The deeds of a session that are part of no other, each with those that are part of it."""
    found: dict[str, list[str]] = {name: [] for name in session.deeds if not _covered_by(session, name, deeds, cover_s)}
    for name in session.deeds:
        for greater in _covered_by(session, name, deeds, cover_s):
            if greater in found:
                found[greater].append(name)
    return found


def _covered_by(session: Session, name: str, deeds: Mapping[str, Deed], cover_s: float) -> list[str]:
    part = session.deeds[name]
    return [
        greater
        for greater, whole in session.deeds.items()
        if name in deeds[greater].covers and part.last >= whole.since - cover_s and part.since <= whole.last + cover_s
    ]
