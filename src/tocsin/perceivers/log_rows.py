"""Lines of logs become rows: payload dropped, names of people and accounts turned into keyed tokens."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Any, ClassVar

from msgspec.structs import replace

from tocsin.contract.bodies import LogBatch, LogEvents
from tocsin.contract.loglines import row_of
from tocsin.contract.protocols import Perceived
from tocsin.contract.resources import Resources
from tocsin.formats import eve, zeek
from tocsin.model import BadInput, Body, ConfigError, Level, Reading

TOKENS_KEPT = 20_000
"""Most tokens remembered; a forgotten one comes out the same again."""

KEY_BYTES_MIN = 16
"""Shortest key: below, tokens of known names could be found by trying."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRows:
    """Reads EVE and Zeek lines; what names a person stays behind, as a token that cannot be turned back.

    Equal names give equal tokens within one installation (its key), so that one account is still
    seen to be one. The tables of fields stand in `formats.eve` and `formats.zeek`.

    >>> from pathlib import Path; from tocsin.model import Origin
    >>> line = b'{"ts":5.0,"user":"anna","id.orig_h":"10.0.0.1"}'
    >>> batch = LogBatch(format="zeek-json", lines=(line,), offsets=(0,), header="ftp")
    >>> rows = LogRows().start(Resources(content=Path("."), token_key=b"0123456789abcdef"))
    >>> seen = rows.perceive(Reading(at=9.0, origin=Origin.LIVE, source="zeek", seq=0, body=batch))
    >>> seen.readings[0].body.rows[0]["id.orig_h"], seen.readings[0].body.rows[0]["user"][:2]
    ('10.0.0.1', 't:')
    """

    kind: ClassVar[str] = "log.rows"
    needs: ClassVar[Level] = Level.CLEAR
    accepts: ClassVar[tuple[type[Body], ...]] = (LogBatch,)

    def start(self, resources: Resources) -> "RunningLogRows":
        """Ready to read; raises ConfigError without a key for the tokens."""
        if len(resources.token_key) < KEY_BYTES_MIN:
            raise ConfigError(f"{self.kind} needs a token key of {KEY_BYTES_MIN} bytes or more: create the keys first.")
        return RunningLogRows(resources.token_key)


class RunningLogRows:
    """The perceiver at work, with the key in force."""

    accepts: ClassVar[tuple[type[Body], ...]] = LogRows.accepts

    def __init__(self, token_key: bytes) -> None:
        self._token = _tokens(token_key)

    def perceive(self, reading: Reading[LogBatch]) -> Perceived:
        """One reading of rows at the time of the newest row; lines that are no events are rejected."""
        batch = reading.body
        rows, offsets, rejected = [], [], []
        for offset, line in zip(batch.offsets, batch.lines, strict=True):
            try:
                rows.append(self._row(batch, line))
                offsets.append(offset)
            except BadInput as error:
                rejected.append((line, str(error)))
        if not rows:
            return Perceived(rejected=tuple(rejected))
        body = LogEvents(format=batch.format.partition("-")[0], offsets=tuple(offsets), rows=tuple(rows))
        newest = max(row["at"] for row in rows)
        return Perceived(readings=(replace(reading, body=body, at=newest),), rejected=tuple(rejected))

    def _row(self, batch: LogBatch, line: bytes) -> dict[str, Any]:
        row = row_of(batch.format, batch.header, line)
        pseudonymised = eve.pseudonymised if batch.format == "eve" else zeek.pseudonymised
        pseudonymised(row, self._token)
        return row


def _tokens(key: bytes) -> Callable[[str], str]:
    """A keyed one-way function of names (BLAKE2b, 80 bits)."""

    @lru_cache(maxsize=TOKENS_KEPT)
    def token(name: str) -> str:
        digest = blake2b(name.casefold().encode(), key=key[:64], digest_size=10, person=b"tocsin-token")
        return f"t:{digest.hexdigest()}"

    return token
