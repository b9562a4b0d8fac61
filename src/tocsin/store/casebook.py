"""The casebook: incidents with their revisions, proposals, outcomes, and the evidence that was copied for them."""

import sqlite3
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TypeVar, cast

from msgspec.structs import replace

from tocsin.model import Action, Fact, Incident, IncidentState, NotFound, Observation, Outcome, Proposal, derived_id
from tocsin.model.wire import decode, encode
from tocsin.store.log import EventLog
from tocsin.store.retention import first_kept_hour

CLASS = "case"
EVIDENCE_CLASS = "evidence"

CaseFact = Incident | Proposal | Action | Outcome
C = TypeVar("C", Incident, Proposal, Action, Outcome)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLimits:
    """What is kept per incident: the first and the newest revisions, and so many facts of evidence."""

    revisions_max: int = 200
    evidence_facts_max: int = 10_000


class Casebook:
    """What people read about cases; derived from the log, so a repeat changes nothing."""

    def __init__(self, log: EventLog, limits: CaseLimits | None = None) -> None:
        self._log = log
        self._limits = limits or CaseLimits()

    def save(self, facts: Sequence[CaseFact]) -> "Future[int]":
        """Replace those that are older than what is given; resolves to how many were, once on disk."""

        def job(connection: sqlite3.Connection) -> int:
            return sum(self._save_one(connection, fact) for fact in facts)

        return self._log.post(job)

    def incidents(self, state: IncidentState | None = None, limit: int = 1000) -> list[Incident]:
        """Current revisions, the latest changed first; of one state only where it is given."""
        return self._many(Incident, _BY_STATE if state else _ALL, (state.value, limit) if state else (limit,))

    def incident(self, id: str) -> Incident:
        """The current revision; raises NotFound."""
        return self._one(Incident, id)

    def history(self, id: str) -> list[Incident]:
        """The revisions that are kept, oldest first; raises NotFound for an unknown incident."""
        query = "SELECT incident, rev, hour, sealed FROM revision WHERE incident = ? ORDER BY rev"
        with self._log.reading() as connection:
            rows = connection.execute(query, (id,)).fetchall()
        if not rows:
            raise NotFound(_missing(Incident, id))
        return [cast(Incident, self._unseal("revision", row)) for row in rows]

    def proposals(self, incident: str | None = None, limit: int = 1000) -> list[Proposal]:
        """Current revisions, the latest first; of one incident only where it is given."""
        return self._many(Proposal, _BY_ABOUT if incident else _ALL, (incident, limit) if incident else (limit,))

    def proposal(self, id: str) -> Proposal:
        """The current revision; raises NotFound."""
        return self._one(Proposal, id)

    def actions(self, proposal: str | None = None, limit: int = 1000) -> list[Action]:
        """What was approved, the latest first; of one proposal only where it is given."""
        return self._many(Action, _BY_ABOUT if proposal else _ALL, (proposal, limit) if proposal else (limit,))

    def outcomes(self, action: str | None = None, limit: int = 1000) -> list[Outcome]:
        """What became of actions, the latest first; of one action only where it is given."""
        return self._many(Outcome, _BY_ABOUT if action else _ALL, (action, limit) if action else (limit,))

    def copy_evidence(self, incident_id: str, facts: Iterable[Fact]) -> int:
        """Copy facts into the bundle of an incident, once each; how many were new.

        They get keys of their own, so they outlive the log. At most `evidence_facts_max` are kept.
        """
        copies = list(facts)

        def job(connection: sqlite3.Connection) -> int:
            kept = "SELECT count(*) FROM evidence WHERE incident = ?"
            before = connection.execute(kept, (incident_id,)).fetchone()[0]
            connection.executemany(_COPY, (self._evidence_row(incident_id, fact) for fact in copies))
            return int(connection.execute(kept, (incident_id,)).fetchone()[0] - before)

        return self._log.write(job) if copies else 0

    def evidence(self, incident_id: str) -> list[Fact]:
        """What was copied for an incident, in order of time, bodies decoded."""
        query = "SELECT incident, id, hour, sealed FROM evidence WHERE incident = ? ORDER BY at, id"
        with self._log.reading() as connection:
            rows = connection.execute(query, (incident_id,)).fetchall()
        unseal = self._log.sealer.unseal
        return [decode(unseal(EVIDENCE_CLASS, hour, _name("evidence", of, key), raw)) for of, key, hour, raw in rows]

    def retain(self, now: float, hours: float) -> int:
        """Delete closed and merged cases that did not change for `hours`, with all that belongs to them."""
        first = first_kept_hour(now, hours)

        def job(connection: sqlite3.Connection) -> tuple[int, int]:
            gone = _delete_cases(connection, now - hours * 3600)
            needed = connection.execute(_OLDEST, (first, first)).fetchone()[0]  # an open case may be old
            return gone, self._log.keep_from(connection, CLASS, min(first, needed))

        gone, hour = self._log.write(job)
        self._log.sealer.keys.drop_before(CLASS, hour)
        return gone

    def retain_evidence(self, now: float, hours: float) -> int:
        """Delete copied evidence that is older, also of cases that are kept; how many facts went."""
        hour = first_kept_hour(now, hours)

        def job(connection: sqlite3.Connection) -> int:
            self._log.keep_from(connection, EVIDENCE_CLASS, hour)
            return connection.execute("DELETE FROM evidence WHERE hour < ?", (hour,)).rowcount

        gone = self._log.write(job)
        self._log.sealer.keys.drop_before(EVIDENCE_CLASS, hour)
        return gone

    def _save_one(self, connection: sqlite3.Connection, fact: CaseFact) -> int:
        kind, hour, rev = _kind(type(fact)), self._log.hour(CLASS, fact.at), getattr(fact, "rev", 0)
        sealed = self._seal(kind, hour, rev, fact)
        row = (kind, fact.id, rev, fact.at, hour, _about(fact), getattr(fact, "state", ""), sealed)
        saved = connection.execute(_UPSERT, row).rowcount
        if saved and isinstance(fact, Incident):
            self._save_revision(connection, fact, hour)
        return saved

    def _save_revision(self, connection: sqlite3.Connection, incident: Incident, hour: int) -> None:
        sealed = self._seal("revision", hour, incident.rev, incident)
        connection.execute("INSERT INTO revision VALUES (?, ?, ?, ?)", (incident.id, incident.rev, hour, sealed))
        connection.execute(_TRIM, (incident.id, incident.id, incident.id, self._limits.revisions_max - 1))

    def _seal(self, kind: str, hour: int, rev: int, fact: CaseFact) -> bytes:
        return self._log.sealer.seal(CLASS, hour, _name(kind, fact.id, rev), encode(fact))

    def _unseal(self, kind: str, row: tuple[str, int, int, bytes]) -> Fact:
        key, rev, hour, sealed = row
        return decode(self._log.sealer.unseal(CLASS, hour, _name(kind, key, rev), sealed))

    def _one(self, kind: type[C], id: str) -> C:
        query = "SELECT id, rev, hour, sealed FROM casework WHERE kind = ? AND id = ?"
        with self._log.reading() as connection:
            row = connection.execute(query, (_kind(kind), id)).fetchone()
        if row is None:
            raise NotFound(_missing(kind, id))
        return cast(C, self._unseal(_kind(kind), row))

    def _many(self, kind: type[C], query: str, values: tuple[str | int | None, ...]) -> list[C]:
        with self._log.reading() as connection:
            rows = connection.execute(query, (_kind(kind), *values)).fetchall()
        return [cast(C, self._unseal(_kind(kind), row)) for row in rows]

    def _evidence_row(self, incident_id: str, fact: Fact) -> tuple[str, str, float, int, bytes, str, int]:
        key, hour = _evidence_id(fact), self._log.hour(EVIDENCE_CLASS, fact.at)
        sealed = self._log.sealer.seal(EVIDENCE_CLASS, hour, _name("evidence", incident_id, key), encode(fact))
        return incident_id, key, fact.at, hour, sealed, incident_id, self._limits.evidence_facts_max


def _kind(kind: type[CaseFact]) -> str:
    return str(kind.__struct_config__.tag)


def _about(fact: CaseFact) -> str:
    match fact:
        case Proposal():
            return fact.incident
        case Action():
            return fact.proposal.id
        case Outcome():
            return fact.action
        case _:
            return ""


def _evidence_id(fact: Fact) -> str:
    """Observations by their own id, other facts by their content: a copy made twice is one."""
    if isinstance(fact, Observation):
        return fact.id
    return derived_id("copy", encode(replace(fact, pos=0)).hex())


def _missing(kind: type[CaseFact], id: str) -> str:
    return f"There is no {_kind(kind)} {id!r}: list them to see which there are."


def _name(kind: str, id: str, rev: int | str) -> str:
    return f"{kind} {id} {rev}"


def _delete_cases(connection: sqlite3.Connection, before: float) -> int:
    ids = connection.execute(_OVER, (before,)).fetchall()
    for delete in _DELETES:
        connection.executemany(delete, ids)
    return len(ids)


_SELECT = "SELECT id, rev, hour, sealed FROM casework WHERE kind = ?"
_ALL = _SELECT + " ORDER BY at DESC, id LIMIT ?"
_BY_STATE = _SELECT + " AND state = ? ORDER BY at DESC, id LIMIT ?"
_BY_ABOUT = _SELECT + " AND about = ? ORDER BY at DESC, id LIMIT ?"
_UPSERT = """INSERT INTO casework VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET
    rev = excluded.rev, at = excluded.at, hour = excluded.hour, about = excluded.about,
    state = excluded.state, sealed = excluded.sealed
    WHERE excluded.rev > casework.rev OR (casework.kind IN ('action', 'outcome') AND excluded.at >= casework.at)"""
_TRIM = """DELETE FROM revision WHERE incident = ? AND rev > (SELECT min(rev) FROM revision WHERE incident = ?)
    AND rev <= (SELECT rev FROM revision WHERE incident = ? ORDER BY rev DESC LIMIT 1 OFFSET ?)"""
_COPY = """INSERT OR IGNORE INTO evidence SELECT ?, ?, ?, ?, ?
    WHERE (SELECT count(*) FROM evidence WHERE incident = ?) < ?"""
_OVER = "SELECT id FROM casework WHERE kind = 'incident' AND state IN ('closed', 'merged') AND at < ?"
_DELETES = (
    """DELETE FROM casework WHERE kind = 'outcome' AND about IN (SELECT id FROM casework WHERE kind = 'action'
    AND about IN (SELECT id FROM casework WHERE kind = 'proposal' AND about = ?))""",
    """DELETE FROM casework WHERE kind = 'action'
    AND about IN (SELECT id FROM casework WHERE kind = 'proposal' AND about = ?)""",
    "DELETE FROM casework WHERE kind = 'proposal' AND about = ?",
    "DELETE FROM revision WHERE incident = ?",
    "DELETE FROM evidence WHERE incident = ?",
    "DELETE FROM casework WHERE kind = 'incident' AND id = ?",
)
"""Everything of one incident, in this order."""
_OLDEST = """SELECT min((SELECT coalesce(min(hour), ?) FROM casework),
    (SELECT coalesce(min(hour), ?) FROM revision))"""
