"""ONVIF metadata streams: golden documents, pieces of documents, hostile documents."""

import gzip
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.formats.onvif_metadata import (
    BYTES_MAX,
    FRAMES_MAX,
    OBJECTS_MAX,
    Documents,
    Moment,
    label_of,
    moments_of,
    parsed,
)
from tocsin.model import BadInput

GOLDEN = sorted((Path(__file__).parents[1] / "data" / "onvif_metadata").glob("*.xml"))
HEAD = '<t:MetadataStream xmlns:t="http://www.onvif.org/ver10/schema"><t:VideoAnalytics>'
TAIL = "</t:VideoAnalytics></t:MetadataStream>"


def document(inner):
    return f"{HEAD}{inner}{TAIL}".encode()


def boxed(left, top, right, bottom):
    """A frame with one object in a box."""
    box = f'<t:BoundingBox left="{left}" top="{top}" right="{right}" bottom="{bottom}"/>'
    looks = f"<t:Appearance><t:Shape>{box}</t:Shape></t:Appearance>"
    return document(f'<t:Frame><t:Object ObjectId="1">{looks}</t:Object></t:Frame>')


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_golden_documents_are_read_as_they_are_meant(path):
    expected = msgspec.json.decode(path.with_suffix(".json").read_bytes(), type=list[Moment])
    raw = path.read_bytes()
    assert moments_of(parsed(raw)) == expected
    assert moments_of(parsed(gzip.compress(raw))) == expected


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_nothing_that_names_or_shows_somebody_is_kept(path):
    said = msgspec.json.encode(moments_of(parsed(path.read_bytes())))
    for word in (b"ABC-123", b"Age", b"Gender", b"face", b"Height", b"Brand"):
        assert word not in said


@given(st.lists(st.floats(-3.0, 3.0), min_size=4, max_size=4))
def test_every_box_lies_within_the_picture(edges):
    for one in moments_of(parsed(boxed(*edges)))[0].seen:
        if one.box is not None:
            x1, y1, x2, y2 = one.box
            assert 0.0 <= x1 < x2 <= 1.0
            assert 0.0 <= y1 < y2 <= 1.0


@given(st.integers(1, 400), st.booleans())
def test_documents_come_whole_out_of_pieces_of_any_size(size, same_stamp):
    raws = [path.read_bytes() for path in GOLDEN] * 2
    documents, whole = Documents(), []
    for number, raw in enumerate(raws):
        pieces = [raw[n : n + size] for n in range(0, len(raw), size)]
        whole += [one for piece in pieces for one in documents.add(piece, 0 if same_stamp else number)]
    assert [one.strip() for one in whole] == [raw.strip() for raw in raws]


def test_packed_documents_are_told_apart_by_their_time():
    packed = [gzip.compress(path.read_bytes()) for path in GOLDEN]
    documents = Documents()
    whole = [one for stamp, raw in enumerate([*packed, b""]) for one in documents.add(raw, stamp)]
    assert whole == packed


def test_a_document_without_end_is_dropped():
    documents = Documents()
    part = b"x" * (BYTES_MAX // 2)
    assert documents.add(part, 1) + documents.add(part, 1) == []
    with pytest.raises(BadInput, match="is not read"):
        documents.add(b"x", 1)
    assert documents.add(GOLDEN[0].read_bytes(), 1) == [GOLDEN[0].read_bytes()]


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "not well-formed"),
        (b"\xff\xfe<a>", "not well-formed"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "not well-formed|type definition"),
        (b"<a/>", "no metadata stream"),
        (b"\x1f\x8bgarbage", "packed and damaged"),
        (gzip.compress(b" " * (BYTES_MAX + 10)), "has more than"),
        (document(f"<t:Frame>{'<t:Object/>' * (OBJECTS_MAX + 1)}</t:Frame>"), "objects"),
        (document("<t:Frame/>" * (FRAMES_MAX + 1)), "frames"),
        (document('<t:Frame><t:Transformation><t:Scale x="x" y="1"/></t:Transformation></t:Frame>'), "no number"),
    ],
)
def test_hostile_documents_are_refused_in_words(raw, why):
    with pytest.raises(BadInput, match=why):
        moments_of(parsed(raw))


@given(st.binary(max_size=200))
def test_noise_is_refused_and_breaks_nothing(noise):
    with pytest.raises(BadInput):
        parsed(noise)


@pytest.mark.parametrize(
    ("word", "label"),
    [
        ("Human", "person"),
        ("Vehicle", "vehicle"),
        ("HumanFace", None),
        ("LicensePlate", None),
        ("", ""),
        ("Cart", "cart"),
    ],
)
def test_classes_have_our_names(word, label):
    assert label_of(word) == label
