"""EVE JSON: one line of Suricata's event log, as a row with its time and without payload."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from tocsin.model import BadInput
from tocsin.model.untrusted import json_object

PAYLOAD: Mapping[str, tuple[str, ...]] = {
    "": ("payload", "payload_printable", "packet", "stream"),
    "http": (
        "http_request_body",
        "http_request_body_printable",
        "http_response_body",
        "http_response_body_printable",
        "request_headers",
        "response_headers",
    ),
    "email": ("body_md5", "subject", "received"),
    "mqtt": ("publish",),
    "ftp": ("command_data", "reply"),
    "smb": ("request", "response"),
    "snmp": ("community",),
    "sip": ("request_line", "response_line"),
    "pgsql": ("request", "response"),
}
"""Content of conversations, by container ("" is the row itself): dropped, never carried on."""

PERSONAL: Mapping[str, tuple[str, ...]] = {
    "smtp": ("mail_from", "rcpt_to", "helo"),
    "email": ("from", "to", "cc", "message_id", "x_mailer"),
    "krb5": ("cname", "sname"),
    "ntlmssp": ("user", "domain", "host"),
    "smb": ("user", "ntlmssp", "kerberos"),
    "dhcp": ("hostname", "client_id"),
    "rdp": ("cookie",),
    "rfb": ("name",),
    "ldap": ("name",),
    "sip": ("uri",),
    "snmp": ("usm",),
    "http": ("username",),
    "": ("username", "user"),
}
"""Fields that can name a person or an account, by container: a perceiver makes tokens of them.

Field names after Suricata's EVE JSON schema (etc/schema.json of its sources).
"""

_ALERT = {"signature_id": int, "signature": str, "severity": int}
_TEXTS = ("src_ip", "dest_ip", "proto")


def row_of(line: bytes) -> dict[str, Any]:
    """One event: `at` in seconds UTC, all other fields under Suricata's names, payload dropped.

    Raises BadInput, whose reason never repeats content, unless the line is a JSON object with
    an event_type and a timestamp with offset, and (for alerts) signature and severity.

    >>> row_of(b'{"timestamp":"2021-06-06T15:59:46.5+0200","event_type":"flow","payload":"aGk="}')
    {'event_type': 'flow', 'at': 1622987986.5}
    """
    row = json_object(line)
    if not isinstance(row.get("event_type"), str):
        raise BadInput("This line has no event_type: it is not an EVE event.")
    row["at"] = time_of(row.pop("timestamp", None))
    _check_addresses(row)
    if row["event_type"] == "alert":
        _check_alert(row.get("alert"))
    _drop_payload(row)
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


def _drop_payload(row: dict[str, Any]) -> None:
    for container, names in _within(row, PAYLOAD):
        for name in names:
            container.pop(name, None)


def _within(
    row: dict[str, Any], table: Mapping[str, tuple[str, ...]]
) -> Iterator[tuple[dict[str, Any], tuple[str, ...]]]:
    """The containers of this row that the table speaks of, the row itself first."""
    yield row, table[""]
    for name in row.keys() & table.keys():
        if isinstance(row[name], dict):
            yield row[name], table[name]


def pseudonymised(row: dict[str, Any], token: Callable[[str], str]) -> None:
    """Put tokens in the place of every text under the PERSONAL fields of this row, in place."""
    for container, names in _within(row, PERSONAL):
        for name in names:
            if name in container:
                container[name] = _tokens(container[name], token)


def _tokens(value: Any, token: Callable[[str], str]) -> Any:  # noqa: ANN401  # any JSON value
    if isinstance(value, str):
        return token(value) if value else value
    if isinstance(value, list):
        return [_tokens(item, token) for item in value]
    if isinstance(value, dict):
        return {name: _tokens(item, token) for name, item in value.items()}
    return value
