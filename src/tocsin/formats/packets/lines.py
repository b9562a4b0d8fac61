"""Protocols of text lines: one line from the front of what was received."""

from tocsin.formats.packets.dialogue import Malformed

LINE_BYTES_MAX = 8_192
"""Longest line that is read."""


def line_of(data: bytes) -> tuple[int, bytes]:
    """How many bytes the first line has with its end (0: it is incomplete), and its content; may raise Malformed."""
    end = data.find(b"\n", 0, LINE_BYTES_MAX)
    if end < 0:
        if len(data) >= LINE_BYTES_MAX:
            raise Malformed("a line without end")
        return 0, b""
    return end + 1, data[:end].rstrip(b"\r")
