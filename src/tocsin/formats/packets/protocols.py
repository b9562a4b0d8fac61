"""Which protocols are looked for in streams and datagrams, and which ports servers are known by."""

from tocsin.formats.packets.dialogue import Dialogue
from tocsin.formats.packets.dns import Dns, DnsOverTcp
from tocsin.formats.packets.enip import Enip

STREAMS: tuple[type[Dialogue], ...] = (Enip, DnsOverTcp)
"""Protocols of TCP, looked for in this order."""

DATAGRAMS: tuple[type[Dialogue], ...] = (Dns, Enip)
"""Protocols of UDP, looked for in this order."""

SERVER_PORTS = frozenset(
    {20, 21, 22, 23, 25, 53, 67, 69, 80, 102, 110, 111, 123, 135, 137, 138, 139, 143, 161, 162, 179, 389, 443, 445, 465}
    | {502, 514, 554, 587, 636, 802, 853, 993, 995, 1433, 1521, 1883, 1900, 2222, 2404, 3306, 3389, 3671, 4840, 5060}
    | {5353, 5355, 5432, 5900, 6379, 8080, 8443, 8554, 8883, 9100, 20000, 44818, 47808}
)
"""Ports by which the responder is known where a flow's beginning was not captured."""
