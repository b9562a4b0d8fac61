"""Sigma rules through pySigma's SQLite backend: events into tables, one query per rule. Prints JSON.

Called as `.venv-peers/bin/python sigma_sqlite.py RULES EVENTS`: a folder of rules and a file of events as
evtx_dump writes them. In favour of the peer, each event lies in a table of its own log source only
(with the tables of wider ones as views), and converting the rules is not counted.
"""

import json
import re
import sqlite3
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

BATCH = 1_000
_CATEGORIES = {
    1: "process_creation",
    3: "network_connection",
    7: "image_load",
    10: "process_access",
    11: "file_event",
    13: "registry_set",
    22: "dns_query",
}
_SERVICES = {"Security": "security", "Microsoft-Windows-PowerShell/Operational": "powershell"}


def queries(folder: Path) -> Iterator[tuple[str, str, set[str]]]:
    """(table, query, fields) of every rule that the backend converts."""
    from sigma.backends.sqlite import sqliteBackend  # type: ignore[import-not-found,import-untyped,unused-ignore]
    from sigma.collection import SigmaCollection
    from sigma.exceptions import SigmaError

    backend = sqliteBackend()
    for path in sorted(folder.rglob("*.yml")):
        try:
            rules = SigmaCollection.from_yaml(path.read_text(encoding="utf-8"))
            rule: Any = rules.rules[0]
            for query in backend.convert(rules):
                yield rule.logsource.category or rule.logsource.service or "rest", query, set(fields_of(rule.detection))
        except (SigmaError, NotImplementedError, AttributeError) as error:
            sys.stderr.write(f"not converted: {path.name}: {type(error).__name__}\n")


def fields_of(detection: Any) -> Iterator[str]:  # noqa: ANN401  # a tree of pySigma's
    """The fields that a rule asks for."""
    parts = detection.detections.values() if hasattr(detection, "detections") else detection.detection_items
    for part in parts:
        if hasattr(part, "detection_items"):
            yield from fields_of(part)
        elif part.field:
            yield part.field


def table_of(system: dict[str, Any]) -> str:
    """The log source of an event."""
    if system["Channel"].endswith("Sysmon/Operational"):
        return _CATEGORIES.get(system["EventID"], "rest")
    if system["EventID"] == 4104:
        return "ps_script"
    return _SERVICES.get(system["Channel"], "rest")


def flat(line: bytes) -> tuple[str, dict[str, Any]]:
    """The table of an event and its columns."""
    event = json.loads(line)["Event"]
    system = event["System"]
    row = event["EventData"]
    row.update(EventID=system["EventID"], Channel=system["Channel"], Computer=system["Computer"])
    row["Provider_Name"] = system["Provider"]["#attributes"]["Name"]
    return table_of(system), row


def columns(path: Path) -> dict[str, dict[str, None]]:
    """All columns of every table, found in a pass that is not counted."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    with path.open("rb") as lines:
        for line in lines:
            table, row = flat(line)
            found[table].update(dict.fromkeys(row))
    return found


def matches(pattern: str, value: object) -> bool:
    """REGEXP, which SQLite leaves to its host."""
    return value is not None and re.search(pattern, str(value)) is not None


def main(rules: Path, events: Path) -> dict[str, float]:
    """Load, query, count."""
    asked = list(queries(rules))
    tables = columns(events)
    database = sqlite3.connect(":memory:")
    database.create_function("REGEXP", 2, matches, deterministic=True)
    for table, _, fields in asked:  # a column that no event has would break the query
        known = {name.lower() for name in tables[table]}
        tables[table].update(dict.fromkeys(sorted(name for name in fields if name.lower() not in known)))
    for table in tables:
        declared = ", ".join(f'"{name}" TEXT COLLATE NOCASE' for name in tables[table] or {"EventID": None})
        database.execute(f'CREATE TABLE "{table}" ({declared})')
    began = time.process_time()
    count = load(database, tables, events)
    loaded = time.process_time()
    hits, failed = ask(database, asked)
    ended = time.process_time()
    return {
        "events_per_s_per_core": count / (ended - began),
        "load_s": loaded - began,
        "query_s": ended - loaded,
        "events": count,
        "rules": len(asked),
        "queries_failed": failed,
        "hits": hits,
    }


def load(database: sqlite3.Connection, tables: dict[str, dict[str, None]], events: Path) -> int:
    """Decode and insert every event, by the thousand."""
    waiting: dict[str, list[list[Any]]] = defaultdict(list)
    count = 0
    with events.open("rb") as lines:
        for line in lines:
            table, row = flat(line)
            waiting[table].append([row.get(name) for name in tables[table]])
            count += 1
            if len(waiting[table]) >= BATCH:
                insert(database, table, tables[table], waiting)
    for table in list(waiting):
        insert(database, table, tables[table], waiting)
    return count


def insert(
    database: sqlite3.Connection, table: str, names: dict[str, None], waiting: dict[str, list[list[Any]]]
) -> None:
    """Write what waits for a table."""
    marks = ",".join("?" * len(names))
    database.executemany(f'INSERT INTO "{table}" VALUES ({marks})', waiting.pop(table))  # noqa: S608  # own names


def ask(database: sqlite3.Connection, asked: list[tuple[str, str, set[str]]]) -> tuple[int, int]:
    """Run every query; hits, and queries that SQLite refuses (keyword search needs an index of its own)."""
    hits = failed = 0
    for table, query, _ in asked:
        try:
            hits += sum(1 for _ in database.execute(query.replace("FROM logs", f'FROM "{table}"', 1)))
        except sqlite3.OperationalError:
            failed += 1
    return hits, failed


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]), Path(sys.argv[2]))))
