"""EVE JSON: one line of Suricata's event log, as a row with its time."""

from datetime import datetime
from typing import Any

from tocsin.model import BadInput
from tocsin.model.untrusted import json_object

_ALERT = {"signature_id": int, "signature": str, "severity": int}
_TEXTS = ("src_ip", "dest_ip", "proto")


def row_of(line: bytes) -> dict[str, Any]:
    """One event: `at` in seconds UTC, all other fields under Suricata's names.

    Raises BadInput, whose reason never repeats content, unless the line is a JSON object with
    an event_type and a timestamp with offset, and (for alerts) signature and severity.

    >>> row_of(b'{"timestamp":"2021-06-06T15:59:46.5+0200","event_type":"flow"}')
    {'event_type': 'flow', 'at': 1622987986.5}
    """
    row = json_object(line)
    if not isinstance(row.get("event_type"), str):
        raise BadInput("This line has no event_type: it is not an EVE event.")
    row["at"] = time_of(row.pop("timestamp", None))
    _check_addresses(row)
    if row["event_type"] == "alert":
        _check_alert(row.get("alert"))
    return row


def time_of(stamp: object) -> float:
    """Seconds UTC of an EVE timestamp (ISO 8601 with offset), 1970 at the earliest; raises BadInput otherwise."""
    try:
        moment = datetime.fromisoformat(stamp)  # type: ignore[arg-type]  # its TypeError is caught
        if moment.tzinfo is None:
            raise BadInput("The timestamp has no offset from UTC: set it in suricata.yaml.")
        return max(0.0, moment.timestamp())
    except (TypeError, ValueError, OverflowError):
        raise BadInput("This line has no timestamp in ISO 8601.") from None


def _check_addresses(row: dict[str, Any]) -> None:
    for name in _TEXTS:
        if not isinstance(row.get(name, ""), str):
            raise BadInput(f"{name} is not text.")


def _check_alert(alert: object) -> None:
    if not isinstance(alert, dict):
        raise BadInput("An alert event without its alert object.")
    for name, kind in _ALERT.items():
        if not isinstance(alert.get(name), kind):
            raise BadInput(f"alert.{name} is missing or not of type {kind.__name__}.")
