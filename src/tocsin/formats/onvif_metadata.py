"""ONVIF metadata streams (tt:MetadataStream, Analytics Service Specification, profile M): what a camera saw by itself.

Read are classes, boxes, positions and numbers of objects. Faces, number plates, clothes and other marks of a
person are passed over and counted.
"""

import re
import zlib
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from math import isfinite
from typing import Any, NamedTuple

from lxml import etree
from msgspec import Struct

from tocsin.model import BadInput

TT = "{http://www.onvif.org/ver10/schema}"

BYTES_MAX = 1 << 20
"""Longest document that is read, unpacked."""

FRAMES_MAX, OBJECTS_MAX = 64, 256
"""Most frames of one document, and most objects of one frame."""

_TAIL_BYTES = 80
"""How much of the end of a document shows that it is one."""

_GZIP = b"\x1f\x8b"
_END = re.compile(rb"</(?:[\w.-]+:)?MetadataStream\s*>\s*\Z")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

_LABELS = {
    "human": "person",
    "person": "person",
    "pedestrian": "person",
    "vehicle": "vehicle",
    "car": "car",
    "van": "car",
    "truck": "truck",
    "bus": "bus",
    "bicycle": "bicycle",
    "bike": "bicycle",
    "motorcycle": "motorcycle",
    "motorbike": "motorcycle",
    "train": "train",
    "animal": "animal",
}
_IDENTIFYING = frozenset({"face", "faces", "facial", "plate", "plates", "barcode"})

Box = tuple[float, float, float, float]


class Seen(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One object of a frame: its number at the camera, what it is, where. Boxes are shares of width and height.

    `gone` where the camera says that it is no more there.
    """

    id: int
    label: str = ""
    likelihood: float = 1.0
    box: Box | None = None
    lon: float | None = None
    lat: float | None = None
    gone: bool = False


class Moment(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One frame of a scene description. `renamed` are objects that go on under another number.

    `passed_over` counts what names or shows somebody, `unreadable` objects that make no sense.
    """

    at: float | None = None
    seen: tuple[Seen, ...] = ()
    deleted: tuple[int, ...] = ()
    renamed: tuple[tuple[int, int], ...] = ()
    passed_over: int = 0
    unreadable: int = 0


class Documents:
    """Puts documents together from the payloads of RTP packets, in their order.

    >>> documents = Documents()
    >>> documents.add(b"<MetadataStream>", 1), documents.add(b"</MetadataStream>", 1)
    ([], [b'<MetadataStream></MetadataStream>'])
    """

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0
        self._tail = b""
        self._stamp: int | None = None

    def add(self, payload: bytes, stamp: int | None) -> list[bytes]:
        """Take one payload and its timestamp; gives the documents that are whole by it.

        Raises BadInput for one that is too long; what was of it is dropped.
        """
        whole = self._taken() if stamp != self._stamp else []
        self._stamp = stamp
        self._parts.append(payload)
        self._size += len(payload)
        if self._size > BYTES_MAX:
            self._taken()
            raise BadInput(f"A document of more than {BYTES_MAX} bytes is not read.")
        self._tail = (self._tail + payload)[-_TAIL_BYTES:]
        if _END.search(self._tail):
            whole += self._taken()
        return whole

    def _taken(self) -> list[bytes]:
        raw, self._parts, self._size, self._tail = b"".join(self._parts), [], 0, b""
        return [raw] if raw.strip() else []


def parsed(raw: bytes) -> Any:  # noqa: ANN401  # lxml's element
    """A document, unpacked where it is packed (gzip); raises BadInput, which repeats no content."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False
    )
    text = _unpacked(raw)
    if len(text) > BYTES_MAX:
        raise BadInput(f"This document has more than {BYTES_MAX} bytes.")
    try:
        root = etree.fromstring(text, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        raise BadInput(f"Line {line} of this document is not well-formed XML.") from None
    if root.getroottree().docinfo.doctype:
        raise BadInput("This document has a document type definition, which ONVIF never needs.")
    if root.tag != f"{TT}MetadataStream":
        raise BadInput("This document is no metadata stream of ONVIF's schema.")
    return root


def _unpacked(raw: bytes) -> bytes:
    if not raw.startswith(_GZIP):
        return raw
    try:
        return zlib.decompressobj(wbits=31).decompress(raw, BYTES_MAX + 1)
    except zlib.error:
        raise BadInput("This document is packed and damaged.") from None


def moments_of(root: Any) -> list[Moment]:  # noqa: ANN401  # lxml's element
    """The frames of a document, in order; raises BadInput where there are too many.

    >>> raw = b'''<t:MetadataStream xmlns:t="http://www.onvif.org/ver10/schema"><t:VideoAnalytics>
    ...  <t:Frame UtcTime="1970-01-01T00:00:05Z"><t:Object ObjectId="7"><t:Appearance><t:Shape>
    ...  <t:BoundingBox left="-0.5" top="0.5" right="0" bottom="-1"/></t:Shape><t:Class><t:Type Likelihood="0.9">Human
    ...  </t:Type></t:Class></t:Appearance></t:Object></t:Frame></t:VideoAnalytics></t:MetadataStream>'''
    >>> moments_of(parsed(raw))
    [Moment(at=5.0, seen=(Seen(id=7, label='person', likelihood=0.9, box=(0.25, 0.25, 0.5, 1.0), lon=None, lat=None, \
gone=False),), deleted=(), renamed=(), passed_over=0, unreadable=0)]
    """
    frames = root.findall(f"{TT}VideoAnalytics/{TT}Frame")
    if len(frames) > FRAMES_MAX:
        raise BadInput(f"This document has {len(frames)} frames, {FRAMES_MAX} are read.")
    return [_moment(frame) for frame in frames]


class _Transform(NamedTuple):
    """From coordinates of a node to those of its parent."""

    scale_x: float = 1.0
    scale_y: float = 1.0
    move_x: float = 0.0
    move_y: float = 0.0

    def __call__(self, x: float, y: float) -> tuple[float, float]:
        return x * self.scale_x + self.move_x, y * self.scale_y + self.move_y


def _moment(frame: Any) -> Moment:  # noqa: ANN401
    nodes = frame.findall(f"{TT}Object")
    if len(nodes) > OBJECTS_MAX:
        raise BadInput(f"A frame has {len(nodes)} objects, {OBJECTS_MAX} are read.")
    try:
        outer = _transform(frame)
    except ValueError:
        raise BadInput("The scale of a frame is no number.") from None
    seen: list[Seen] = []
    passed_over = unreadable = 0
    for node in nodes:
        try:
            found = _seen(node, outer)
        except ValueError:
            unreadable += 1
            continue
        passed_over += found is None
        seen.extend([] if found is None else [found])
    tree = frame.find(f"{TT}ObjectTree")
    return Moment(
        at=_time(frame.get("UtcTime", "")),
        seen=tuple(seen),
        deleted=tuple(_ids(tree, "Delete")),
        renamed=tuple(_renamed(tree)),
        passed_over=passed_over,
        unreadable=unreadable,
    )


def _seen(node: Any, outer: _Transform) -> Seen | None:  # noqa: ANN401
    """One object; None for what names or shows somebody. Raises ValueError for what makes no sense."""
    looks = node.find(f"{TT}Appearance")
    label, likelihood = ("", 1.0) if looks is None else _class_of(looks)
    if label is None:
        return None
    lon, lat = _position(node, looks)
    return Seen(
        id=_id(node.get("ObjectId")),
        label=label,
        likelihood=likelihood,
        box=None if looks is None else _box(looks, outer),
        lon=lon,
        lat=lat,
        gone=node.find(f"{TT}Behaviour/{TT}Removed") is not None,
    )


def _class_of(looks: Any) -> tuple[str | None, float]:  # noqa: ANN401
    """The likeliest class of an appearance, None for a face or a plate; a kind of vehicle says more than vehicle."""
    found = list(_candidates(looks))
    if not found:
        return "", 1.0
    likelihood, word = max(found)
    label = label_of(word)
    kind = looks.find(f"{TT}VehicleInfo/{TT}Type")
    if label == "vehicle" and kind is not None:
        label = label_of(kind.text or "") or label
    return label, likelihood


def _candidates(looks: Any) -> Iterator[tuple[float, str]]:  # noqa: ANN401
    """How likely which class, as both versions of the schema say it."""
    for candidate in looks.findall(f"{TT}Class/{TT}ClassCandidate"):
        yield _share(candidate.findtext(f"{TT}Likelihood", "1")), candidate.findtext(f"{TT}Type", "")
    for node in looks.findall(f"{TT}Class/{TT}Type"):
        yield _share(node.get("Likelihood", "1")), node.text or ""


def label_of(word: str) -> str | None:
    """Our name of a class of ONVIF's or of a maker's; None for what would name somebody, empty for no word.

    >>> label_of("Human"), label_of("LicensePlate"), label_of(" Fork-lift ")
    ('person', None, 'fork-lift')
    """
    word = word.strip()
    parts = [part.lower() for part in _WORD.findall(word)]
    if _IDENTIFYING.intersection(parts):
        return None
    return _LABELS.get(word.lower(), "-".join(parts)[:32])


def _box(looks: Any, outer: _Transform) -> Box | None:  # noqa: ANN401
    """The box as shares of the picture, cut at its edges; None where there is none. ONVIF's y goes up."""
    node = looks.find(f"{TT}Shape/{TT}BoundingBox")
    if node is None:
        return None
    inner = _transform(looks)
    left, top = outer(*inner(_number(node.get("left")), _number(node.get("top"))))
    right, bottom = outer(*inner(_number(node.get("right")), _number(node.get("bottom"))))
    xs, ys = sorted((_cut(left), _cut(right))), sorted((_cut(-top), _cut(-bottom)))
    return (xs[0], ys[0], xs[1], ys[1]) if xs[0] < xs[1] and ys[0] < ys[1] else None


def _cut(normal: float) -> float:
    """From -1…1 to a share, within the picture."""
    return round(min(1.0, max(0.0, (normal + 1.0) / 2.0)), 6)


def _transform(node: Any) -> _Transform:  # noqa: ANN401
    found = node.find(f"{TT}Transformation")
    if found is None:
        return _Transform()
    scale, move = found.find(f"{TT}Scale"), found.find(f"{TT}Translate")
    scales = (1.0, 1.0) if scale is None else (_number(scale.get("x")), _number(scale.get("y")))
    moves = (0.0, 0.0) if move is None else (_number(move.get("x")), _number(move.get("y")))
    return _Transform(*scales, *moves)


def _position(node: Any, looks: Any) -> tuple[float | None, float | None]:  # noqa: ANN401
    """Longitude and latitude, where the camera knows them."""
    found = [place for one in (looks, node) if one is not None and (place := one.find(f"{TT}GeoLocation")) is not None]
    if not found:
        return None, None
    lon, lat = _number(found[0].get("lon")), _number(found[0].get("lat"))
    if not (-180.0 <= lon <= 180.0 and -90.0 <= lat <= 90.0):
        raise ValueError
    return lon, lat


def _ids(tree: Any, name: str) -> Iterator[int]:  # noqa: ANN401
    for node in [] if tree is None else tree.findall(f"{TT}{name}")[:OBJECTS_MAX]:
        with suppress(ValueError):
            yield _id(node.get("ObjectId"))


def _renamed(tree: Any) -> Iterator[tuple[int, int]]:  # noqa: ANN401
    for node in [] if tree is None else tree.findall(f"{TT}Rename")[:OBJECTS_MAX]:
        ends = [next(_ids(node, name), None) for name in ("from", "to")]
        if ends[0] is not None and ends[1] is not None:
            yield ends[0], ends[1]


def _id(text: str | None) -> int:
    if text is None or not text.isdecimal() or len(text) > 18:
        raise ValueError
    return int(text)


def _number(text: str | None) -> float:
    value = float(text or "")
    if not isfinite(value):
        raise ValueError
    return value


def _share(text: str) -> float:
    return min(1.0, max(0.0, _number(text)))


def _time(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None  # the arrival is the next best
