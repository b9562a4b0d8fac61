"""A capture as Zeek-shaped rows: flows, the protocols spoken in them, and what could not be read."""

from collections import Counter
from collections.abc import Iterator

from tocsin.formats.packets.arp import arp_row
from tocsin.formats.packets.capture import Frame
from tocsin.formats.packets.dialogue import Malformed, Row
from tocsin.formats.packets.flows import FlowTable
from tocsin.formats.packets.layers import Resolution, decoded
from tocsin.formats.packets.limits import Limits

NORMAL = frozenset({"not_ip", "unknown_transport"})
"""What is passed over without being strange; not told."""


def rows_of_frames(
    captured: Iterator[Frame],
    odd: Counter[str],
    limits: Limits = Limits(),  # noqa: B008  # frozen
) -> Iterator[Row]:
    """All rows of frames in their order, each as soon as it is known, then what was odd.

    `odd` is where the reader of the frames counts what it could not read.
    """
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
