"""Finds observations by evidence id: parses the id, asks the index, opens the rows."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator

from tocsin.model import Fact, Observation
from tocsin.store.spots import Spots

ROWS_OPEN_MAX = 64
"""Rows kept open while the ids of one question are looked up."""

RowKey = tuple[str, str, int]
OpenRow = Callable[[sqlite3.Connection, int], list[Fact]]
"""Gives the facts of the row that begins at a position; empty where it cannot be read any more."""


def readings_of(id: str) -> Iterator[RowKey]:
    """What an evidence id may mean: (source, boot, seq); names may hold slashes, so there may be several.

    >>> list(readings_of("cam/7/12+90"))
    [('cam/7', '', 12), ('cam', '7', 12)]
    """
    name, _, number = id.rpartition("/")
    digits = number.partition("+")[0]
    if not name or not digits.lstrip("-").isdecimal():
        return
    seq = int(digits)
    yield name, "", seq
    for index, letter in enumerate(name):
        if letter == "/":
            yield name[:index], name[index + 1 :], seq


class Search:
    """The answers to one question; opens a row once for all the ids that lie in it."""

    def __init__(self, connection: sqlite3.Connection, spots: Spots, open_row: OpenRow) -> None:
        self._connection = connection
        self._spots = spots
        self._open_row = open_row
        self._open: dict[int, dict[RowKey, Fact]] = {}

    def find(self, ids: Iterable[str]) -> dict[str, Fact]:
        """Those ids that are found, with their observations."""
        found = ((key, self._one(key)) for key in ids)
        return {key: fact for key, fact in found if fact is not None}

    def _one(self, id: str) -> Fact | None:
        for reading in readings_of(id):
            fact = self._read(reading)
            if fact is not None:
                return fact
        return None

    def _read(self, reading: RowKey) -> Fact | None:
        source, boot, seq = reading
        known = "SELECT id FROM stream WHERE source = ? AND boot = ?"
        stream = self._connection.execute(known, (source, boot)).fetchone()
        if stream is None or abs(seq) >= 2**63:
            return None
        rows = self._spots.rows(self._connection, stream[0], seq)
        return next((fact for row in rows if (fact := self._facts(row).get(reading)) is not None), None)

    def _facts(self, row: int) -> dict[RowKey, Fact]:
        if row not in self._open:
            if len(self._open) >= ROWS_OPEN_MAX:
                del self._open[next(iter(self._open))]
            facts = self._open_row(self._connection, row)
            self._open[row] = {(f.source, f.boot, f.seq): f for f in facts if isinstance(f, Observation)}
        return self._open[row]
