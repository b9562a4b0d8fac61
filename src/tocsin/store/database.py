"""SQLite files: held by one writer, opened with settings that are asserted, brought up to date."""

import fcntl
import io
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from tocsin.model import StoreError

HEADS = {"log": "0002", "accounts": "0001"}
"""The newest schema revision of each kind of file; a test holds it to the migrations."""

Settings = Mapping[str, tuple[str, str | int]]
"""Per setting of SQLite: what to ask for, and what it must then say of itself."""

LOG_SETTINGS: Settings = {
    "journal_mode": ("WAL", "wal"),
    "synchronous": ("FULL", 2),
    "foreign_keys": ("ON", 1),
    "cell_size_check": ("ON", 1),
    "secure_delete": ("FAST", 2),
}
"""The event log: synced at every commit, pages checked as they are read, freed content overwritten."""

ACCOUNT_SETTINGS: Settings = {
    **LOG_SETTINGS,
    "journal_mode": ("DELETE", "delete"),
    "synchronous": ("EXTRA", 3),
    "secure_delete": ("ON", 1),
}
"""Accounts are few and written by several processes: a rollback journal, its deletion synced as well."""

PAGE_BYTES_MIN = 4096
"""Smaller pages make blobs of batches slow."""

CHECKED_BYTES_MAX = 64 * 2**20
"""A file up to this size is checked page by page when it is opened; blobs are checked by their seals anyway."""


class Lock:
    """The right to write in a folder, held by one process at a time (`flock` on `writer.lock`)."""

    def __init__(self, file: io.FileIO) -> None:
        self._file = file

    @classmethod
    def take(cls, folder: Path) -> Self:
        """Hold the folder, or raise StoreError naming the process that does."""
        file = io.FileIO(make_private(folder, "writer.lock"), "r+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = file.read(32).decode("ascii", "replace").strip() or "unknown"
            file.close()
            message = f"{folder} is being written by another Tocsin (process {holder}): stop it, or use another folder."
            raise StoreError(message) from error
        file.truncate(0)
        file.write(str(os.getpid()).encode())
        return cls(file)

    def free(self) -> None:
        """Let the next writer in."""
        self._file.close()


def make_private(folder: Path, name: str) -> Path:
    """The path of a file that only this account may read, created where it is absent."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / name
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        message = (
            f"Cannot write in {folder}: {error.strerror}. Give this account the right to, or choose another folder."
        )
        raise StoreError(message) from error
    return path


def connect(path: Path, settings: Settings) -> sqlite3.Connection:
    """A connection for writing whose settings are proven; raises StoreError with what to do."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0)
    try:
        for name, (value, _) in settings.items():
            connection.execute(f"PRAGMA {name} = {value}").fetchall()
        assert_settings(connection, settings)
        assert_pages(connection, path)
    except sqlite3.Error as error:
        connection.close()
        message = f"{path} cannot be opened: {error}. Restore it from a backup, or move it away to start anew."
        raise StoreError(message) from error
    except StoreError:
        connection.close()
        raise
    return connection


def assert_settings(connection: sqlite3.Connection, settings: Settings) -> None:
    """Raise StoreError unless every setting reads back as it was asked for."""
    for name, (_, wanted) in settings.items():
        (found,) = connection.execute(f"PRAGMA {name}").fetchone()
        if found != wanted:
            message = (
                f"SQLite says {name}={found}, needed is {wanted}: nothing could be promised to be on disk. "
                "Put the folder on a local disk (not a network share) that may be written."
            )
            raise StoreError(message)


def assert_pages(connection: sqlite3.Connection, path: Path) -> None:
    """Raise StoreError for pages that are too small or, in a file small enough to be read at once, broken."""
    (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
    if page_bytes < PAGE_BYTES_MIN:
        message = (
            f"{path} has pages of {page_bytes} bytes, needed are {PAGE_BYTES_MIN}: run VACUUM with that page_size."
        )
        raise StoreError(message)
    if path.stat().st_size > CHECKED_BYTES_MAX:
        return
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        message = f"{path} is damaged ({verdict}): restore it from a backup, or move it away to start anew."
        raise StoreError(message)


def revision_of(connection: sqlite3.Connection) -> str:
    """The schema revision of a file; empty for a new one."""
    known = "SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'"
    if connection.execute(known).fetchone() is None:
        return ""
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(row[0]) if row else ""


def bring_up_to_date(path: Path, kind: str) -> None:
    """Run the migrations of `kind` where the file is behind; Alembic is loaded only then."""
    connection = sqlite3.connect(path)
    try:
        revision = revision_of(connection)
    except sqlite3.DatabaseError as error:
        message = f"{path} is not a Tocsin store ({error}): restore it from a backup, or move it away to start anew."
        raise StoreError(message) from error
    finally:
        connection.close()
    if revision == HEADS[kind]:
        return
    from tocsin.store.migrate import upgrade

    upgrade(path, kind)


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that can only read, closed at the end."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0)
    try:
        connection.execute("PRAGMA query_only = ON")
        yield connection
    except sqlite3.DatabaseError as error:
        message = f"{path} cannot be read: {error}. Restore it from a backup."
        raise StoreError(message) from error
    finally:
        connection.close()
