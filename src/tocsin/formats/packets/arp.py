"""ARP (RFC 826): who says which hardware address belongs to which IPv4 address."""

from tocsin.formats.packets.dialogue import Malformed, Row
from tocsin.formats.packets.layers import Resolution, address, mac

_OPERATIONS = {1: "request", 2: "reply"}


def arp_row(seen: Resolution) -> Row:
    """A row of log arp; raises Malformed for hardware that is not Ethernet or a protocol that is not IPv4.

    `unsolicited` marks an announcement (the sender asks for, or answers about, its own address).
    """
    arp = seen.arp
    if arp.hln != 6 or arp.pln != 4 or arp.op not in _OPERATIONS:
        raise Malformed("ARP of another kind than Ethernet and IPv4")
    row: Row = {
        "_path": "arp",
        "ts": seen.at,
        "operation": _OPERATIONS[arp.op],
        "src_mac": mac(seen.frame_src),
        "dst_mac": mac(seen.frame_dst),
        "orig_h": address(arp.spa),
        "orig_hw": mac(arp.sha),
        "resp_h": address(arp.tpa),
        "resp_hw": mac(arp.tha),
    }
    if arp.spa == arp.tpa:
        row["unsolicited"] = True
    return row
