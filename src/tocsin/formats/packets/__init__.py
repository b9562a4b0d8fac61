"""Packets as Zeek-shaped rows: captures, flows, and the application protocols that matter in a city.

The light path: frames by dpkt, everything above by readers of our own, one file per protocol.
Rows keep names, codes, addresses and counts; payload is dropped as soon as it is parsed.
"""

from tocsin.formats.packets.capture import Frame, frames, is_capture
from tocsin.formats.packets.dialogue import Row
from tocsin.formats.packets.flows import Limits
from tocsin.formats.packets.reading import pieces, rows, rows_of_frames

__all__ = ["Frame", "Limits", "Row", "frames", "is_capture", "pieces", "rows", "rows_of_frames"]
