"""JSON objects that spread over lines, one after another or in an array: found again one by one."""

import re
from collections.abc import Iterator
from typing import BinaryIO

OBJECT_BYTES_MAX = 1 << 20
"""Longest object that is read; a longer one is passed over, with the reason."""

_CUT_BYTES = 1_024
_CHUNK_BYTES = 1 << 18
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[{}]', re.DOTALL)  # a string may go on in the next chunk


def spread(head: bytes) -> bool:
    r"""Whether the beginning of a file shows objects that are not one to a line.

    >>> spread(b'{"a": 1}'), spread(b'{\n "a": 1}'), spread(b'[{"a": 1},')
    (False, True, True)
    """
    first = next((line.strip() for line in head.removeprefix(b"\xef\xbb\xbf").splitlines() if line.strip()), b"")
    if first.startswith(b"["):
        return first[1:].strip()[:1] in {b"", b"{"}
    return first == b"{" or (first.startswith(b"{") and first.endswith((b"{", b",", b":", b"[")))


def pieces(file: BinaryIO) -> Iterator[tuple[bytes, str]]:
    """Every object of the file, whole, with an empty reason; what is none comes with the reason why.

    What stands between objects (commas, brackets of an array, blanks) is passed over; anything else
    between them is given with a reason.
    """
    rest = b""
    while chunk := file.read(_CHUNK_BYTES):
        found, rest = _split(rest + chunk)
        yield from found
        if len(rest) > OBJECT_BYTES_MAX:
            yield rest[:_CUT_BYTES], f"This object is longer than {OBJECT_BYTES_MAX} bytes, or never ends; cut."
            return
    if rest.strip(b" \t\r\n,[]\x00"):
        yield rest[:_CUT_BYTES], "The file ends inside this object: it is truncated."


def _split(buffer: bytes) -> tuple[list[tuple[bytes, str]], bytes]:
    """Whole objects at the beginning of a buffer, and what is left over."""
    found: list[tuple[bytes, str]] = []
    depth = start = end = 0
    for token in _TOKEN.finditer(buffer):
        sign = token[0][:1]
        if sign == b"{":
            if depth == 0:
                found.extend(_between(buffer[end : token.start()]))
                start = token.start()
            depth += 1
        elif sign == b"}" and depth:
            depth -= 1
            if depth == 0:
                end = token.end()
                found.append((buffer[start:end], ""))
    return found, buffer[end:]


def _between(text: bytes) -> list[tuple[bytes, str]]:
    strange = text.replace(b"\xef\xbb\xbf", b"").strip(b" \t\r\n,[]")
    return [(strange[:_CUT_BYTES], "This stands between JSON objects and is none.")] if strange else []
