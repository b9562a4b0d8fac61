"""What is said within one flow: bytes in order, given to the reader of the protocol that they show."""

from collections import Counter
from collections.abc import Sequence

from tocsin.formats.packets.dialogue import MALFORMED, Dialogue, Row
from tocsin.formats.packets.streams import Stream

UNREAD_BYTES_MAX = 65_536
"""Most bytes of one direction that wait for the rest of a message."""

LOOKS_MAX = 4
"""How many chunks are looked at to learn which protocol is spoken."""

ERRORS_MAX = 8
"""After so many malformed messages a conversation is no longer read."""


class Talk:
    """The conversation in one flow. `service` is empty until its protocol is known."""

    __slots__ = (
        "_begins",
        "_errors",
        "_looks",
        "_odd",
        "_port",
        "_protocols",
        "_reader",
        "_streams",
        "_unread",
        "over",
        "service",
    )

    def __init__(self, protocols: Sequence[type[Dialogue]], port: int, odd: Counter[str]) -> None:
        self._protocols = protocols
        self._port = port
        self._odd = odd
        self._reader: Dialogue | None = None
        self._begins: list[int | None] = [None, None]
        self._streams: tuple[Stream, Stream] | None = None  # made at the first data: a scan of 100,000 ports has none
        self._unread: tuple[bytearray, bytearray] | None = None
        self._looks = 0
        self._errors = 0
        self.service = ""
        self.over = False

    def begin(self, seq: int, *, is_orig: bool) -> None:
        """A SYN was seen: data of this direction begin after it."""
        self._begins[not is_orig] = seq + 1

    def segment(self, at: float, seq: int, data: bytes, *, is_orig: bool) -> list[Row]:
        """A piece of a TCP stream, in any order."""
        if self._streams is None:
            self._streams, self._unread = (Stream(self._begins[0]), Stream(self._begins[1])), (bytearray(), bytearray())
        rows: list[Row] = []
        for chunk in self._streams[not is_orig].take(seq, data):
            if chunk is None:
                self._lost(is_orig=is_orig)
            elif not self.over:
                rows += self._chunk(at, chunk, is_orig=is_orig)
        return rows

    def _lost(self, *, is_orig: bool) -> None:
        """What was begun before a gap is not finished after it."""
        self._odd["gap_in_stream"] += 1
        if self._unread is not None:
            self._unread[not is_orig].clear()

    def datagram(self, at: float, data: bytes, *, is_orig: bool) -> list[Row]:
        """A whole datagram."""
        reader = self._reader or self._known(data, is_orig=is_orig)
        if reader is None or self.over:
            return []
        return self._read(reader, at, data, is_orig=is_orig)[1]

    def end(self) -> list[Row]:
        """What the protocol's reader still knew when the flow ended."""
        self.over = True
        return self._reader.end() if self._reader else []

    def _chunk(self, at: float, chunk: bytes, *, is_orig: bool) -> list[Row]:
        if self._unread is None:
            return []
        unread = self._unread[not is_orig]
        unread += chunk
        reader = self._reader or self._known(bytes(unread), is_orig=is_orig)
        rows = [] if reader is None else self._rows(reader, at, unread, is_orig=is_orig)
        self._bound(unread)
        return rows

    def _rows(self, reader: Dialogue, at: float, unread: bytearray, *, is_orig: bool) -> list[Row]:
        """What the reader makes of the bytes; it takes those that it has read from them."""
        rows: list[Row] = []
        while unread and not self.over:
            used, more = self._read(reader, at, bytes(unread), is_orig=is_orig)
            rows += more
            if not used:
                break
            del unread[:used]
        return rows

    def _bound(self, unread: bytearray) -> None:
        if self.over:
            unread.clear()
        elif len(unread) > UNREAD_BYTES_MAX:
            unread.clear()
            self._odd[f"{self.service or 'unknown'}_message_too_long"] += 1

    def _known(self, head: bytes, *, is_orig: bool) -> Dialogue | None:
        """The reader of the protocol that this beginning shows."""
        self._looks += 1
        for protocol in self._protocols:
            if protocol.speaks(head, is_orig=is_orig, port=self._port):
                self._reader, self.service = protocol(), protocol.service
                return self._reader
        self.over = self._looks >= LOOKS_MAX
        return None

    def _read(self, reader: Dialogue, at: float, data: bytes, *, is_orig: bool) -> tuple[int, list[Row]]:
        try:
            used, rows = reader.take(at, data, is_orig=is_orig)
        except MALFORMED:
            self._odd[f"malformed_{self.service}"] += 1
            self._errors += 1
            self.over = self._errors >= ERRORS_MAX
            return len(data), []
        self.over = self.over or reader.done
        return used, rows
