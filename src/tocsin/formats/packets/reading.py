"""A capture as Zeek-shaped rows: flows, the protocols spoken in them, and what could not be read."""

from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from tocsin.formats.packets.arp import arp_row
from tocsin.formats.packets.capture import Frame, frames
from tocsin.formats.packets.dialogue import Malformed, Row
from tocsin.formats.packets.flows import FlowTable, Limits
from tocsin.formats.packets.layers import Resolution, decoded

NORMAL = frozenset({"not_ip", "unknown_transport"})
"""What is passed over without being strange; not told."""


def rows(stream: BinaryIO, limits: Limits = Limits()) -> Iterator[Row]:  # noqa: B008  # frozen
    r"""All rows of a pcap or pcapng (unpacked), in the order in which they become known.

    Each has `_path` (the log), `ts` (seconds UTC) and Zeek's field names; the last are rows of log
    weird, one for each thing that was malformed, cut or beyond a limit, with its count in `addl`.
    Payload is not kept. Raises BadInput where the stream is no capture.

    >>> from io import BytesIO
    >>> [row["name"] for row in rows(BytesIO(b"\xd4\xc3\xb2\xa1"))]
    ['capture_truncated']
    """
    odd = Counter[str]()
    yield from rows_of_frames(frames(stream, odd), odd, limits)


def pieces(stream: BinaryIO) -> Iterator[tuple[bytes, str]]:
    """The rows of a capture as lines of Zeek's JSON logs (each names its log in `_path`), with an empty reason."""
    return ((msgspec.json.encode(row), "") for row in rows(stream))


def rows_of_frames(
    captured: Iterator[Frame],
    odd: Counter[str],
    limits: Limits = Limits(),  # noqa: B008  # frozen
) -> Iterator[Row]:
    """As `rows`, of frames from anywhere; `odd` is where their reader counts what it could not read."""
    table, last = FlowTable(limits, odd), 0.0
    for frame in captured:
        last = frame.at
        seen = decoded(frame, odd)
        if isinstance(seen, Resolution):
            yield from _resolution(seen, odd)
        elif seen is not None:
            yield from table.take(seen)
    yield from table.end()
    yield from (_weird(name, count, last) for name, count in sorted(odd.items()) if name not in NORMAL)


def _resolution(seen: Resolution, odd: Counter[str]) -> Iterator[Row]:
    try:
        yield arp_row(seen)
    except Malformed:
        odd["malformed_arp"] += 1


def _weird(name: str, count: int, at: float) -> Row:
    return {"_path": "weird", "ts": at, "name": name, "addl": str(count), "notice": False, "peer": "tocsin"}
