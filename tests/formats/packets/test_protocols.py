"""What each protocol's rows say, and that no secret, name or payload is in any of them."""

from hashlib import md5
from struct import pack

import msgspec
import pytest

from tests.formats.packets import build
from tests.formats.packets.build import ATTACKER, GATEWAY, SERVER, T0, VICTIM, conversation, rows_of, udp
from tocsin.formats import zeek
from tocsin.formats.packets.http import without_secrets


def told(frames, log, *names):
    """Some fields of the rows of one log."""
    return [tuple(row.get(name) for name in names) for row in rows_of(frames, log)]


def datagrams(port, *said):
    """Datagrams to (even) and from (odd) a server."""
    ends = [(VICTIM, 3_000, SERVER, port), (SERVER, port, VICTIM, 3_000)]
    return [(T0 + number, udp(*ends[number % 2], data)) for number, data in enumerate(said)]


SAMPLES = [build.ftp_login(), build.telnet_login(), build.http_basic(), build.mqtt_session(), build.modbus_write()]


@pytest.mark.parametrize("frames", SAMPLES)
def test_no_secret_and_no_payload_is_in_any_row(frames):
    said = msgspec.json.encode(rows_of(frames))
    assert not [secret for secret in (b"hunter2", b"xc3511", b"YW5uYT", b"s3cret", b"now") if secret in said]


@pytest.mark.parametrize("frames", SAMPLES)
def test_names_stand_only_where_admission_makes_tokens_of_them(frames):
    rows = [zeek.json_row("", msgspec.json.encode(row)) for row in rows_of(frames)]
    assert {name for row in rows for name, value in row.items() if "anna" in str(value)} <= {"user"}


def test_a_login_to_a_file_server():
    names = ("command", "cleartext_login", "reply_code", "success")
    assert told(build.ftp_login(), "ftp", *names) == [("PASS", True, 230, True)]
    assert told(build.ftp_login(ok=False), "ftp", *names) == [("PASS", True, 530, False)]


def test_files_that_come_and_go():
    said = [(False, b"220 FTP\r\n"), (True, b"STOR fw.bin\r\n"), (False, b"150 go\r\n"), (False, b"226 done\r\n")]
    assert told(conversation(VICTIM, SERVER, 2121, said), "ftp", "command", "reply_code") == [("STOR", 226)]


def test_encryption_ends_the_reading_of_lines():
    said = [(False, b"220 FTP\r\n"), (True, b"AUTH TLS\r\n"), (False, b"234 go\r\n"), (True, b"PASS x\r\n")]
    assert told(conversation(VICTIM, SERVER, 21, said), "ftp", "command", "success") == [("AUTH", True)]


@pytest.mark.parametrize("ok", [True, False])
def test_a_login_to_a_terminal(ok):
    assert told(build.telnet_login(ok), "telnet", "cleartext_login", "success") == [(True, ok)]


@pytest.mark.parametrize(
    ("port", "log", "said"),
    [
        (110, "pop3", [(False, b"+OK\r\n"), (True, b"USER anna\r\nPASS hunter2\r\n"), (False, b"+OK in\r\n")]),
        (143, "imap", [(False, b"* OK\r\n"), (True, b"a1 LOGIN anna hunter2\r\n"), (False, b"a1 OK in\r\n")]),
        (25, "smtp", [(False, b"220 x\r\n"), (True, b"AUTH PLAIN AGFubmE=\r\n"), (False, b"235 in\r\n")]),
    ],
)
def test_logins_to_mail(port, log, said):
    if log == "pop3":
        said.insert(2, (False, b""))
    (row,) = rows_of(conversation(VICTIM, SERVER, port, said), log)
    assert row["cleartext_login"]
    assert row["success"] is True
    assert "hunter2" not in str(row)


def test_mail_is_counted_without_addresses():
    said = [(False, b"220 ESMTP\r\n"), (True, b"MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nRCPT TO:<c@x>\r\nDATA\r\n")]
    said += [(False, b"354 go\r\n"), (True, b"AUTH PLAIN not a command\r\n.\r\n"), (False, b"250 ok\r\n")]
    assert told(conversation(VICTIM, SERVER, 25, said), "smtp", "command", "recipients") == [("DATA", 2)]


def test_credentials_by_http_are_told_without_them():
    found = told(build.http_basic(), "http", "uri", "basic_credentials", "status_code")
    assert found == [("/cam?user=*&password=*", True, 401), ("/cam?user=*&password=*", True, 204)]


def test_bodies_are_passed_over():
    asked = b"POST /x HTTP/1.1\r\nContent-Length: 20\r\n\r\nGET /no HTTP/1.1\r\n\r\n"
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    found = [
        (True, asked + b"GET /y HTTP/1.1\r\n\r\n"),
        (False, chunked + b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"),
    ]
    frames = conversation(VICTIM, SERVER, 80, found)
    assert told(frames, "http", "method", "uri", "status_code") == [("POST", "/x", 200), ("GET", "/y", 404)]


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("/a?b=c", "/a?b=c"),
        ("http://anna:x@cam/a?PASSWD=1;token=2&z=3", "http://cam/a?PASSWD=*;token=*&z=3"),
        ("/login.cgi?loginuse=1&loginpas=2", "/login.cgi?loginuse=1&loginpas=2"),
    ],
)
def test_addresses_lose_their_secrets(uri, shown):
    assert without_secrets(uri) == shown


def test_the_beginning_of_tls():
    (row,) = rows_of(build.tls_hello(), "ssl")
    assert (row["server_name"], row["version"], row["cipher"]) == ("cloud.example", "TLSv12", "0xc02f")
    assert row["ja3"] == md5(b"771,49199-49200,0-10-11,29,0", usedforsecurity=False).hexdigest()


def test_a_hello_without_answer_is_told_at_the_end():
    frames = conversation(VICTIM, SERVER, 8443, [(True, build.client_hello())], end="rst")
    assert told(frames, "ssl", "server_name", "version") == [("cloud.example", None)]


def test_ssh_says_who_speaks():
    said = [(False, b"SSH-2.0-dropbear\r\n"), (True, b"SSH-2.0-Go\r\n"), (True, b"\x00\x01binary")]
    assert told(conversation(VICTIM, SERVER, 2222, said), "ssh", "client", "server", "version") == [
        ("SSH-2.0-Go", "SSH-2.0-dropbear", 2)
    ]


def test_dhcp_says_who_hands_out_what():
    found = told(build.dhcp_spoofing(), "dhcp", "msg_types", "server_addr", "routers", "assigned_addr")
    assert found[1] == (["OFFER"], GATEWAY, [GATEWAY], VICTIM)
    assert found[-1] == (["ACK"], ATTACKER, [ATTACKER], VICTIM)
    assert rows_of(build.dhcp_ordinary(), "dhcp")[0]["host_name"] == "anna-phone"


def test_an_mqtt_session():
    frames = build.mqtt_session()
    assert told(frames, "mqtt_connect", "client_id", "username_present", "connect_status") == [
        ("dev-7", True, "Connection Accepted")
    ]
    assert told(frames, "mqtt_subscribe", "topics", "qos_levels", "ack") == [(["#"], [1], True)]
    assert told(frames, "mqtt_publish", "topic", "retain", "payload_len") == [("doors/7/open", True, 3)]


def test_writing_by_modbus():
    found = told(build.modbus_write(), "modbus", "func", "pdu_type", "address", "quantity", "exception")
    assert found == [
        ("WRITE_SINGLE_REGISTER", "REQ", 40, 1, None),
        ("WRITE_SINGLE_REGISTER", "RESP", 40, 1, None),
        ("WRITE_MULTIPLE_REGISTERS", "REQ", 100, 2, None),
        ("WRITE_MULTIPLE_REGISTERS", "RESP", 100, 2, None),
        ("WRITE_SINGLE_COIL", "REQ", 3, 1, None),
        ("WRITE_SINGLE_COIL", "RESP", 3, 1, "ILLEGAL_DATA_ADDRESS"),
    ]
    assert [row.get("values") for row in rows_of(build.modbus_write(), "modbus")][2] == "1,2"


def dnp3(application):
    blocks = b"\xc0" + application
    body = b"".join(blocks[n : n + 16] + b"\0\0" for n in range(0, len(blocks), 16))
    return b"\x05\x64" + bytes([5 + len(blocks), 0xC4]) + pack("<HH", 10, 3) + b"\0\0" + body


def test_dnp3_operates_an_output():
    operate = b"\xc1\x05\x0c\x01\x17\x01\x07\x81" + bytes(10)
    said = [(True, dnp3(operate)), (False, dnp3(b"\xc1\x81\x00\x80"))]
    found = told(
        conversation(VICTIM, SERVER, 20_000, said), "dnp3", "fc_request", "fc_reply", "trip_control_code", "iin"
    )
    assert found == [("DIRECT_OPERATE", None, "Trip", None), (None, "RESPONSE", None, 0x8000)]


def test_iec104_commands():
    command = b"\x68\x0e\x00\x00\x00\x00\x2d\x01\x06\x00\x01\x00\x64\x00\x00\x01"
    said = [(True, b"\x68\x04\x07\x00\x00\x00"), (False, b"\x68\x04\x0b\x00\x00\x00"), (True, command)]
    found = told(conversation(VICTIM, SERVER, 2404, said), "iec104", "u_function", "asdu_name", "cot_name", "ioa")
    assert found[0] == ("STARTDT act", None, None, None)
    assert found[2] == (None, "C_SC_NA_1", "activation", 100)


def test_s7comm_stops_a_controller():
    stop = b"\x32\x01\x00\x00\x00\x07\x00\x10\x00\x00\x29" + bytes(6) + b"\x09P_PROGRAM"
    packet = b"\x03\x00" + pack(">H", 7 + len(stop)) + b"\x02\xf0\x80" + stop
    connect = b"\x03\x00\x00\x0b\x06\xe0\x00\x00\x00\x01\x00"
    frames = conversation(VICTIM, SERVER, 102, [(True, connect), (True, packet)])
    assert told(frames, "s7comm", "rosctr_name", "function_code", "function_name") == [
        ("Job-Request", "0x29", "PLC Stop")
    ]
    assert told(frames, "cotp", "pdu_name") == [("Connection Request",)]


def test_bacnet_writes_a_property():
    write = b"\x81\x0a\x00\x17\x01\x04\x00\x05\x07\x0f\x0c\x01\x00\x00\x2a\x19\x55\x3e\x91\x01\x3f"
    found = told(datagrams(47808, write), "bacnet", "pdu_type", "pdu_service", "object_type", "property")
    assert found == [("CONFIRMED_REQUEST", "write_property", "binary-output", "present-value")]


def test_bacnet_broadcasts_are_named():
    who_is = b"\x81\x0b\x00\x0c\x01\x20\xff\xff\x00\xff\x10\x08"
    assert told(datagrams(47808, who_is), "bacnet", "pdu_service", "bvlc_function") == [
        ("who_is", "Original-Broadcast-NPDU")
    ]


def test_knx_writes_a_group_address():
    telegram = b"\x29\x00\xbc\xe0\x11\x01\x0a\x03\x01\x00\x81"
    frame = b"\x06\x10\x05\x30" + pack(">H", 6 + len(telegram)) + telegram
    found = told(datagrams(3671, frame), "knx", "service_type", "source", "destination", "apci_name")
    assert found == [("ROUTING_INDICATION", "1.1.1", "1/2/3", "GroupValueWrite")]


def test_calls_and_streams():
    asked = b"DESCRIBE rtsp://admin:x@cam/1 RTSP/1.0\r\nCSeq: 2\r\nAuthorization: Basic eHg=\r\n\r\n"
    frames = conversation(VICTIM, SERVER, 554, [(True, asked), (False, b"RTSP/1.0 401 No\r\nCSeq: 2\r\n\r\n")])
    assert told(frames, "rtsp", "uri", "cleartext_login", "status_code") == [("rtsp://cam/1", True, 401)]
    call = b"REGISTER sip:pbx SIP/2.0\r\nCSeq: 1 REGISTER\r\nUser-Agent: scan\r\n\r\n"
    reply = b"SIP/2.0 403 Forbidden\r\nCSeq: 1 REGISTER\r\n\r\n"
    assert told(datagrams(5060, call, reply), "sip", "method", "status_code") == [("REGISTER", 403)]


def test_snmp_tells_a_default_community_but_never_the_name():
    ask = bytes.fromhex("302902010104067075626c6963a01c02040000000102010002010030 0e300c06082b060102010101000500")
    found = rows_of(datagrams(161, ask), "snmp")
    assert [(row["version"], row["pdu"], row["default_community"]) for row in found] == [("2c", "get", True)]
    assert "public" not in str(found)


def test_ntp_and_quic_are_known():
    assert told(datagrams(123, b"\x17\x00\x03\x2a" + bytes(4)), "ntp", "mode_name", "request_code") == [("private", 42)]
    assert told(datagrams(443, b"\xc3\0\0\0\x01" + bytes(40)), "quic", "version") == [("1",)]


def test_a_server_on_an_unusual_port_is_known_by_what_it_says():
    (row,) = rows_of(conversation(VICTIM, SERVER, 4444, [(False, b"SSH-2.0-x\r\n")]), "conn")
    assert row["service"] == "ssh"


def test_what_is_malformed_is_counted_under_its_name():
    said = [(True, b"GET / HTTP/1.1\r\n\r\n"), (True, b"GARBAGE\r\n\r\n")]
    assert told(conversation(VICTIM, SERVER, 80, said), "weird", "name", "addl") == [("malformed_http", "1")]
