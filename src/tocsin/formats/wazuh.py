"""Wazuh alerts as JSON: one alert as a row; the Windows event or audit event inside keeps the names that rules use."""

from datetime import datetime
from typing import Any

from tocsin.model import BadInput
from tocsin.model.untrusted import json_object

_SYSTEM = {
    "channel": "Channel",
    "computer": "Computer",
    "providerName": "Provider_Name",
    "eventRecordID": "EventRecordID",
    "level": "Level",
    "task": "Task",
    "opcode": "Opcode",
    "keywords": "Keywords",
}
"""Wazuh's names under data.win.system (its Windows event channel decoder), and those of the event itself."""


def row_of(line: bytes) -> dict[str, Any]:
    """One alert: its own nested fields under Wazuh's names, `at` in seconds UTC.

    A Windows event in it (data.win) is laid beside them with the names of Windows: `EventID`,
    `Channel`, `Image`, `CommandLine` … `decoder_name` says which decoder read it. Raises
    BadInput, which repeats no content.

    >>> row = row_of(b'{"timestamp":"1970-01-01T00:00:05.000+0000","rule":{"level":3},'
    ...              b'"data":{"win":{"system":{"eventID":"1"},"eventdata":{"commandLine":"ls"}}}}')
    >>> row["EventID"], row["CommandLine"], row["at"]
    (1, 'ls', 5.0)
    """
    row = json_object(line, "alert")
    rule = row.get("rule")
    if not isinstance(rule, dict) or "level" not in rule:
        raise BadInput("This object has no rule with a level: it is not a Wazuh alert.")
    row["at"] = time_of(row.pop("timestamp", None))
    decoder = row.get("decoder")
    if isinstance(decoder, dict) and isinstance(decoder.get("name"), str):
        row["decoder_name"] = decoder["name"]
    return row | _inside(row.get("data")) | {"at": row["at"]}


def _inside(data: object) -> dict[str, Any]:
    """The event that an alert is about, under the names of its own log; a Windows event is taken out of `data`."""
    if not isinstance(data, dict):
        return {}
    found: dict[str, Any] = {}
    if isinstance(data.get("audit"), dict):
        found |= _audit(data["audit"])
    if isinstance(data.get("win"), dict):
        found |= _windows(data.pop("win"))
    return found


def _windows(win: dict[str, Any]) -> dict[str, Any]:
    system, data = win.get("system"), win.get("eventdata")
    fields: dict[str, Any] = {}
    if isinstance(data, dict):
        fields.update((name[:1].upper() + name[1:], value) for name, value in data.items())
    if isinstance(system, dict):
        fields.update(_system(system))
    return fields


def _system(system: dict[str, Any]) -> dict[str, Any]:
    fields = {ours: system[theirs] for theirs, ours in _SYSTEM.items() if theirs in system}
    number = str(system.get("eventID", ""))
    if number.isdecimal() and len(number) <= 10:
        fields["EventID"] = int(number)
    return fields


def _audit(audit: dict[str, Any]) -> dict[str, Any]:
    """Arguments of a command as a0, a1 … and in one text, as the audit log itself gives them."""
    execve = audit.get("execve")
    if not isinstance(execve, dict):
        return {}
    names = [f"a{number}" for number in range(len(execve))]
    return {"cmdline": " ".join(str(execve[name]) for name in names if name in execve)}


def time_of(stamp: object) -> float:
    """Seconds UTC of an alert's time (ISO 8601 with offset), 1970 at the earliest; raises BadInput."""
    try:
        moment = datetime.fromisoformat(stamp)  # type: ignore[arg-type]  # its TypeError is caught
        if moment.tzinfo is None:
            raise BadInput("The timestamp of this alert has no offset from UTC.")
        return max(0.0, moment.timestamp())
    except (TypeError, ValueError, OverflowError):
        raise BadInput("This alert has no timestamp in ISO 8601.") from None
