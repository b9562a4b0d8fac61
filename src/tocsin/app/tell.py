"""How commands print: rows as NDJSON for programs, columns and sentences for people."""

import sys
from collections.abc import Iterable, Sequence
from typing import Any

GAP = "  "


def print_json(rows: Iterable[dict[str, Any]]) -> None:
    """One JSON object per line, keys sorted."""
    import msgspec

    for row in rows:
        print(msgspec.json.encode(row, order="sorted").decode())


def columns(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Lines of columns under their heads; the last column is not padded.

    >>> print(columns(["topic", "n"], [["gas/1", 12], ["a", 3]]))
    topic  n
    gas/1  12
    a      3
    """
    cells = [[str(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(len(row[at]) for row in cells) for at in range(len(heads) - 1)]
    return "\n".join(GAP.join([*map(str.ljust, row, widths), row[-1]]) for row in cells)


def progress(text: str) -> None:
    """Say what takes long, where it does not mix with results."""
    print(text, file=sys.stderr, flush=True)
