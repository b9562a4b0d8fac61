"""Frames of alarm panels: published examples, an independent computation, both ways, and hostile input."""

from pathlib import Path

import pytest
import yaml
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.formats import sia_dc09 as sia
from tocsin.formats.sia_dc09 import Frame
from tocsin.model import BadInput, ConfigError

TABLE = yaml.safe_load((Path(__file__).parents[2] / "content/alarm/codes.yaml").read_text(encoding="utf-8"))
CODES = sia.Codes.of(TABLE)
KEYS = [bytes(range(length)) for length in (16, 24, 32)]
NOISE = bytes(range(100, 116))
AT = 1_790_000_000.0


def crc_by_bits(body):
    """CRC-16/ARC from its definition: shift in each bit, divide by 0x18005 reflected."""
    value = 0
    for byte in body:
        for bit in range(8):
            low = (value ^ byte >> bit) & 1
            value = value >> 1 ^ (0xA001 if low else 0)
    return value


def opened(sealed, key):
    """CBC from its definition: each block decrypted alone, then the sealed block before it added."""
    blocks = [sealed[at : at + 16] for at in range(0, len(sealed), 16)]
    alone = Cipher(algorithms.AES(key), modes.ECB()).decryptor()
    plain = [alone.update(block) for block in blocks]
    pairs = zip(plain, [bytes(16), *blocks], strict=False)
    return b"".join(bytes(a ^ b for a, b in zip(one, before, strict=True)) for one, before in pairs)


def read(raw, key=b""):
    return sia.frame_of(sia.envelope_of(raw), key)


def message(data, token="SIA-DCS", **fields):
    return Frame(**{"token": token, "sequence": "0007", "account": "1234", "data": data} | fields)


def rows(data, token="SIA-DCS", **fields):
    return sia.rows_of(message(data, token, **fields), CODES, AT, {"panel": "hall"})


PUBLISHED = [
    # Two frames as published: SIA DC-09's own example, and one that an open receiver is tested with.
    b'\nCE110032"SIA-DCS"9876R579BDFL789ABC#12345A[#12345A|NFA129]\r',
    b'\nE5D50034"SIA-DCS"6002L0#AAA[|Nri1/CL501]_14:12:04,09-25-2019\r',
]


@pytest.mark.parametrize("raw", PUBLISHED)
def test_published_frames_are_read_and_written_alike(raw):
    assert sia.encode(read(raw)) == raw


def test_what_the_example_of_the_standard_says():
    frame = read(PUBLISHED[0])
    assert (frame.account, frame.receiver, frame.line, frame.sequence) == ("12345A", "579BDF", "789ABC", "9876")
    (row,) = sia.rows_of(frame, CODES, AT, {})
    assert (row["event"], row["class"], row["state"], row["zone"]) == ("Fire alarm", "fire", "alarm", "129")


@given(st.binary(max_size=200))
def test_the_crc_is_that_of_its_definition(body):
    assert sia.crc(body) == crc_by_bits(body)


PLAIN = st.text(st.characters(codec="utf-8", exclude_characters="[]\r\n", exclude_categories=["Cs", "Cc"]), max_size=80)
HEX = st.text("0123456789ABCDEF", min_size=3, max_size=6)
FRAMES = st.builds(
    Frame,
    token=st.sampled_from(["SIA-DCS", "ADM-CID", "NULL"]),
    sequence=st.integers(0, 9999).map("{:04d}".format),
    account=HEX,
    receiver=st.one_of(st.just(""), HEX),
    line=HEX,
    data=PLAIN,
    extended=st.lists(PLAIN, max_size=3).map(tuple),
    at=st.integers(0, 4_000_000_000).map(float),
    encrypted=st.booleans(),
)


@given(FRAMES, st.sampled_from(KEYS), st.binary(min_size=16, max_size=16))
@settings(deadline=None)
def test_what_is_written_is_read_again(frame, key, noise):
    assert read(sia.encode(frame, key, noise), key) == frame


@given(FRAMES, st.sampled_from(KEYS), st.binary(min_size=16, max_size=16))
@settings(deadline=None)
def test_what_is_sealed_opens_by_the_definition_of_cbc(frame, key, noise):
    sealed = message(frame.data, at=frame.at, encrypted=True)
    envelope = sia.envelope_of(sia.encode(sealed, key, noise))
    plain = opened(bytes.fromhex(envelope.rest[1:].decode()), key)
    pad, _, content = plain.partition(b"|")
    assert 1 <= len(pad) <= 16
    assert pad.isascii()
    assert not set(pad) & set(b"|[]")
    assert content == f"{frame.data}]_{sia.timestamp(frame.at)}".encode()


@given(st.binary(max_size=300))
@settings(deadline=None)
def test_any_bytes_are_read_or_refused_with_a_reason(raw):
    for attempt in (raw, sia.framed(raw), sia.framed(b'"SIA-DCS"0001L0#1234[' + raw)):
        try:
            sia.events_of(read(attempt))
        except BadInput as error:
            assert str(error).endswith(".")  # noqa: PT017  # either answer is right


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (PUBLISHED[0].replace(b"NFA129", b"NFA128"), "CRC"),
        (PUBLISHED[0].replace(b"0032", b"0033"), "length"),
        (b"\n" + b"0" * 5_000 + b"\r", "DC-09 allows"),
        (b"GET / HTTP/1.1\r", "no frame"),
        (sia.framed(b'"SIA-DCS"1L0#1234[]'), "head"),
    ],
)
def test_a_damaged_frame_is_told_from_one_that_is_whole(raw, why):
    with pytest.raises(sia.Garbled, match=why):
        sia.envelope_of(raw)


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (sia.encode(message("#1234|NBA1", at=AT, encrypted=True), KEYS[0], NOISE), "cannot be opened"),
        (sia.framed(b'"*SIA-DCS"0001L0#1234[0011'), "whole blocks"),
        (sia.framed(b'"*SIA-DCS"0001L0#1234[zz'), "hexadecimal"),
        (sia.framed(b'"SIA-DCS"0001L0#1234[NBA1]_25:61:00,01-01-2026'), "time"),
        (sia.framed(b'"SIA-DCS"0001L0#1234' + b"[]" * 40), "extended"),
        (sia.framed(b'"SIA-DCS"0001L0#1234[NBA1'), "content"),
    ],
)
def test_what_cannot_be_opened_says_why(raw, why):
    with pytest.raises(BadInput, match=why):
        read(raw, KEYS[1])


def test_encryption_needs_a_key_on_both_sides():
    with pytest.raises(BadInput, match="needs a key"):
        sia.encode(message("", at=AT, encrypted=True))
    with pytest.raises(BadInput, match="`secret`"):
        read(sia.encode(message("", at=AT, encrypted=True), KEYS[0]))
    with pytest.raises(BadInput, match="4095 bytes"):
        sia.encode(message("x" * 5_000))


@pytest.mark.parametrize("text", ["", "00", "xyz" * 11, "0" * 31, "00" * 17])
def test_a_key_of_another_length_is_refused_and_not_repeated(text):
    with pytest.raises(ConfigError, match="32, 48 or 64") as caught:
        sia.key_of(text)
    assert not text or text not in str(caught.value)


@pytest.mark.parametrize("cuts", [1, 3, 7, 1000])
def test_frames_are_found_however_the_bytes_arrive(cuts):
    stream = b"\x00noise" + b"\n".join(PUBLISHED) + b"\n\n" + PUBLISHED[0] + b"\nCE"
    splitter, found = sia.Splitter(), []
    for at in range(0, len(stream), cuts):
        found += splitter.feed(stream[at : at + cuts])
    assert found == [*PUBLISHED, PUBLISHED[0]]


def test_a_stream_without_end_is_given_up_early():
    splitter = sia.Splitter()
    with pytest.raises(sia.Garbled, match="without the CR"):
        _ = [splitter.feed(b"x" * 1_000) for _ in range(10_000)]
    assert splitter.feed(PUBLISHED[0]) == [PUBLISHED[0]]


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ("#1234|Nri1/BA003", [("BA", "intrusion", "alarm", "1", {"zone": "3"})]),
        ("#1234|Nri2BR3", [("BR", "intrusion", "restore", "2", {"zone": "3"})]),
        ("|Nri1/CL501", [("CL", "closing", "report", "1", {"user": "501"})]),
        ("#1234|Nri1/OP12^Main door^", [("OP", "opening", "report", "1", {"user": "12", "text": "Main door"})]),
        ('#1234|Nri1/TA007*"Keypad"NM', [("TA", "tamper", "alarm", "1", {"zone": "7", "text": "Keypad"})]),
        ("#1234|Nid7ri3pi12/DF4", [("DF", "door", "alarm", "3", {"zone": "4", "device": "12", "user": "7"})]),
        (
            "#1234|Nti22:15ri1/BA1/BA2",
            [
                ("BA", "intrusion", "alarm", "1", {"zone": "1", "panel_time": "22:15"}),
                ("BA", "intrusion", "alarm", "1", {"zone": "2"}),
            ],
        ),
        ("#1234|NBA1^^", [("BA", "intrusion", "alarm", None, {"zone": "1", "text": None})]),
        ("#1234|NAT", [("AT", "power", "alarm", None, {})]),
        ("#1234|Ova5lv1/HA9", [("HA", "hold-up", "alarm", None, {"zone": "9", "modifier": "va5 lv1"})]),
        ("#1234|NQZ1", [("QZ", "unknown", "report", None, {"zone": "1"})]),
    ],
)
def test_events_of_dc03_become_rows(data, found):
    got = rows(data)
    assert [(row["event_code"], row["class"], row["state"], row.get("partition")) for row in got] == [
        one[:4] for one in found
    ]
    assert [{name: row.get(name) for name in one[4]} for row, one in zip(got, found, strict=True)] == [
        one[4] for one in found
    ]


@pytest.mark.parametrize(
    ("block", "kind", "state", "field"),
    [
        ("1130 01 015", "intrusion", "alarm", ("zone", "15")),
        ("3130 01 015", "intrusion", "restore", ("zone", "15")),
        ("6301 00 000", "power", "alarm", ("event", "Mains power loss")),
        ("1401 01 007", "opening", "report", ("user", "7")),
        ("3401 01 007", "closing", "report", ("user", "7")),
        ("1570 01 004", "bypass", "alarm", ("zone", "4")),
        ("1421 00 012", "access", "report", ("user", "12")),
        ("1151 00 003", "gas", "alarm", ("event", "Gas detected")),
        ("1119 00 003", "fire", "alarm", ("event", "Fire alarm (119)")),
        ("1999 00 003", "unknown", "report", ("event", "Contact ID 999")),
        ("1137 00 002", "tamper", "alarm", ("partition", None)),
    ],
)
def test_contact_id_becomes_rows(block, kind, state, field):
    (row,) = rows(f"#1234|{block}", "ADM-CID")
    assert (row["class"], row["state"], row.get(field[0])) == (kind, state, field[1])


@pytest.mark.parametrize(
    ("data", "token", "why"),
    [
        ("#1234|BA1", "SIA-DCS", "N .new. or O"),
        ("#1234|N", "SIA-DCS", "0 event codes"),
        ("#1234|Nri1/ba!", "SIA-DCS", "Character"),
        ("#9999|NBA1", "SIA-DCS", "one account outside"),
        ("#1234|" + "N" + "BA1/" * 65, "SIA-DCS", "65 event codes"),
        ("#1234|2130 01 015", "ADM-CID", "Contact ID"),
        ("#1234|NBA1", "XYZ", "SIA-DCS"),
        ("NBA1", "SIA-DCS", "do not begin"),
    ],
)
def test_data_of_another_kind_are_refused(data, token, why):
    with pytest.raises(BadInput, match=why):
        rows(data, token)


def test_a_link_test_has_no_events():
    assert rows("", "NULL") == []


def test_extended_data_say_when_and_where():
    frame = message(
        "#1234|NBA1",
        at=AT,
        extended=("H14:13:05,09-21-2026", "M0019A5", "X024E56.484", "Y60N10.26", "Vhttp://cam/x", "SNorth"),
    )
    assert sia.time_of(frame) == AT - 15
    place = sia.place_of(frame)
    assert (place.lon, place.lat) == (24.9414, 60.171)
    (row,) = sia.rows_of(frame, CODES, AT, {})
    assert (row["mac"], row["site"]) == ("0019A5", "North")
    assert "http" not in str(row)


@pytest.mark.parametrize("extended", [(), ("X", "Y"), ("X999E00", "Y60N10"), ("X024N56", "Y60N10"), ("X024E56",)])
def test_a_place_that_is_none_is_none(extended):
    assert sia.place_of(message("", extended=extended)) is None


def test_a_clock_that_cannot_be_read_gives_the_time_of_sending():
    assert sia.time_of(message("", at=AT, extended=("Hnoon",))) == AT


def test_the_answers_of_a_receiver():
    envelope = sia.envelope_of(PUBLISHED[0])
    assert sia.acknowledgement(envelope, b"", AT, NOISE)[9:-1] == b'"ACK"9876R579BDFL789ABC#12345A[]'
    assert sia.unable(envelope)[9:-1] == b'"DUH"9876R579BDFL789ABC#12345A[]'
    assert sia.refusal(AT) == sia.framed(b'"NAK"0000R0L0A0[]_14:13:20,09-21-2026')
    assert sia.envelope_of(sia.refusal(AT)).token == "NAK"
    sealed = sia.envelope_of(sia.encode(message("", at=AT, encrypted=True), KEYS[2], NOISE))
    answer = read(sia.acknowledgement(sealed, KEYS[2], AT + 1, NOISE), KEYS[2])
    assert (answer.token, answer.encrypted, answer.sequence, answer.at) == ("ACK", True, "0007", AT + 1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"sia": {"BA": ["Burglary", "intrusion", "alarm"]}},
        {"sia": {"BA": ["Burglary", "burglary", "alarm", "zone"]}},
        {"sia": {"BA": ["Burglary", "intrusion", "loud", "zone"]}},
        {"contact_id": {"130": ["Burglary", "intrusion", "door"]}},
        {"families": {"1": "intrusion"}},
    ],
)
def test_a_table_with_a_mistake_is_refused_by_its_code(wrong):
    with pytest.raises(ConfigError, match=r"'(BA|130|1)'"):
        sia.Codes.of(wrong)


def test_every_alarm_of_the_table_has_a_way_back():
    """A class that begins for some code ends for some code: else a map would show it for ever."""
    of = {state: {row[1] for row in TABLE["sia"].values() if row[2] == state} for state in ("alarm", "restore")}
    assert of["alarm"] <= of["restore"] | {"technical"}


@pytest.mark.parametrize(
    "line", [b"{}", b'{"at":"5","event_code":"BA"}', b'{"at":true,"event_code":"BA"}', b"[1]", b"\xff"]
)
def test_a_line_that_is_no_row_is_refused(line):
    with pytest.raises(BadInput):
        sia.row_of(line)
