"""Recorded captures as observations, for the tests of network detectors."""

import os
from pathlib import Path

import pytest

from tocsin.contract.bodies import LogEvents
from tocsin.contract.examples import seen
from tocsin.contract.loglines import LineBatcher, format_of, log_name, row_of
from tocsin.model import BadInput


def recorded(path, source=""):
    """The rows of one recorded log, in batches of 200; skips (or fails) where there is none."""
    path = Path(os.environ.get("TOCSIN_DATA", "../shared/data")) / path
    if not path.is_file():
        if os.environ.get("TOCSIN_REQUIRE_ALL") == "1":
            pytest.fail(f"{path} is needed: set TOCSIN_DATA to the folder of recorded data.")
        pytest.skip(f"no {path}: set TOCSIN_DATA to the folder of recorded data")
    rows = list(_rows(path))
    return [_observed(rows[n : n + 200], n, source or path.name) for n in range(0, len(rows), 200)]


def _rows(path):
    batcher = LineBatcher(format_of(path.read_bytes()[:4_000]), log_name(path.name))
    lines = path.read_bytes().splitlines(keepends=True)
    batches = [batcher.take(n, line) for n, line in enumerate(lines)] + [batcher.flush()]
    for batch in batches:
        for line in batch.lines if batch else ():
            try:
                yield row_of(batch.format, batch.header, line)
            except BadInput:
                continue


def _observed(rows, first, source):
    kind = "eve" if "event_type" in rows[0] else "zeek"
    body = LogEvents(format=kind, offsets=tuple(range(first, first + len(rows))), rows=tuple(rows))
    return seen(body, at=max(row["at"] for row in rows), seq=first, source=source)


def last(findings):
    """The last word of each finding, by its id."""
    return list({finding.id: finding for finding in findings}.values())
