"""Which protocols are looked for in streams and datagrams, and which ports servers are known by."""

from tocsin.formats.packets.bacnet import Bacnet
from tocsin.formats.packets.dhcp import Dhcp
from tocsin.formats.packets.dialogue import Dialogue
from tocsin.formats.packets.dnp3 import Dnp3
from tocsin.formats.packets.dns import Dns, DnsOverTcp
from tocsin.formats.packets.enip import Enip
from tocsin.formats.packets.http import Http
from tocsin.formats.packets.iec104 import Iec104
from tocsin.formats.packets.knx import Knx
from tocsin.formats.packets.logins import Ftp, Imap, Pop3, Smtp
from tocsin.formats.packets.modbus import Modbus
from tocsin.formats.packets.mqtt import Mqtt
from tocsin.formats.packets.ntp import Ntp
from tocsin.formats.packets.quic import Quic
from tocsin.formats.packets.s7comm import S7comm
from tocsin.formats.packets.sip import Rtsp, Sip
from tocsin.formats.packets.snmp import Snmp
from tocsin.formats.packets.ssh import Ssh
from tocsin.formats.packets.telnet import Telnet
from tocsin.formats.packets.tls import Tls

STREAMS: tuple[type[Dialogue], ...] = (
    *(Tls, Http, Ssh, Enip, Mqtt, Modbus, S7comm, Dnp3, Iec104, Rtsp, Sip),
    *(Ftp, Smtp, Pop3, Imap, DnsOverTcp, Telnet),
)
"""Protocols of TCP, looked for in this order: those that content shows surely come first."""

DATAGRAMS: tuple[type[Dialogue], ...] = (Dns, Dhcp, Ntp, Snmp, Bacnet, Knx, Sip, Enip, Dnp3, Quic)
"""Protocols of UDP, looked for in this order."""

SERVER_PORTS = frozenset(
    {20, 21, 22, 23, 25, 53, 67, 69, 80, 102, 110, 111, 123, 135, 137, 138, 139, 143, 161, 162, 179, 389, 443, 445, 465}
    | {502, 514, 554, 587, 636, 802, 853, 993, 995, 1433, 1521, 1883, 1900, 2222, 2404, 3306, 3389, 3671, 4840, 5060}
    | {5353, 5355, 5432, 5900, 6379, 8080, 8443, 8554, 8883, 9100, 20000, 44818, 47808}
)
"""Ports by which the responder is known where a flow's beginning was not captured."""
