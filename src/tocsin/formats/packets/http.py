"""HTTP/1 (RFC 9112) in clear text: each request with the state of its answer; bodies are passed over."""

import re
from collections import deque
from typing import ClassVar

from tocsin.formats.packets.dialogue import PENDING_MAX, Malformed, Row, text

HEAD_BYTES_MAX = 32_768
"""Longest head of a message."""

_METHODS = rb"GET|POST|PUT|HEAD|DELETE|OPTIONS|PATCH|TRACE|CONNECT|PROPFIND|PROPPATCH|MKCOL|COPY|MOVE|LOCK|UNLOCK"
_METHODS += rb"|NOTIFY|SUBSCRIBE"
_REQUEST = re.compile(rb"(" + _METHODS + rb") (\S{1,8000}) HTTP/(\d\.\d)\r?$")
_BEGINNING = re.compile(rb"(?:" + _METHODS + rb") \S{1,8000} HTTP/1|HTTP/1\.[01] \d{3}")
_ANSWER = re.compile(rb"HTTP/(\d\.\d) (\d{3})(?: ([^\r]{0,200}))?\r?$")
_SECRET = re.compile(
    r"(?i)((?:^|[?&;])(?:pass\w*|pwd|pw|secret|\w*token|api_?key|auth\w*|user\w*|login|mail|e-?mail)=)[^&;#\s]+"
)
_USERINFO = re.compile(r"^([a-zA-Z][\w+.-]*://)[^/@\s]*@")
_ENDLESS = 1 << 62
_TOLD_FIELDS = ((b"host", "host"), (b"user-agent", "user_agent"))


def without_secrets(uri: str) -> str:
    """An address without credentials: neither before its host nor in its query.

    >>> without_secrets("/login?user=anna&pwd=hunter2&page=3")
    '/login?user=*&pwd=*&page=3'
    """
    return _SECRET.sub(r"\1*", _USERINFO.sub(r"\1", uri))


def headers_of(head: bytes) -> dict[bytes, bytes]:
    """The header lines of a message by their lower-case names; of equal names the first."""
    found: dict[bytes, bytes] = {}
    for line in head.split(b"\n")[1:]:
        name, colon, value = line.partition(b":")
        if colon:
            found.setdefault(name.strip().lower(), value.strip())
    return found


def head_of(data: bytes) -> bytes | None:
    """The head of a message with its blank line, None while it is incomplete; raises Malformed where it is too long."""
    ends = [at + len(mark) for mark in (b"\r\n\r\n", b"\n\n") if (at := data.find(mark)) >= 0]
    if ends:
        return data[: min(ends)]
    if len(data) > HEAD_BYTES_MAX:
        raise Malformed("a head without end")
    return None


_INTERIM = frozenset({100, *range(102, 200)})


def _status(head: bytes) -> tuple[int, str]:
    found = _ANSWER.match(head.split(b"\n")[0])
    if found is None:
        raise Malformed("no answer of HTTP/1")
    return int(found[2]), text(found[3] or b"")


def _is_bodiless(method: str | None, status: int) -> bool:
    return method == "HEAD" or status in {101, 204, 304}


def _is_last(method: str | None, status: int) -> bool:
    """Whether another protocol goes on after this answer."""
    return status == 101 or (method == "CONNECT" and status < 300)


def _size(said: bytes) -> int:
    if not said.isdigit() or len(said) > 15:
        raise Malformed("a length that is no number")
    return int(said)


def _chunk_size(line: bytes) -> int:
    size = int(line.split(b";")[0].strip() or b"0", 16)
    if not 0 <= size < _ENDLESS:
        raise Malformed("a chunk of no believable size")
    return size


class Http:
    """Pairs requests with answers in their order (rows of log http).

    Of credentials only the scheme is told (`authorization`), and that they went in clear text.
    """

    service: ClassVar[str] = "http"

    def __init__(self) -> None:
        self.done = False
        self._skip = [0, 0]
        self._chunked = [False, False]
        self._asked: deque[Row] = deque()

    @classmethod
    def speaks(cls, head: bytes, *, is_orig: bool, port: int) -> bool:
        del is_orig, port
        return _BEGINNING.match(head) is not None

    def take(self, at: float, data: bytes, *, is_orig: bool) -> tuple[int, list[Row]]:
        side = int(not is_orig)
        if self._skip[side]:
            used = min(len(data), self._skip[side])
            self._skip[side] -= used
            return used, []
        if self._chunked[side]:
            return self._chunk(data, side), []
        head = head_of(data)
        if head is None:
            return 0, []
        rows = self._request(at, head) if is_orig else self._answer(head)
        return len(head), rows

    def end(self) -> list[Row]:
        left = list(self._asked)
        self._asked.clear()
        return left

    def _request(self, at: float, head: bytes) -> list[Row]:
        found = _REQUEST.match(head.split(b"\n")[0])
        if found is None:
            raise Malformed("no request of HTTP/1")
        fields = headers_of(head)
        row: Row = {"_path": "http", "ts": at, "method": text(found[1]), "uri": without_secrets(text(found[2]))}
        row["version"] = text(found[3])
        row |= {field: text(fields[name]) for name, field in _TOLD_FIELDS if name in fields}
        if b"referer" in fields:
            row["referrer"] = without_secrets(text(fields[b"referer"]))
        row |= credentials(fields.get(b"authorization", b""))
        row["request_body_len"] = self._body(0, fields)
        self._asked.append(row)
        return [self._asked.popleft()] if len(self._asked) > PENDING_MAX else []

    def _answer(self, head: bytes) -> list[Row]:
        (status, message), fields = _status(head), headers_of(head)
        if status in _INTERIM:
            return []
        row: Row = self._asked.popleft() if self._asked else {"_path": "http"}
        method = row.get("method")
        row |= {"status_code": status, "status_msg": message}
        row["response_body_len"] = 0 if _is_bodiless(method, status) else self._body(1, fields, ends=True)
        if kind := fields.get(b"content-type"):
            row["resp_mime_types"] = [text(kind.split(b";")[0])]
        self.done = _is_last(method, status)
        return [row]

    def _body(self, side: int, fields: dict[bytes, bytes], *, ends: bool = False) -> int:
        """How long the body that follows says it is; it will be passed over."""
        if b"chunked" in fields.get(b"transfer-encoding", b"").lower():
            self._chunked[side] = True
            return 0
        said = fields.get(b"content-length")
        if said is None:
            self._skip[side] = _ENDLESS if ends else 0
            return 0
        self._skip[side] = size = _size(said)
        return size

    def _chunk(self, data: bytes, side: int) -> int:
        """Pass over the size of a chunk; its content with the line end after it is then skipped."""
        end = data.find(b"\n")
        if end < 0:
            if len(data) > 1_024:
                raise Malformed("a chunk without size")
            return 0
        size = _chunk_size(data[:end])
        self._chunked[side] = size > 0
        self._skip[side] = size + 2 if size else 2
        return end + 1


def credentials(authorization: bytes) -> Row:
    """What an Authorization header shows: its scheme alone, and whether credentials went in clear text."""
    scheme = text(authorization.split(b" ")[0]).lower()[:32]
    if not scheme:
        return {}
    row: Row = {"authorization": scheme}
    return row | {"cleartext_login": True, "basic_credentials": True} if scheme == "basic" else row
