"""Untrusted JSON, read so that whatever comes out can also be stored and read again."""

from typing import Any

import msgspec

from tocsin.model.errors import BadInput

DEPTH_MAX = 64
"""Deepest nesting that is read: far more than any format has, far less than the stack holds."""

_decoder = msgspec.json.Decoder()
_encoder = msgspec.msgpack.Encoder()


def json_object(raw: bytes, what: str = "line") -> dict[str, Any]:
    """One JSON object; raises BadInput with a reason that repeats nothing of the content.

    Refused are: other JSON values, bad UTF-8, numbers beyond 64 bits, nesting beyond DEPTH_MAX.

    >>> json_object(b'{"a": [1, 2.5, null]}')
    {'a': [1, 2.5, None]}
    """
    try:
        found = _decoder.decode(raw)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"This {what} is not JSON (RFC 8259) in UTF-8: {_reason(error)}.") from None
    if not isinstance(found, dict):
        raise BadInput(f"This {what} is JSON but not an object {{…}}.")
    _check_storable(found, raw, what)
    return found


def _reason(error: Exception) -> str:
    """The decoder's own words, less what could repeat content."""
    if isinstance(error, RecursionError):
        return "nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start} is not UTF-8"
    return str(error).removeprefix("JSON is malformed: ")


def _check_storable(found: dict[str, Any], raw: bytes, what: str) -> None:
    if raw.count(b"[") + raw.count(b"{") > DEPTH_MAX and _deeper_than(found, DEPTH_MAX):
        raise BadInput(f"This {what} is nested deeper than {DEPTH_MAX} levels.")
    try:
        _encoder.encode(found)
    except OverflowError:
        raise BadInput(f"This {what} holds an integer beyond 64 bits.") from None


def _deeper_than(value: object, levels: int) -> bool:
    """Level by level, without recursion: the input is hostile."""
    layer: list[object] = [value]
    for _ in range(levels):
        layer = [inner for outer in layer for inner in _inside(outer)]
        if not layer:
            return False
    return True


def _inside(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
