"""Captures made by code: packets, conversations, and small samples of attacks, for any test that needs them.

Building: `ether`, `udp`, `tcp`, `arp`, `icmp` make one frame; `conversation` a whole TCP connection
(handshake, what is said, farewell); `pcap` and `pcapng` put timed frames into the bytes of a file;
`rows_of` reads timed frames back as rows. A timed frame is `(at, bytes)`; T0 is when samples begin.

Samples (each a list of timed frames): `arp_spoofing`, `arp_ordinary`, `dhcp_spoofing`, `dhcp_ordinary`,
`dns_tunnel`, `dns_ordinary`, `ftp_login`, `http_basic`, `http_ordinary`, `telnet_login`, `modbus_write`,
`modbus_reading`, `port_scan`, `enip_lock`, `mqtt_session`, `tls_hello`.
Addresses: ATTACKER, VICTIM, GATEWAY, SERVER (and their hardware addresses MAC[…]).
"""

from io import BytesIO
from ipaddress import ip_address
from struct import pack

import dpkt

from tocsin.formats.packets import Limits, rows

T0 = 1_700_000_000.0
ATTACKER, VICTIM, GATEWAY, SERVER = "10.0.0.66", "10.0.0.10", "10.0.0.1", "10.0.0.20"
MAC = {
    ATTACKER: bytes.fromhex("02000000c066"),
    VICTIM: bytes.fromhex("020000000010"),
    GATEWAY: bytes.fromhex("020000000001"),
    SERVER: bytes.fromhex("020000000020"),
}
BROADCAST = b"\xff" * 6
_PLACEHOLDER = bytes.fromhex("0200000000fe")


def ether(packet, ethertype, src=VICTIM, dst=SERVER, vlan=None):
    """A frame around the bytes of a packet."""
    tag = b"" if vlan is None else pack(">HH", 0x8100, vlan)
    to = dst if isinstance(dst, bytes) else MAC.get(dst, _PLACEHOLDER)
    return to + MAC.get(src, _PLACEHOLDER) + tag + pack(">H", ethertype) + bytes(packet)


def ip(src, dst, proto, payload, vlan=None, **fields):
    """A frame of IPv4 or IPv6, by the addresses."""
    here, there = ip_address(src).packed, ip_address(dst).packed
    if len(here) == 4:
        packet = dpkt.ip.IP(src=here, dst=there, p=proto, data=payload, len=20 + len(payload), **fields)
        return ether(packet, 0x0800, src, dst, vlan)
    packet = dpkt.ip6.IP6(src=here, dst=there, nxt=proto, plen=len(payload), hlim=64, data=payload)
    packet.extension_hdrs, packet.all_extension_headers = {}, []
    return ether(packet, 0x86DD, src, dst, vlan)


def udp(src, sport, dst, dport, data, *, vlan=None):
    """A frame with one datagram."""
    return ip(src, dst, 17, bytes(dpkt.udp.UDP(sport=sport, dport=dport, data=data, ulen=8 + len(data))), vlan)


def tcp(src, sport, dst, dport, flags="A", seq=0, data=b""):  # noqa: PLR0917  # as a header orders them
    """A frame with one segment; `flags` are letters of SYN, ACK, FIN, RST, PSH."""
    bits = sum({"F": 1, "S": 2, "R": 4, "P": 8, "A": 16}[flag] for flag in flags)
    segment = dpkt.tcp.TCP(sport=sport, dport=dport, seq=seq & 0xFFFFFFFF, flags=bits, data=data)
    return ip(src, dst, 6, bytes(segment))


def icmp(src, dst, kind=8, size=56):
    """An ICMP message."""
    return ip(src, dst, 1, bytes([kind, 0, 0, 0, 0, 1, 0, 1]) + bytes(size))


def arp(operation, sender, sender_mac, target, target_mac=bytes(6), *, to=BROADCAST):
    """A frame of ARP (1 request, 2 reply)."""
    spa, tpa = ip_address(sender).packed, ip_address(target).packed
    packet = dpkt.arp.ARP(op=operation, sha=sender_mac, spa=spa, tha=target_mac, tpa=tpa)
    return to + sender_mac + pack(">H", 0x0806) + bytes(packet)


def conversation(client, server, port, said, *, at=T0, sport=40_000, end="fin", step_s=0.01):
    """A TCP connection: `said` are pairs (is the client's, bytes); `end` is fin, rst or open."""
    sides = {True: (client, sport, server, port), False: (server, port, client, sport)}
    seqs = {True: 1_000, False: 9_000}
    steps = [(True, "S", b""), (False, "SA", b""), (True, "A", b"")]
    steps += [(is_orig, "PA", data) for is_orig, data in said]
    steps += {"fin": [(True, "FA", b""), (False, "FA", b"")], "rst": [(False, "RA", b"")], "open": []}[end]
    frames = []
    for number, (is_orig, flags, data) in enumerate(steps):
        frames.append((at + number * step_s, tcp(*sides[is_orig], flags, seqs[is_orig], data)))
        seqs[is_orig] += len(data) + ("S" in flags or "F" in flags)
    return frames


def pcap(frames, link=1):
    """The bytes of a pcap file."""
    file = BytesIO()
    writer = dpkt.pcap.Writer(file, linktype=link)
    for at, data in frames:
        writer.writepkt(data, at)
    return file.getvalue()


def pcapng(frames, resolution=9, link=1):
    """The bytes of a pcapng file whose one interface counts in 10^-resolution seconds."""
    option = pack("<HHBxxxHH", 9, 1, resolution, 0, 0)
    blocks = [(0x0A0D0D0A, pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)), (1, pack("<HHI", link, 0, 0) + option)]
    for at, data in frames:
        ticks = round(at * 10**resolution)
        head = pack("<IIIII", 0, ticks >> 32, ticks & 0xFFFFFFFF, len(data), len(data))
        blocks.append((6, head + data + bytes(-len(data) % 4)))
    return b"".join(pack("<II", kind, len(body) + 12) + body + pack("<I", len(body) + 12) for kind, body in blocks)


def rows_of(frames, log=None, limits=None):
    """Timed frames as rows; of one log, where it is named."""
    found = rows(BytesIO(pcap(frames)), limits or Limits())
    return [row for row in found if log is None or row["_path"] == log]


def arp_spoofing(count=30):
    """The attacker tells the victim, unasked, that the gateway's address is its own."""
    claim = arp(2, GATEWAY, MAC[ATTACKER], VICTIM, MAC[VICTIM], to=MAC[VICTIM])
    return [*arp_ordinary(), *((T0 + 10 + number, claim) for number in range(count))]


def arp_ordinary():
    """The victim asks who the gateway is, and the gateway answers."""
    asked = arp(1, VICTIM, MAC[VICTIM], GATEWAY)
    return [(T0, asked), (T0 + 0.01, arp(2, GATEWAY, MAC[GATEWAY], VICTIM, MAC[VICTIM], to=MAC[VICTIM]))]


def dhcp(kind, server, offered, *, client=VICTIM, router=None, host=b""):
    """A DHCP message as bytes: kinds 1 discover, 2 offer, 3 request, 5 acknowledge."""
    reply = kind in {2, 5, 6}
    head = pack(">BBBBIHH", 2 if reply else 1, 1, 6, 0, 0x1234, 0, 0) + bytes(4)
    head += (ip_address(offered).packed if reply else bytes(4)) + bytes(8) + MAC[client] + bytes(10 + 192)
    options = b"\x63\x82\x53\x63\x35\x01" + bytes([kind])
    if reply:
        options += b"\x36\x04" + ip_address(server).packed + b"\x33\x04" + pack(">I", 3600)
        options += b"\x03\x04" + ip_address(router or server).packed
        options += b"\x06\x04" + ip_address(router or server).packed
    if host:
        options += bytes([12, len(host)]) + host
    return head + options + b"\xff"


def _dhcp_frame(kind, sender, **fields):
    ports = (67, 68) if kind in {2, 5, 6} else (68, 67)
    src = sender if kind in {2, 5, 6} else "0.0.0.0"
    return udp(src, ports[0], "255.255.255.255", ports[1], dhcp(kind, sender, VICTIM, **fields))


def dhcp_ordinary():
    """Discover, offer, request, acknowledge, all by the gateway."""
    kinds = enumerate((1, 2, 3, 5))
    return [(T0 + n, _dhcp_frame(kind, GATEWAY, host=b"anna-phone" if kind < 2 else b"")) for n, kind in kinds]


def dhcp_spoofing():
    """Beside the gateway's offers, the attacker offers itself as server, router and name server."""
    forged = [(T0 + 20 + n, _dhcp_frame(kind, ATTACKER)) for n, kind in enumerate((2, 5, 2, 5))]
    return [*dhcp_ordinary(), *forged]


def dns(name, kind=1, answer=b"", number=7, rcode=0):
    """A DNS message as bytes: a question, or with `answer` (the data of one record) the reply to it."""
    labels = b"".join(bytes([len(part)]) + part for part in name.encode().split(b".")) + b"\0"
    head = pack(">HHHHHH", number, 0x8180 | rcode if answer or rcode else 0x0100, 1, bool(answer), 0, 0)
    record = pack(">HHHIH", 0xC00C, kind, 1, 60, len(answer)) + answer if answer else b""
    return head + labels + pack(">HH", kind, 1) + record


def dns_ordinary():
    """One name asked for and answered."""
    question, reply = dns("example.org"), dns("example.org", answer=ip_address("192.0.2.7").packed)
    return [(T0, udp(VICTIM, 5353, SERVER, 53, question)), (T0 + 0.02, udp(SERVER, 53, VICTIM, 5353, reply))]


def dns_tunnel(count=60):
    """Long random-looking names under one domain, answered with long texts."""
    frames = []
    for number in range(count):
        name = (
            f"{number * 0x9E3779B97F4A7C15 & (1 << 128) - 1:032x}{number * 0xC2B2AE3D27D4EB4F:032x}"[:60]
            + ".t.example.net"
        )
        reply = dns(name, 16, b"\x78" + bytes(97 + (number * k) % 26 for k in range(120)), number)
        at = T0 + number * 0.5
        frames.append((at, udp(VICTIM, 30_000 + number, SERVER, 53, dns(name, 16, number=number))))
        frames.append((at + 0.02, udp(SERVER, 53, VICTIM, 30_000 + number, reply)))
    return frames


def ftp_login(name="anna", secret="hunter2", ok=True):
    """A login in clear text to a file server."""
    said = [(False, b"220 vsFTPd ready\r\n"), (True, f"USER {name}\r\n".encode()), (False, b"331 password please\r\n")]
    said += [(True, f"PASS {secret}\r\n".encode()), (False, b"230 in\r\n" if ok else b"530 no\r\n")]
    return conversation(VICTIM, SERVER, 21, [*said, (True, b"QUIT\r\n"), (False, b"221 bye\r\n")])


def telnet_login(ok=True):
    """A login in clear text to a terminal server, a letter at a time."""
    said = [(False, b"\xff\xfd\x18\xff\xfd\x20camera login: "), (True, b"\xff\xfc\x18")]
    said += [(True, bytes([letter])) for letter in b"root\r\n"] + [(False, b"root\r\nPassword: ")]
    said += [(True, bytes([letter])) for letter in b"xc3511\r\n"]
    return conversation(VICTIM, SERVER, 23, [*said, (False, b"\r\n# " if ok else b"\r\nLogin incorrect\r\n")])


def http_ordinary():
    """One page asked for and given."""
    asked = b"GET /index.html HTTP/1.1\r\nHost: intranet.example\r\nUser-Agent: test/1\r\n\r\n"
    return conversation(VICTIM, SERVER, 80, [(True, asked), (False, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")])


def http_basic():
    """Credentials sent by HTTP Basic in clear text, refused, then accepted."""
    asked = b"GET /cam?user=a&password=s3cret HTTP/1.1\r\nHost: cam.example\r\n"
    asked += b"Authorization: Basic YW5uYTpodW50ZXIy\r\n\r\n"
    said = [(True, asked), (False, b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n")]
    return conversation(VICTIM, SERVER, 8080, [*said, (True, asked), (False, b"HTTP/1.1 204 OK\r\n\r\n")])


def modbus(function, body, number=1, unit=1):
    """A Modbus message as bytes."""
    return pack(">HHHBB", number, 0, 2 + len(body), unit, function) + body


def modbus_reading(count=5):
    """A station that reads ten registers, again and again."""
    said = []
    for number in range(count):
        said += [(True, modbus(3, pack(">HH", 100, 10), number)), (False, modbus(3, b"\x14" + bytes(20), number))]
    return conversation(VICTIM, SERVER, 502, said)


def modbus_write():
    """Somebody else writes a register, several registers and a coil; the last is refused."""
    said = [(True, modbus(6, pack(">HH", 40, 7))), (False, modbus(6, pack(">HH", 40, 7)))]
    said += [(True, modbus(16, pack(">HHBHH", 100, 2, 4, 1, 2), 2)), (False, modbus(16, pack(">HH", 100, 2), 2))]
    said += [(True, modbus(5, pack(">HH", 3, 0xFF00), 3)), (False, modbus(0x85, b"\x02", 3))]
    return conversation(ATTACKER, SERVER, 502, said)


def port_scan(ports=range(1, 201), open_ports=(22, 80)):
    """A SYN to each port of one host: closed ones refuse, open ones are dropped by RST."""
    frames = []
    for number, port in enumerate(ports):
        at, sport = T0 + number * 0.01, 50_000 + number
        frames.append((at, tcp(ATTACKER, sport, SERVER, port, "S", 5)))
        frames.append((at + 0.001, tcp(SERVER, port, ATTACKER, sport, "SA" if port in open_ports else "RA", 77)))
        if port in open_ports:
            frames.append((at + 0.002, tcp(ATTACKER, sport, SERVER, port, "R", 6)))
    return frames


def enip(command, body=b"", session=1):
    """An EtherNet/IP message as bytes."""
    return pack("<HHII8sI", command, len(body), session, 0, b"", 0) + body


def cip_connected(message, sequence):
    """A CIP message as bytes, in a connection."""
    items = pack("<HHI", 0xA1, 4, 9) + pack("<HHH", 0xB1, len(message) + 2, sequence) + message
    return enip(0x70, bytes(6) + pack("<H", 2) + items)


def cip_unconnected(message):
    """A CIP message as bytes, without a connection."""
    return enip(0x6F, bytes(6) + pack("<HHHHH", 2, 0, 0, 0xB2, len(message)) + message)


def enip_lock():
    """A station locks a controller and lets it go."""
    path = bytes.fromhex("04208e2401207424 01")
    said = [(True, enip(0x65, pack("<HH", 1, 0))), (False, enip(0x65, pack("<HH", 1, 0)))]
    said += [(True, cip_connected(b"\x4b" + path + b"\x01", 1)), (False, cip_connected(b"\xcb\0\0\0", 1))]
    said += [(True, cip_connected(b"\x4c" + path, 2)), (False, cip_connected(b"\xcc\0\0\0", 2))]
    return conversation(VICTIM, SERVER, 44818, said)


def _mqtt_text(text):
    return pack(">H", len(text)) + text


def _mqtt(kind, body):
    return bytes([kind, len(body)]) + body


def mqtt_session():
    """A device connects with a name and a secret, subscribes to everything and publishes."""
    connect = (
        _mqtt_text(b"MQTT") + b"\x04\xc2\0\x3c" + _mqtt_text(b"dev-7") + _mqtt_text(b"anna") + _mqtt_text(b"hunter2")
    )
    said = [(True, _mqtt(0x10, connect)), (False, b"\x20\x02\0\0")]
    said += [(True, _mqtt(0x82, b"\0\1" + _mqtt_text(b"#") + b"\1")), (False, b"\x90\x03\0\1\1")]
    said += [(True, _mqtt(0x31, _mqtt_text(b"doors/7/open") + b"now"))]
    return conversation(VICTIM, SERVER, 1883, [*said, (True, b"\xe0\0")])


def client_hello(name=b"cloud.example"):
    """The first record of a TLS connection that asks for a name."""
    server = pack(">HBH", len(name) + 3, 0, len(name)) + name
    extensions = pack(">HH", 0, len(server)) + server + bytes.fromhex("000a00040002001d000b00020100")
    body = b"\x03\x03" + bytes(32) + b"\0" + bytes.fromhex("0004c02fc030") + b"\x01\0"
    body += pack(">H", len(extensions)) + extensions
    return b"\x16\x03\x01" + pack(">H", len(body) + 4) + b"\x01" + len(body).to_bytes(3) + body


def tls_hello():
    """The beginning of an encrypted connection."""
    hello = b"\x03\x03" + bytes(32) + b"\0" + bytes.fromhex("c02f00")
    reply = b"\x16\x03\x03" + pack(">H", len(hello) + 4) + b"\x02" + len(hello).to_bytes(3) + hello
    return conversation(VICTIM, SERVER, 443, [(True, client_hello()), (False, reply)])
