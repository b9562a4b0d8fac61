"""CAP 1.2 as XML: one table of elements read both ways, by a parser that knows no DTD, entity or network."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec
from lxml import etree

from tocsin.formats.cap.alert import Alert, Circle, Ring
from tocsin.model import BadInput

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
_SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}"

BYTES_MAX = 1_048_576
"""Longest message that is read, in bytes."""

_WORDS = re.compile(r'"[^"]*"|\S+')


class _Element(NamedTuple):
    name: str
    field: str
    read: Callable[[Any], Any]
    write: Callable[[Any], Any]
    many: bool = False


def _text(node: Any) -> str:  # noqa: ANN401  # lxml's element
    if len(node):
        message = f"CAP element {_name(node)} holds text only: remove the elements inside it."
        raise BadInput(message)
    return (node.text or "").strip()


def _number(node: Any) -> float:  # noqa: ANN401
    return _as_number(_text(node), _name(node))


def _as_number(text: str, name: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        message = f"CAP element {name} holds {text[:40]!r}, which is no number."
        raise BadInput(message) from error


def _pair(text: str, name: str) -> tuple[float, float]:
    lat, comma, lon = text.partition(",")
    if not comma:
        message = f"CAP element {name} holds {text[:40]!r}: write lat,lon."
        raise BadInput(message)
    return _as_number(lon, name), _as_number(lat, name)


def _ring(node: Any) -> Ring:  # noqa: ANN401
    return tuple(_pair(point, _name(node)) for point in _text(node).split())


def _circle(node: Any) -> dict[str, float]:  # noqa: ANN401
    centre, _, radius = _text(node).partition(" ")
    lon, lat = _pair(centre, _name(node))
    return {"lon": lon, "lat": lat, "radius_km": _as_number(radius, _name(node))}


def _words(node: Any) -> list[str]:  # noqa: ANN401
    return [word.strip('"') for word in _WORDS.findall(_text(node))]


def _spaced(words: Sequence[str]) -> str:
    return " ".join(f'"{word}"' if re.search(r"\s", word) else word for word in words)


def _digits(value: float) -> str:
    return format(value, ".10f").rstrip("0").rstrip(".")


def _points(ring: Ring) -> str:
    return " ".join(f"{_digits(lat)},{_digits(lon)}" for lon, lat in ring)


def _round_about(circle: Circle) -> str:
    return f"{_digits(circle.lat)},{_digits(circle.lon)} {_digits(circle.radius_km)}"


def _plain(name: str, field: str = "") -> _Element:
    return _Element(name, field or name, _text, str)


def _decimal(name: str, field: str) -> _Element:
    return _Element(name, field, _number, _digits)


def _spread(name: str) -> _Element:
    return _Element(name, name, _words, _spaced)


def _nested(name: str, field: str, table: tuple[_Element, ...]) -> _Element:
    return _Element(name, field, lambda node: _read(node, table), lambda value: list(_children(value, table)), True)


def _name(node: Any) -> str:  # noqa: ANN401
    return str(etree.QName(node).localname)


_NAMED = (_plain("valueName", "name"), _plain("value"))
_RESOURCE = (
    _plain("resourceDesc", "description"),
    _plain("mimeType", "mime_type"),
    _Element("size", "size_bytes", lambda node: int(_number(node)), str),
    _plain("uri"),
    _plain("derefUri", "deref_uri"),
    _plain("digest"),
)
_AREA = (
    _plain("areaDesc", "description"),
    _Element("polygon", "polygons", _ring, _points, True),
    _Element("circle", "circles", _circle, _round_about, True),
    _nested("geocode", "geocodes", _NAMED),
    _decimal("altitude", "altitude_ft"),
    _decimal("ceiling", "ceiling_ft"),
)
_INFO = (
    _plain("language"),
    _Element("category", "categories", _text, str, True),
    _plain("event"),
    _Element("responseType", "response_types", _text, str, True),
    _plain("urgency"),
    _plain("severity"),
    _plain("certainty"),
    _plain("audience"),
    _nested("eventCode", "event_codes", _NAMED),
    _plain("effective"),
    _plain("onset"),
    _plain("expires"),
    _plain("senderName", "sender_name"),
    _plain("headline"),
    _plain("description"),
    _plain("instruction"),
    _plain("web"),
    _plain("contact"),
    _nested("parameter", "parameters", _NAMED),
    _nested("resource", "resources", _RESOURCE),
    _nested("area", "areas", _AREA),
)
_ALERT = (
    _plain("identifier"),
    _plain("sender"),
    _plain("sent"),
    _plain("status"),
    _plain("msgType", "msg_type"),
    _plain("source"),
    _plain("scope"),
    _plain("restriction"),
    _spread("addresses"),
    _Element("code", "codes", _text, str, True),
    _plain("note"),
    _spread("references"),
    _spread("incidents"),
    _nested("info", "infos", _INFO),
)


def encode(alert: Alert) -> bytes:
    """The message as UTF-8 XML. Raises BadInput where a text has a character that XML forbids.

    Shape only: call `check` before anything is sent.
    """
    try:
        root = etree.Element(f"{{{NAMESPACE}}}alert", nsmap={None: NAMESPACE})
        _grow(root, _children(alert, _ALERT))
        return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    except ValueError as error:
        message = f"A text of this message cannot be written as XML: {error}. Remove control characters."
        raise BadInput(message) from error


def _is_said(value: object) -> bool:
    """Whether a value is more than the absence of one; 0 is."""
    return bool(value) or value == 0


def _children(value: Any, table: tuple[_Element, ...]) -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    required = {field.encode_name for field in msgspec.structs.fields(value) if field.required}
    for element in table:
        found = getattr(value, element.field)
        for each in found if element.many else (found,):
            if _is_said(each) or element.field in required:
                yield element.name, element.write(each)


def _grow(parent: Any, children: Any) -> None:  # noqa: ANN401
    for name, content in children:
        node = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}")
        if isinstance(content, str):
            node.text = content
        else:
            _grow(node, content)


def decode(raw: bytes) -> Alert:
    """Read one message; raises BadInput saying which element is wrong.

    Refused before parsing: more than BYTES_MAX bytes, text that is not UTF-8, any DOCTYPE.
    """
    root = _parsed(raw)
    if etree.QName(root).namespace != NAMESPACE or _name(root) != "alert":
        message = f"This is no CAP 1.2 message: its root must be <alert xmlns={NAMESPACE!r}>."
        raise BadInput(message)
    signed = _unsigned(root)
    try:
        return msgspec.convert({**_read(root, _ALERT), "signed": signed}, Alert)
    except msgspec.ValidationError as error:
        message = f"This is no CAP 1.2 message: {error}."
        raise BadInput(message) from error


def _parsed(raw: bytes) -> Any:  # noqa: ANN401
    if len(raw) > BYTES_MAX:
        message = f"A CAP message of {len(raw)} bytes is too long: at most {BYTES_MAX} are read."
        raise BadInput(message)
    if b"<!DOCTYPE" in raw or b"<!ENTITY" in raw:
        message = "A CAP message with a DTD is refused: remove the DOCTYPE."
        raise BadInput(message)
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        return etree.fromstring(raw, parser)
    except etree.XMLSyntaxError as error:
        message = f"A CAP message must be well-formed XML in UTF-8: {error.msg}."
        raise BadInput(message) from error


def _unsigned(root: Any) -> bool:  # noqa: ANN401
    """Take the signatures off; says whether there were any."""
    signatures = [child for child in root if str(child.tag).startswith(_SIGNATURE)]
    for signature in signatures:
        root.remove(signature)
    return bool(signatures)


def _read(node: Any, table: tuple[_Element, ...]) -> dict[str, Any]:  # noqa: ANN401
    places = {element.name: place for place, element in enumerate(table)}
    found: dict[str, Any] = {}
    reached = 0
    for child in node:
        place = _place(child, node, places)
        element = table[place]
        if place < reached or _is_again(found, element):
            message = f"CAP element {element.name} in {_name(node)} comes twice or out of order."
            raise BadInput(message)
        reached = place
        _keep(found, element, child)
    return found


def _is_again(found: dict[str, Any], element: _Element) -> bool:
    return element.field in found and not element.many


def _place(child: Any, node: Any, places: dict[str, int]) -> int:  # noqa: ANN401
    if etree.QName(child).namespace != NAMESPACE or _name(child) not in places:
        message = f"CAP 1.2 knows no element {_name(child)[:40]!r} in {_name(node)}."
        raise BadInput(message)
    return places[_name(child)]


def _keep(found: dict[str, Any], element: _Element, child: Any) -> None:  # noqa: ANN401
    value = element.read(child)
    if element.many:
        found.setdefault(element.field, []).append(value)
    else:
        found[element.field] = value
