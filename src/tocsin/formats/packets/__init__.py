"""Packets as Zeek-shaped rows: captures, flows, and the application protocols that matter in a city.

The light path: frames by dpkt, everything above by readers of our own, one file per protocol.
Rows keep names, codes, addresses and counts; payload is dropped as soon as it is parsed.
"""

from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from tocsin.formats.packets.capture import Frame, frames, is_capture
from tocsin.formats.packets.dialogue import Row
from tocsin.formats.packets.limits import Limits

__all__ = ["Frame", "Limits", "Row", "frames", "is_capture", "pieces", "rows"]


def rows(stream: BinaryIO, limits: Limits = Limits()) -> Iterator[Row]:  # noqa: B008  # frozen
    r"""All rows of a pcap or pcapng (unpacked), in the order in which they become known.

    Each has `_path` (the log), `ts` (seconds UTC) and Zeek's field names; the last are rows of log
    weird, one for each thing that was malformed, cut or beyond a limit, with its count in `addl`.
    Payload is not kept. Raises BadInput where the stream is no capture.

    >>> from io import BytesIO
    >>> [row["name"] for row in rows(BytesIO(b"\xd4\xc3\xb2\xa1"))]
    ['capture_truncated']
    """
    from tocsin.formats.packets.reading import rows_of_frames  # dpkt takes 0.3 s to import

    odd = Counter[str]()
    yield from rows_of_frames(frames(stream, odd), odd, limits)


def pieces(stream: BinaryIO) -> Iterator[tuple[bytes, str]]:
    """The rows of a capture as lines of Zeek's JSON logs (each names its log in `_path`), with an empty reason."""
    return ((msgspec.json.encode(row), "") for row in rows(stream))
