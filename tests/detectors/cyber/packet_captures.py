"""Recorded packets as observations of the rows that our packet reader makes of them."""

import os
from pathlib import Path

import msgspec
import pytest

from tocsin.contract.bodies import LogEvents
from tocsin.contract.examples import seen
from tocsin.formats import packets, zeek

ROWS = 500


def captured(name):
    """The rows of one capture, in batches; skips (or fails) where there is none."""
    path = Path(os.environ.get("TOCSIN_DATA", "../shared/data")) / name
    if not path.is_file():
        if os.environ.get("TOCSIN_REQUIRE_ALL") == "1":
            pytest.fail(f"{path} is needed: set TOCSIN_DATA to the folder of recorded data.")
        pytest.skip(f"no {path}: set TOCSIN_DATA to the folder of recorded data")
    with path.open("rb") as stream:
        rows = [zeek.json_row("weird", msgspec.json.encode(row)) for row in packets.rows(stream)]
    return [_observed(rows[n : n + ROWS], n) for n in range(0, len(rows), ROWS)]


def _observed(rows, first):
    body = LogEvents(format="zeek", offsets=tuple(range(first, first + len(rows))), rows=tuple(rows))
    return seen(body, at=max(row["at"] for row in rows), seq=first, source="packets-1")
