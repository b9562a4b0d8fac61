"""WS-Discovery as ONVIF devices speak it (April 2005): the question who is there, and the answers."""

import re
from typing import Any
from urllib.parse import unquote, urlsplit

from lxml import etree
from msgspec import Struct

from tocsin.model import BadInput

SOAP = "{http://www.w3.org/2003/05/soap-envelope}"
WSD = "{http://schemas.xmlsoap.org/ws/2005/04/discovery}"
WSA = "{http://schemas.xmlsoap.org/ws/2004/08/addressing}"

BYTES_MAX = 65_535
"""Longest datagram."""

MATCHES_MAX, ADDRESSES_MAX, SCOPES_MAX = 64, 16, 64
"""Most devices in one answer, addresses and scopes of a device."""

_SCOPE = re.compile(r"onvif://www\.onvif\.org/([a-z]+)/(.+)", re.IGNORECASE)


class Match(Struct, frozen=True, kw_only=True):
    """A device that answered: where it says it is, and what it says of itself (ONVIF scopes: name, hardware …)."""

    endpoint: str
    addresses: tuple[str, ...]
    scopes: dict[str, str] = {}


def probe(message_id: str) -> bytes:
    """Ask all devices whose pictures can be had. `message_id` is a new UUID."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
        'xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
        'xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" '
        'xmlns:n="http://www.onvif.org/ver10/network/wsdl"><s:Header>'
        f"<a:MessageID>urn:uuid:{message_id}</a:MessageID>"
        "<a:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To>"
        "<a:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</a:Action></s:Header>"
        "<s:Body><d:Probe><d:Types>n:NetworkVideoTransmitter</d:Types></d:Probe></s:Body></s:Envelope>"
    ).encode()


def matches_of(raw: bytes) -> list[Match]:
    """The devices in an answer; raises BadInput, which repeats no content.

    >>> raw = b'''<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"
    ...  xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"
    ...  xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"><s:Body><d:ProbeMatches><d:ProbeMatch>
    ...  <a:EndpointReference><a:Address>urn:uuid:1</a:Address></a:EndpointReference>
    ...  <d:Scopes>onvif://www.onvif.org/name/North%20gate</d:Scopes>
    ...  <d:XAddrs>http://192.0.2.7/onvif/device_service</d:XAddrs></d:ProbeMatch></d:ProbeMatches></s:Body>
    ...  </s:Envelope>'''
    >>> matches_of(raw)[0].addresses, matches_of(raw)[0].scopes
    (('http://192.0.2.7/onvif/device_service',), {'name': 'North gate'})
    """
    nodes = _parsed(raw).findall(f"{SOAP}Body/{WSD}ProbeMatches/{WSD}ProbeMatch")
    return [_match(node) for node in nodes[:MATCHES_MAX]]


def _parsed(raw: bytes) -> Any:  # noqa: ANN401  # lxml's element
    if len(raw) > BYTES_MAX:
        raise BadInput(f"This answer has more than {BYTES_MAX} bytes.")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False
    )
    try:
        root = etree.fromstring(raw, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise BadInput("This answer is not well-formed XML.") from None
    if root.getroottree().docinfo.doctype:
        raise BadInput("This answer has a document type definition, which devices never need.")
    return root


def _match(node: Any) -> Match:  # noqa: ANN401
    words = node.findtext(f"{WSD}XAddrs", "").split()[:ADDRESSES_MAX]
    return Match(
        endpoint=node.findtext(f"{WSA}EndpointReference/{WSA}Address", "").strip()[:200],
        addresses=tuple(word for word in words if _is_address(word)),
        scopes=_scopes(node.findtext(f"{WSD}Scopes", "")),
    )


def _is_address(word: str) -> bool:
    """Whether it names a host that can be asked over HTTP."""
    try:
        parts = urlsplit(word)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


def _scopes(text: str) -> dict[str, str]:
    """The first of each kind of scope, in plain words."""
    found: dict[str, str] = {}
    for word in text.split()[:SCOPES_MAX]:
        if scope := _SCOPE.fullmatch(word[:300]):
            value = "".join(one for one in unquote(scope[2]) if one.isprintable())
            found.setdefault(scope[1].lower(), value[:80])
    return found
