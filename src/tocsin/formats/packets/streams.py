"""One direction of a TCP connection put back in order, with a bound on what waits for a gap to close."""

WAITING_BYTES_MAX = 65_536
"""Most bytes that wait for a missing segment before it is given up."""

WAITING_SEGMENTS_MAX = 64
"""Most segments that wait for a missing one."""

_HALF = 1 << 31
_ALL = 0xFFFFFFFF


class Stream:
    """Segments in any order become bytes in order; a gap that does not close is told as None.

    `begins` is the sequence number of the first byte (that of the SYN, plus one), where it is known.
    """

    __slots__ = ("_bytes", "_next", "_waiting")

    def __init__(self, begins: int | None = None) -> None:
        self._next = None if begins is None else begins & _ALL
        self._waiting: dict[int, bytes] = {}
        self._bytes = 0

    def take(self, seq: int, data: bytes) -> list[bytes | None]:
        """Add a segment; gives what is in order by it, None where bytes are lost for good."""
        if self._next is None:
            self._next = seq
        ahead = (seq - self._next) & _ALL
        if ahead == 0 and not self._waiting:
            self._next = (seq + len(data)) & _ALL
            return [data]
        if ahead >= _HALF:  # begins before what we have: a repetition, perhaps with news at its end
            return self._renewed(data[_ALL + 1 - ahead :])
        self._keep(seq, data)
        return self._ready()

    def _renewed(self, fresh: bytes) -> list[bytes | None]:
        return self.take(self._next or 0, fresh) if fresh else []

    def _keep(self, seq: int, data: bytes) -> None:
        """Of segments that begin together, the longest waits."""
        if len(data) > len(self._waiting.get(seq, b"")):
            self._bytes += len(data) - len(self._waiting.get(seq, b""))
            self._waiting[seq] = data

    def _ready(self) -> list[bytes | None]:
        given: list[bytes | None] = []
        while self._waiting and self._next is not None:
            first = min(self._waiting, key=self._ahead)
            if self._ahead(first) > 0:
                if not self._is_full():
                    break
                given.append(None)
                self._next = first
            given.extend(self._taken(first))
        return given

    def _ahead(self, seq: int) -> int:
        """How far a sequence number lies ahead of what is next (negative: behind)."""
        ahead = (seq - (self._next or 0)) & _ALL
        return ahead if ahead < _HALF else ahead - _ALL - 1

    def _is_full(self) -> bool:
        return self._bytes > WAITING_BYTES_MAX or len(self._waiting) > WAITING_SEGMENTS_MAX

    def _taken(self, seq: int) -> list[bytes]:
        data = self._waiting.pop(seq)
        self._bytes -= len(data)
        fresh = data[-self._ahead(seq) :] if self._ahead(seq) < 0 else data
        if len(data) + self._ahead(seq) <= 0:
            return []
        self._next = (seq + len(data)) & _ALL
        return [fresh]
