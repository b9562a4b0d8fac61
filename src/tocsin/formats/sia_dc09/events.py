"""What the data of a message report: events of SIA DC-03 (`Nri1/BA3`) and of Contact ID (`1130 01 003`)."""

import re
from collections.abc import Callable, Mapping

from msgspec import Struct

from tocsin.formats.sia_dc09.frame import Frame
from tocsin.model import BadInput

EVENTS_MAX = 64
"""Most events of one message."""

TEXT_CHARS_MAX = 200
"""Longest free text that is kept of an event."""

_DATA = re.compile(r"(?:#(?P<account>[0-9A-F]{3,16}))?(?:\|(?P<block>.*))?", re.DOTALL)
_CONTACT_ID = re.compile(r"\s*([136])([0-9A-F]{3})\s*([0-9A-F]{2})\s*([0-9A-F]{3})\s*")
_PACKET = re.compile(
    r"/*(?:(?P<modifier>[a-z]{2})(?P<value>[0-9:.+-]*)"
    r"|(?P<code>[A-Z]{2})(?P<address>[0-9]{0,6}(?:-[0-9]{1,6})?)"
    r"|\^(?P<text>[^^]*)\^|\*?(?P<quote>[\"'])(?P<quoted>.*?)(?P=quote)(?:NM)?)\s*",
    re.DOTALL,
)


class Event(Struct, frozen=True, kw_only=True):
    """One event. `code` is two letters (SIA) or three digits (Contact ID), `address` its zone, user or device.

    `qualifier` is new or old (SIA's N and O), or event, restore or status (Contact ID's 1, 3 and 6).
    `clock` and `date` are what the panel's own clock showed, in a time zone that nobody knows (HH:MM, MM-DD-YY);
    `modifiers` what else was said about it, such as `va2` or `lv1`.
    """

    code: str
    qualifier: str
    address: str = ""
    partition: str = ""
    user: str = ""
    device: str = ""
    clock: str = ""
    date: str = ""
    text: str = ""
    modifiers: tuple[str, ...] = ()


_QUALIFIERS = {"1": "event", "3": "restore", "6": "status", "N": "new", "O": "old"}


def events_of(frame: Frame) -> tuple[Event, ...]:
    """The events of a message; none for a link test. Raises BadInput for tokens and data of another kind."""
    found = _DATA.fullmatch(frame.data)
    if found is None:
        raise BadInput("The data of this message do not begin with #account| or |.")
    if found["account"] and _number(found["account"]) != _number(frame.account):
        raise BadInput("This message names one account outside and another inside.")
    if frame.token not in _READERS:
        raise BadInput('Messages of this token are not read: set the panel to "SIA-DCS" or "ADM-CID".')
    return _READERS[frame.token](found["block"] or "")


def _none(_block: str) -> tuple[Event, ...]:
    return ()


def _contact_id(block: str) -> tuple[Event, ...]:
    found = _CONTACT_ID.fullmatch(block)
    if found is None:
        raise BadInput("This is no event of Contact ID: qualifier, three digits, group, zone.")
    partition = _number(found[3]).removeprefix("0")
    event = Event(code=found[2], qualifier=_QUALIFIERS[found[1]], address=_number(found[4]), partition=partition)
    return (event,)


def _sia(block: str) -> tuple[Event, ...]:
    """Packets in order: modifiers hold for all codes after them, texts belong to the code before them."""
    if block[:1] not in ("N", "O"):
        raise BadInput("This is no event block of SIA DC-03: it begins with N (new) or O (old).")
    block, at, packets = block.rstrip("/ "), 1, []
    while at < len(block):
        packet = _PACKET.match(block, at)
        if packet is None or packet.end() == at:
            raise BadInput(f"Character {at} of this event block is none that SIA DC-03 has there.")
        packets.append(packet)
        at = packet.end()
    events = _events(packets, _QUALIFIERS[block[0]])
    if not 0 < len(events) <= EVENTS_MAX:
        raise BadInput(f"This event block holds {len(events)} event codes: 1 to {EVENTS_MAX} are read.")
    return events


_NAMED = {"ri": "partition", "id": "user", "pi": "device", "ti": "clock", "da": "date"}
"""Modifiers of DC-03 that have a field of their own; all others are kept as they are."""


def _events(packets: list["re.Match[str]"], qualifier: str) -> tuple[Event, ...]:
    known: dict[str, str] = {}
    codes: list[dict[str, str | tuple[str, ...]]] = []
    others: tuple[str, ...] = ()
    for packet in packets:
        if packet["modifier"] in _NAMED:
            known[_NAMED[packet["modifier"]]] = _value(packet["value"])
        elif packet["modifier"]:
            others = (*others, f"{packet['modifier']}{packet['value']}")
        elif packet["code"]:
            address = _number(packet["address"].partition("-")[0])
            codes.append({**known, "code": packet["code"], "address": address, "modifiers": others})
        elif codes:
            codes[-1]["text"] = "".join(filter(None, packet.group("text", "quoted")))[:TEXT_CHARS_MAX].strip()
    return tuple(Event(qualifier=qualifier, **code) for code in codes)  # type: ignore[arg-type]  # built by name above


def _value(text: str) -> str:
    """A number without leading zeros; a time or date as it is."""
    return _number(text) if text.isdecimal() else text


def _number(digits: str) -> str:
    """Without leading zeros, so that zone 003 of one format is zone 3 of another."""
    return digits.lstrip("0") or ("0" if digits else "")


_READERS: Mapping[str, Callable[[str], tuple[Event, ...]]] = {"NULL": _none, "ADM-CID": _contact_id, "SIA-DCS": _sia}
"""What reads the data of messages, by their token."""
