"""Snapshots of the stages: changed keys and the log position in one transaction, sealed."""

import sqlite3
from collections.abc import Mapping
from pathlib import Path

from tocsin.store.database import reading
from tocsin.store.log import FILE, EventLog
from tocsin.store.scribe import RESUME_CLASS
from tocsin.store.sealing import Keys, Sealer

StateKey = tuple[str, str]
"""Stage and key."""


class Snapshots:
    """The state of every fold as of one log position."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    def save(self, pos: int, dirty: Mapping[StateKey, bytes | None]) -> None:
        """Replace the states that changed (None deletes) and move the position, all or nothing."""
        kept = [(*at, self._seal(at, state)) for at, state in dirty.items() if state is not None]
        gone = [at for at, state in dirty.items() if state is None]

        def job(connection: sqlite3.Connection) -> None:
            connection.executemany(_UPSERT, kept)
            connection.executemany("DELETE FROM snapshot WHERE stage = ? AND key = ?", gone)
            connection.execute(_MOVE, (pos,))

        self._log.write(job)

    def load(self) -> tuple[int, dict[StateKey, bytes]]:
        """The position from which to refold, and all states; (0, {}) where none was saved."""
        with self._log.reading() as connection:
            connection.execute("BEGIN")  # position and states of one moment
            pos = connection.execute("SELECT pos FROM snapshot_at").fetchone()
            rows = connection.execute("SELECT stage, key, sealed FROM snapshot").fetchall()
        return (pos[0] if pos else 0), {(stage, key): self._unseal((stage, key), raw) for stage, key, raw in rows}

    def clear(self) -> None:
        """Forget all states: the next start folds the whole log anew."""

        def job(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM snapshot")
            connection.execute("DELETE FROM snapshot_at")

        self._log.write(job)

    def _seal(self, at: StateKey, state: bytes) -> bytes:
        return self._log.sealer.seal(RESUME_CLASS, 0, _name(at), state)

    def _unseal(self, at: StateKey, sealed: bytes) -> bytes:
        return self._log.sealer.unseal(RESUME_CLASS, 0, _name(at), sealed)


def states_at_rest(folder: Path, keys: Keys, stage: str) -> dict[str, bytes]:
    """The states of one stage by key, as the last snapshot in a log's folder has them; whoever writes goes on."""
    sealer = Sealer(keys)
    with reading(folder / FILE) as connection:
        rows = connection.execute("SELECT key, sealed FROM snapshot WHERE stage = ?", (stage,)).fetchall()
    return {key: sealer.unseal(RESUME_CLASS, 0, _name((stage, key)), raw) for key, raw in rows}


def _name(at: StateKey) -> str:
    return "snapshot " + "\x1f".join(at)


_UPSERT = "INSERT INTO snapshot VALUES (?, ?, ?) ON CONFLICT (stage, key) DO UPDATE SET sealed = excluded.sealed"
_MOVE = "INSERT INTO snapshot_at VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET pos = excluded.pos"
