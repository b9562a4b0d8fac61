"""Syslog: RFC 5424 messages both ways, RFC 3164 ones and lines of files read, octet-counted frames (RFC 6587)."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from tocsin.model import BadInput

BYTES_MAX = 65_536
"""Longest message that is read or framed, in bytes."""

SdElement = tuple[str, tuple[tuple[str, str], ...]]
"""One element of structured data: its SD-ID and its parameters in order."""


class Message(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One syslog message. `facility` 0-23, `severity` 0 (emergency) to 7 (debug); `at` seconds UTC.

    Empty `host`, `app`, `procid` and `msgid` are the standard's nil value. `version` is 1 for
    RFC 5424 and 0 for RFC 3164.
    """

    facility: int
    severity: int
    at: float | None = None
    host: str = ""
    app: str = ""
    procid: str = ""
    msgid: str = ""
    data: tuple[SdElement, ...] = ()
    text: str = ""
    version: int = 1


_PRI = re.compile(r"<(0|[1-9]\d{0,2})>")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)")
_FIELDS = {"host": 255, "app": 48, "procid": 128, "msgid": 32}
_NAME = re.compile(r"[!#-<>-\\^-~]{1,32}")
_PARAM = re.compile(r' ([!#-<>-\\^-~]{1,32})="((?:\\["\\\]]|\\(?!["\\\]])|[^"\\\]])*)"')
_ESCAPED = re.compile(r'\\(["\\\]])')
_OLD = re.compile(
    r"(?P<month>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) (?P<day>[ 123]\d) (?P<clock>\d\d:\d\d:\d\d) "
    r"(?P<host>[!-~]{1,255}) (?P<rest>.*)",
    re.DOTALL,
)
_TAG = re.compile(r"(?P<app>[A-Za-z0-9_./-]{1,48})(\[(?P<procid>[!-Z\\^-~]{1,128})\])?:? ?(?P<text>.*)", re.DOTALL)
_MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"
_FILED = re.compile(
    r"(?P<stamp>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)) (?P<host>[!-~]{1,255}) (?P<rest>.*)",
    re.DOTALL,
)
_CISCO = re.compile(
    r"(?:(?P<host>[!-~]{1,255}) )?(?:\d+: )?[*.]?(?P<month>[A-Z][a-z]{2}) {1,2}(?P<day>\d{1,2}) (?:\d{4} )?"
    r"(?P<clock>\d\d:\d\d:\d\d)(?:\.\d{1,9})?(?: [A-Z]{1,5})?: "
    r"(?P<text>%(?P<msgid>[A-Z0-9_]+(?:-[A-Z0-9_]+)*-[0-7]-\w+): .*)",
    re.DOTALL,
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def encode(message: Message) -> bytes:
    r"""Write an RFC 5424 message in UTF-8; raises BadInput for a field out of bounds.

    Control characters become #nnn (octal): no text can end a line and forge a second message.

    >>> encode(Message(facility=16, severity=1, at=0.0, host="h", app="tocsin", text="Up."))
    b'<129>1 1970-01-01T00:00:00.000Z h tocsin - - - \xef\xbb\xbfUp.'
    """
    if not (0 <= message.facility <= 23 and 0 <= message.severity <= 7):
        _wrong(f"facility {message.facility} or severity {message.severity}", "use 0-23 and 0-7")
    header = [f"<{message.facility * 8 + message.severity}>1", _written_time(message.at)]
    header += [_field(name, getattr(message, name)) for name in _FIELDS]
    head = " ".join([*header, _structured(message.data)])
    return head.encode() + (b" \xef\xbb\xbf" + _harmless(message.text).encode() if message.text else b"")


def _wrong(what: str, instead: str) -> None:
    message = f"Syslog: {what} is not allowed: {instead}."
    raise BadInput(message)


def _written_time(at: float | None) -> str:
    if at is None:
        return "-"
    moment = datetime.fromtimestamp(round(at, 3), UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _field(name: str, value: str) -> str:
    if not re.fullmatch(r"[!-~]*", value) or len(value) > _FIELDS[name]:
        _wrong(f"{name} {value[:40]!r}", f"at most {_FIELDS[name]} printable ASCII characters without spaces")
    return value or "-"


def _structured(data: tuple[SdElement, ...]) -> str:
    _distinct([element for element, _ in data])
    for name in _names(data):
        if not _NAME.fullmatch(name):
            _wrong(f"structured data name {name[:40]!r}", 'at most 32 printable ASCII characters but = ] " and space')
    return "".join(map(_element, data)) or "-"


def _names(data: tuple[SdElement, ...]) -> Iterator[str]:
    for element, params in data:
        yield element
        yield from (param for param, _ in params)


def _element(said: SdElement) -> str:
    element, params = said
    return f"[{element}{''.join(map(_param, params))}]"


def _distinct(elements: list[str]) -> None:
    if len(set(elements)) < len(elements):
        _wrong("structured data with one SD-ID twice", "join its parameters")


def _param(param: tuple[str, str]) -> str:
    value = re.sub(r'(["\\\]])', r"\\\1", _harmless(param[1]))
    return f' {param[0]}="{value}"'


def _harmless(text: str) -> str:
    return _CONTROL.sub(lambda found: f"#{ord(found.group()):03o}", text)


def decode(raw: bytes, now: float) -> Message:
    """Read one message of RFC 5424, strictly, or of RFC 3164, as far as it promises anything.

    RFC 3164 says neither year nor zone: the time is taken as UTC in the year that brings it
    nearest to `now` (seconds UTC). Raises BadInput saying which part is wrong.

    >>> decode(b"<34>Oct 11 22:14:15 mymachine su: 'su root' failed", 1_795_341_600.0).app
    'su'
    """
    if len(raw) > BYTES_MAX:
        _wrong(f"a message of {len(raw)} bytes", f"at most {BYTES_MAX}")
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        message = f"Syslog: byte {error.start} is not UTF-8: set the sender's encoding."
        raise BadInput(message) from error
    facility, severity, rest = _priority(text)
    if re.match(r"[1-9]\d{0,2} ", rest):
        return _decode_5424(facility, severity, rest)
    return _decode_3164(facility, severity, rest, now)


def row_of(line: bytes, now: float) -> dict[str, Any]:
    """A line of a syslog file, or a message, as a row: `at`, `host`, `program`, `pid`, `message` and what else it has.

    Beside messages with <PRI>, as they travel, this reads what syslog daemons write into files: the
    message without <PRI>, with the time of RFC 3164 or of RFC 5424. A message without a time gets
    `now`. Structured data is nested under `data`. Raises BadInput, which repeats no content.

    >>> row = row_of(b"Oct 11 22:14:15 door-7 sshd[99]: Connection closed", 1_795_341_600.0)
    >>> row["program"], row["pid"], row["message"]
    ('sshd', '99', 'Connection closed')
    """
    try:
        if line.startswith(b"<") or len(line) > BYTES_MAX:
            return _row(decode(line, now), now) | _priority_row(line)
        return _row(_filed(line.decode(), now), now)
    except UnicodeDecodeError as error:
        message = f"Byte {error.start} of this line is not UTF-8."
        raise BadInput(message) from None
    except BadInput:
        message = "This line is no syslog message: neither of RFC 5424 or 3164 nor as daemons write them into files."
        raise BadInput(message) from None


def _priority_row(line: bytes) -> dict[str, Any]:
    facility, severity = divmod(int(line[1 : line.index(b">")]), 8)
    return {"facility": facility, "severity": severity}


def _filed(text: str, now: float) -> Message:
    found = _FILED.fullmatch(text)
    if found is None:
        cisco = _CISCO.fullmatch(text)
        return _decode_3164(0, 0, text, now) if cisco is None else _from_cisco(cisco, now)
    app, procid, body = _tagged(found["rest"])
    at = datetime.fromisoformat(found["stamp"]).timestamp()
    return Message(facility=0, severity=0, at=at, host=found["host"], app=app, procid=procid, text=body)


def _from_cisco(found: re.Match[str], now: float) -> Message:
    """A message of Cisco IOS, as its collector files it: `HOST NUMBER: TIME: %FACILITY-SEVERITY-MNEMONIC: text`."""
    if found["month"] not in _MONTHS:
        _wrong("this month", "write it in English, as Jan")
    month = _MONTHS.index(found["month"]) // 3 + 1
    at = _nearest(month, int(found["day"]), found["clock"], now)
    host, msgid = found["host"] or "", found["msgid"][:32]
    return Message(facility=23, severity=0, at=at, host=host, app="cisco", msgid=msgid, text=found["text"])


def _row(said: Message, now: float) -> dict[str, Any]:
    row: dict[str, Any] = {"message": said.text}
    named = {"host": said.host, "program": said.app, "pid": said.procid, "msgid": said.msgid}
    row.update((name, text) for name, text in named.items() if text)
    if said.data:
        row["data"] = {element: dict(params) for element, params in said.data}
    row["at"] = max(0.0, now if said.at is None else said.at)
    return row


def _priority(text: str) -> tuple[int, int, str]:
    found = _PRI.match(text)
    number = int(found.group(1)) if found else 192
    if found is None or number > 191:
        message = "Syslog: a message must begin with <PRI>, a number from 0 to 191 without leading zeros."
        raise BadInput(message)
    return number // 8, number % 8, text[found.end() :]


def _decode_5424(facility: int, severity: int, text: str) -> Message:
    parts = text.split(" ", 6)
    if len(parts) < 7 or parts[0] != "1":
        message = "Syslog: RFC 5424 needs VERSION 1, TIMESTAMP, HOSTNAME, APP-NAME, PROCID, MSGID and STRUCTURED-DATA."
        raise BadInput(message)
    data, rest = _read_structured(parts[6])
    host, app, procid, msgid = (_read_field(name, part) for name, part in zip(_FIELDS, parts[2:6], strict=True))
    return Message(
        facility=facility,
        severity=severity,
        at=_read_time(parts[1]),
        host=host,
        app=app,
        procid=procid,
        msgid=msgid,
        data=data,
        text=_body(rest),
    )


def _read_field(name: str, part: str) -> str:
    if not part:
        _wrong(f"an empty {name}", "write - for none")
    return "" if part == "-" else _field(name, part)


def _read_time(text: str) -> float | None:
    if text == "-":
        return None
    try:
        if _TIME.fullmatch(text):
            return datetime.fromisoformat(text).timestamp()
    except ValueError:
        pass
    message = f"Syslog: {text[:40]!r} is no RFC 5424 time: write 2026-11-22T10:00:00.000Z."
    raise BadInput(message)


def _read_structured(text: str) -> tuple[tuple[SdElement, ...], str]:
    if text.startswith("-"):
        return (), text[1:]
    elements: list[SdElement] = []
    at = 0
    while text[at : at + 1] == "[":
        element, at = _read_element(text, at + 1)
        elements.append(element)
    if not elements:
        _wrong(f"structured data {text[:40]!r}", 'write - or [id name="value"]')
    _distinct([name for name, _ in elements])
    return tuple(elements), text[at:]


def _read_element(text: str, at: int) -> tuple[SdElement, int]:
    name = _NAME.match(text, at)
    if name is None:
        message = f"Syslog: {text[at : at + 40]!r} begins no structured data element."
        raise BadInput(message)
    params = []
    at = name.end()
    while found := _PARAM.match(text, at):
        params.append((found.group(1), _ESCAPED.sub(r"\1", found.group(2))))
        at = found.end()
    if text[at : at + 1] != "]":
        _wrong(f"structured data at {text[at : at + 40]!r}", 'close it with ], escape " \\ and ] in values')
    return (name.group(), tuple(params)), at + 1


def _body(rest: str) -> str:
    if rest and not rest.startswith(" "):
        _wrong(f"text directly after structured data ({rest[:20]!r})", "put one space between")
    return rest[1:].removeprefix("\ufeff")


def _decode_3164(facility: int, severity: int, text: str, now: float) -> Message:
    found = _OLD.fullmatch(text)
    if found is None:
        message = "Syslog: neither RFC 5424 nor RFC 3164 (<PRI>Mmm dd hh:mm:ss HOST TAG: text)."
        raise BadInput(message)
    month = _MONTHS.index(found["month"]) // 3 + 1
    at = _nearest(month, int(found["day"]), found["clock"], now)
    app, procid, body = _tagged(found["rest"])
    return Message(
        facility=facility,
        severity=severity,
        at=at,
        host=found["host"],
        app=app,
        procid=procid,
        text=body,
        version=0,
    )


def _tagged(rest: str) -> tuple[str, str, str]:
    """The tag, its process id and the text after it; without a tag all is text (RFC 3164, 4.1.3)."""
    tag = _TAG.fullmatch(rest)
    return ("", "", rest) if tag is None else (tag["app"], tag["procid"] or "", tag["text"])


def _nearest(month: int, day: int, clock: str, now: float) -> float:
    this = datetime.fromtimestamp(now, UTC).year
    moments = []
    for year in (this - 1, this, this + 1):
        try:
            moments.append(datetime.fromisoformat(f"{year}-{month:02d}-{day:02d}T{clock}+00:00").timestamp())
        except ValueError:  # 29 February exists in some of these years only
            continue
    if not moments:
        _wrong(f"the date {month}/{day} {clock[:8]}", "send a day and time that exist")
    return min(moments, key=lambda moment: abs(moment - now))


def frame(message: bytes) -> bytes:
    """One message as a frame of a stream: its length in bytes, a space, the message (RFC 6587, 3.4.1).

    >>> frame(b"<0>1 - - - - - -")
    b'16 <0>1 - - - - - -'
    """
    if not 0 < len(message) <= BYTES_MAX:
        _wrong(f"a frame of {len(message)} bytes", f"1 to {BYTES_MAX}")
    return b"%d " % len(message) + message


def unframe(buffer: bytes) -> tuple[list[bytes], bytes]:
    """Whole messages in a buffer of a stream, and what is left over to go before the next bytes.

    Reads octet counting, and lines where a message begins with < (RFC 6587, 3.4.2). Raises
    BadInput where a frame begins with neither: the stream cannot be followed any more.
    """
    messages = []
    while buffer:
        message, rest = _line(buffer) if buffer.startswith(b"<") else _counted(buffer)
        if message is None:
            break
        messages.append(message)
        buffer = rest
    return messages, buffer


def _line(buffer: bytes) -> tuple[bytes | None, bytes]:
    line, end, rest = buffer.partition(b"\n")
    if len(line) > BYTES_MAX:
        _wrong("an endless line", f"at most {BYTES_MAX} bytes")
    return (line.rstrip(b"\r"), rest) if end else (None, buffer)


def _counted(buffer: bytes) -> tuple[bytes | None, bytes]:
    found = re.match(rb"([1-9]\d{0,5})( |\Z)", buffer)
    if found is None:
        message = "Syslog: a frame must begin with its length in bytes and a space, or with <."
        raise BadInput(message)
    length = int(found.group(1))
    if length > BYTES_MAX:
        _wrong(f"a frame of {length} bytes", f"at most {BYTES_MAX}")
    if not found.group(2) or len(buffer) < found.end() + length:
        return None, buffer
    return buffer[found.end() : found.end() + length], buffer[found.end() + length :]
