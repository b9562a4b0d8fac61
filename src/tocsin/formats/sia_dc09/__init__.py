"""SIA DC-09 (Internet Protocol Event Reporting): frames of alarm panels, their encryption, events and rows."""

from tocsin.formats.sia_dc09.codes import ALARMING, Codes, Meaning
from tocsin.formats.sia_dc09.crypt import key_of
from tocsin.formats.sia_dc09.envelope import (
    BODY_BYTES_MAX,
    FRAME_BYTES_MAX,
    Envelope,
    Garbled,
    Splitter,
    crc,
    envelope_of,
    framed,
)
from tocsin.formats.sia_dc09.events import Event, events_of
from tocsin.formats.sia_dc09.frame import Frame, acknowledgement, encode, frame_of, refusal, timestamp, unable
from tocsin.formats.sia_dc09.rows import place_of, row_of, rows_of, time_of

__all__ = [
    "ALARMING",
    "BODY_BYTES_MAX",
    "FRAME_BYTES_MAX",
    "Codes",
    "Envelope",
    "Event",
    "Frame",
    "Garbled",
    "Meaning",
    "Splitter",
    "acknowledgement",
    "crc",
    "encode",
    "envelope_of",
    "events_of",
    "frame_of",
    "framed",
    "key_of",
    "place_of",
    "refusal",
    "row_of",
    "rows_of",
    "time_of",
    "timestamp",
    "unable",
]
