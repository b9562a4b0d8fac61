"""`tocsin add log`: which format a log file has, what its first lines say, and the input that follows it."""

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec import Struct

from tocsin.app.config import FILE, load_settings
from tocsin.app.edit import put_entry
from tocsin.app.layout import city_folder, free_name
from tocsin.app.registering import Spot, register, sensor_of
from tocsin.city.context import City
from tocsin.city.registry import Sensor
from tocsin.contract.bodies import LogBatch
from tocsin.contract.loglines import FORMATS, LineBatcher, format_of, log_name
from tocsin.contract.resources import Resources
from tocsin.model import BadInput, ConfigError, Origin, Reading
from tocsin.perceivers.log_rows import LogRows

HEAD_BYTES = 256 * 1024
"""How much of a file is looked at."""

LINES_MAX = 100
"""Most lines that are read to show the first rows."""

SHOWN = (
    *("event_type", "log", "src_ip", "dest_ip", "id.orig_h", "id.resp_h", "proto"),
    *("Channel", "EventID", "Computer", "host", "program", "type", "exe"),
)
"""Fields of a row that are shown, as far as it has them."""


class Look(Struct, frozen=True, kw_only=True):
    """What the beginning of a log file shows: `rows` as admission leaves them, `problems` of lines that are none."""

    path: Path
    format: str
    rows: tuple[dict[str, Any], ...]
    problems: tuple[str, ...] = ()


def look(path: Path, rows: int = 3) -> Look:
    """Format and first rows of a log; names of accounts in them are tokens already.

    Raises ConfigError for a file that cannot be followed, BadInput for one that cannot be read as a log.
    """
    head = _head(path)
    kind = format_of(head)
    if kind is None:
        message = f"{path.name} is in none of the formats {', '.join(FORMATS)}: name the log file itself."
        raise BadInput(message)
    batches = list(_batches(path, kind, head))
    running = LogRows().start(Resources(token_key=secrets.token_bytes(32)))
    seen = [running.perceive(Reading(at=0.0, origin=Origin.LIVE, source="look", seq=0, body=one)) for one in batches]
    found = [row for one in seen for reading in one.readings for row in reading.body.rows]
    problems = tuple(reason for one in seen for _, reason in one.rejected)
    if not found:
        raise BadInput(f"{path.name} has no line that can be read yet. {problems[0] if problems else 'It is empty.'}")
    return Look(path=path.resolve(), format=kind, rows=tuple(found[:rows]), problems=problems)


def _head(path: Path) -> bytes:
    if path.suffix == ".gz":
        message = f"{path.name} is packed, so nothing is written to it any more: `tocsin replay` reads it."
        raise ConfigError(message)
    try:
        with path.open("rb") as file:
            return file.read(HEAD_BYTES)
    except OSError as error:
        message = f"Cannot read {path}: {error.strerror}. Check the path, and that this account may read it."
        raise ConfigError(message) from error


def _batches(path: Path, format: str, head: bytes) -> Iterator[LogBatch]:
    batcher = LineBatcher(format, log_name(path.name) if format == "zeek-json" else "")
    for number, line in enumerate(_whole_lines(head)):
        if (batch := batcher.take(number, line)) is not None:
            yield batch
    if (batch := batcher.flush()) is not None:
        yield batch


def _whole_lines(head: bytes) -> list[bytes]:
    """The first lines, without one that the beginning of the file cuts."""
    whole = head[: head.rfind(b"\n") + 1] if len(head) == HEAD_BYTES else head
    return whole.splitlines()[:LINES_MAX]


def row_text(row: dict[str, Any]) -> str:
    """The fields of a row that tell most, without control characters."""
    alert = row.get("alert")
    at = datetime.fromtimestamp(row["at"], UTC).isoformat(timespec="seconds")
    parts = [at, *(f"{name}={row[name]}" for name in SHOWN if name in row)]
    if isinstance(alert, dict) and "signature" in alert:
        parts.append(f"signature={alert['signature']}")
    return _printable(" ".join(parts))


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "·" for letter in text)


def add_log(
    folder: Path, seen: Look, spot: Spot, *, source: str = "", only_new: bool = False
) -> tuple[str, Sensor | None]:
    """Write the input that follows the log, and its sensor; gives the source and the sensor where it is new.

    A log that is followed already keeps its input and source.
    """
    settings = load_settings(folder)
    known = {plan.parameters.get("path"): name for name, plan in settings.inputs.items() if plan.kind == "tail"}
    name = known.get(str(seen.path))
    if name is not None:
        source = source or str(settings.inputs[name].parameters.get("source", ""))
    source = source or _source(seen, frozenset(City.load(city_folder(folder)).sensors))
    name = name or free_name(source, set(settings.inputs))
    parameters: dict[str, Any] = {"path": str(seen.path), "source": source}
    if only_new:
        parameters["from_start"] = False
    put_entry(folder / FILE, "inputs", name, {"kind": "tail", "parameters": parameters})
    new = register(folder, [sensor_of(source, ["log.events/1"], spot, often=False)])
    return source, new[0] if new else None


def _source(seen: Look, taken: frozenset[str]) -> str:
    """`ids-1`, `zeek-conn`, `windows-security`: what the sensor is called that writes such a log."""
    if seen.format == "eve":
        number = next(n for n in range(1, len(taken) + 2) if f"ids-{n}" not in taken)
        return f"ids-{number}"
    return free_name(f"{seen.format.partition('-')[0]}-{log_name(seen.path.name)}", taken)
