"""SIP (RFC 3261) and RTSP (RFC 2326): calls and camera streams asked for, and how that was answered."""

import re
from typing import ClassVar

from tocsin.formats.packets.dialogue import PENDING_MAX, Malformed, Row, text
from tocsin.formats.packets.http import credentials, head_of, headers_of, without_secrets

_REQUEST = re.compile(rb"([A-Z_]{3,16}) (\S{1,4000}) (SIP|RTSP)/\d\.\d\r?$")
_ANSWER = re.compile(rb"(SIP|RTSP)/\d\.\d (\d{3})(?: ([^\r]{0,200}))?\r?$")
_FRAME = 0x24


class _Calls:
    """Pairs requests and answers by their sequence (CSeq)."""

    service: ClassVar[str]
    _NAME: ClassVar[bytes]

    def __init__(self) -> None:
        self.done = False
        self._skip = [0, 0]
        self._asked: dict[bytes, Row] = {}

    @classmethod
    def speaks(cls, head: bytes, *, is_orig: bool, port: int) -> bool:
        del is_orig, port
        line = head.split(b"\n", 1)[0]
        found = _REQUEST.match(line)
        if found is None:
            answer = _ANSWER.match(line)
            return answer is not None and answer[1] == cls._NAME
        return found[3] == cls._NAME

    def take(self, at: float, data: bytes, *, is_orig: bool) -> tuple[int, list[Row]]:
        side = int(not is_orig)
        if self._skip[side]:
            used = min(len(data), self._skip[side])
            self._skip[side] -= used
            return used, []
        if data[0] == _FRAME:  # media between the messages of RTSP: length after the channel
            return self._media(at, data, is_orig=is_orig), []
        head = head_of(data)
        if head is None:
            return 0, []
        fields = headers_of(head)
        self._skip[side] = _content_bytes(fields)
        return len(head), self._message(at, head.split(b"\n", 1)[0], fields)

    def end(self) -> list[Row]:
        left = list(self._asked.values())
        self._asked.clear()
        return left

    def _media(self, at: float, data: bytes, *, is_orig: bool) -> int:
        if len(data) < 4:
            return 0
        self._skip[not is_orig] = 4 + int.from_bytes(data[2:4])
        return self.take(at, data, is_orig=is_orig)[0]

    def _message(self, at: float, line: bytes, fields: dict[bytes, bytes]) -> list[Row]:
        sequence = fields.get(b"cseq", b"")
        if (found := _REQUEST.match(line)) is not None:
            row: Row = {"_path": self.service, "ts": at, "method": text(found[1])}
            row["uri"] = without_secrets(text(found[2]))
            if b"user-agent" in fields:
                row["user_agent"] = text(fields[b"user-agent"])
            return self._ask(sequence, row | credentials(fields.get(b"authorization", b"")))
        if (found := _ANSWER.match(line)) is None:
            raise Malformed("no message of SIP or RTSP")
        return self._answered(sequence, int(found[2]), text(found[3] or b""))

    def _answered(self, sequence: bytes, status: int, message: str) -> list[Row]:
        if status < 200:
            return []
        row = self._asked.pop(sequence, {"_path": self.service})
        return [row | {"status_code": status, "status_msg": message}]

    def _ask(self, sequence: bytes, row: Row) -> list[Row]:
        before = self._asked.pop(sequence, None)
        self._asked[sequence] = row
        if before is None and len(self._asked) > PENDING_MAX:
            before = self._asked.pop(next(iter(self._asked)))
        return [before] if before else []


def _content_bytes(fields: dict[bytes, bytes]) -> int:
    said = fields.get(b"content-length", fields.get(b"l", b"0"))
    return int(said) if said.isdigit() and len(said) < 10 else 0


class Sip(_Calls):
    """Rows of log sip (`uri` becomes a token at admission)."""

    service: ClassVar[str] = "sip"
    _NAME: ClassVar[bytes] = b"SIP"


class Rtsp(_Calls):
    """Rows of log rtsp."""

    service: ClassVar[str] = "rtsp"
    _NAME: ClassVar[bytes] = b"RTSP"
