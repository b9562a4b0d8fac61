"""Recorded files that are not lines of text: which there are, how each is recognised, and what turns it into lines."""

from collections.abc import Callable, Iterator
from typing import BinaryIO

from msgspec import Struct

from tocsin.contract.loglines import json_format
from tocsin.formats import json_objects, packets, windows
from tocsin.formats.flow_records import argus, nfdump

Pieces = Iterator[tuple[bytes, str]]
"""Lines of a log format, each with the reason why it cannot be read (empty where it can)."""


class Recording(Struct, frozen=True, kw_only=True):
    """One kind of recorded file.

    `format_of(name, head)` gives the log format of its lines where a file of that name, with that
    beginning, is of this kind, else None. `pieces(file)` reads the whole file, opened and unpacked.
    """

    name: str
    format_of: Callable[[str, bytes], str | None]
    pieces: Callable[[BinaryIO], Pieces]


def _evtx_format(_name: str, head: bytes) -> str | None:
    return "windows" if head.startswith(windows.EVTX_MAGIC) else None


def _json_objects_format(_name: str, head: bytes) -> str | None:
    return json_format(head) if json_objects.spread(head) else None


def _packets_format(_name: str, head: bytes) -> str | None:
    return "zeek-json" if packets.is_capture(head) else None


def _argus_format(_name: str, head: bytes) -> str | None:
    return "zeek-json" if argus.is_argus(head) else None


def _nfdump_format(_name: str, head: bytes) -> str | None:
    return "zeek-json" if nfdump.is_nfdump(head) else None


RECORDINGS: tuple[Recording, ...] = (
    Recording(name="packets", format_of=_packets_format, pieces=packets.pieces),
    Recording(name="argus", format_of=_argus_format, pieces=argus.pieces),
    Recording(name="nfdump", format_of=_nfdump_format, pieces=nfdump.pieces),
    Recording(name="evtx", format_of=_evtx_format, pieces=windows.evtx_pieces),
    Recording(name="json", format_of=_json_objects_format, pieces=json_objects.pieces),
)
"""All kinds, asked in this order. A new one is a reader in `formats` and a line here."""


def recording_of(name: str, head: bytes) -> tuple[Recording, str] | None:
    """The kind of a recorded file and the log format of its lines; None where it is lines of text, or unknown."""
    for one in RECORDINGS:
        if (lines := one.format_of(name, head)) is not None:
            return one, lines
    return None
