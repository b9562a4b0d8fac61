"""Which services live at which port, under one name for Zeek's analysers and Suricata's parsers."""

from collections.abc import Mapping
from functools import lru_cache

_SAME: Mapping[str, str] = {
    "ssl": "tls",
    "quic": "tls",
    "http2": "http",
    "websocket": "http",
    "doh2": "http",
    "krb": "krb5",
    "krb_tcp": "krb5",
    "krb_udp": "krb5",
    "dce_rpc": "dcerpc",
    "ldap_tcp": "ldap",
    "ldap_udp": "ldap",
    "dnp3_tcp": "dnp3",
    "dnp3_udp": "dnp3",
    "postgresql": "pgsql",
    "s7comm_plus": "s7comm",
    "mqtt_connect": "mqtt",
    "ikev2": "ike",
    "mdns": "dns",
    "ftp-data": "ftp",
    "gssapi": "smb",
    "ntlm": "smb",
    "smtps": "smtp",
    "bacnet_ip": "bacnet",
    "ethernetip": "enip",
    "spicy_stun": "stun",
}

_TEXT: Mapping[str, str] = {
    "ftp": "20 21 990",
    "ssh": "22 830 2222",
    "telnet": "23 2323",
    "smtp": "25 465 587 2525",
    "dns": "53 137 853 5353 5355",
    "dhcp": "67 68 546 547",
    "tftp": "69",
    "http": "80 443 591 3128 5000 5357 5985 7547 8000 8008 8080 8081 8088 8443 8888 1900 49152",
    "tls": "443 465 563 587 636 853 989 990 992 993 994 995 2083 2087 2096 3389 4443 5061 5222 5223 5228 5229 5230 5269"
    " 5671 5986 6443 6514 8443 8883 8531 7275 7276 9443 10443 25 110 143 389 1433 3306 5432 21 4911 802 19998 2197",
    "krb5": "88 464",
    "pop3": "110 995",
    "ntp": "123",
    "dcerpc": "135 139 445 593",
    "smb": "88 135 137 138 139 389 445 464",
    "imap": "143 993",
    "snmp": "161 162",
    "ldap": "389 636 3268 3269",
    "ike": "500 4500",
    "syslog": "514 601 6514",
    "modbus": "502 802",
    "rtsp": "554 8554",
    "mysql": "3306",
    "pgsql": "5432",
    "rdp": "3389",
    "stun": "3478 3479 3480 3481 5349 19302 19305",
    "sip": "5060 5061",
    "xmpp": "5222 5223 5269",
    "rfb": "5800 5900 5901",
    "irc": "6660 6661 6662 6663 6664 6665 6666 6667 6668 6669 6697",
    "redis": "6379",
    "mqtt": "1883 8883",
    "radius": "1812 1813 1645 1646",
    "openvpn": "1194",
    "wireguard": "51820",
    "teredo": "3544",
    "socks": "1080",
    "iec104": "2404",
    "s7comm": "102",
    "enip": "2222 44818",
    "dnp3": "20000",
    "bacnet": "47808",
    "knx": "3671",
    "opcua": "4840",
    "nfs": "2049",
    "bittorrent": "6881 6882 6883 6884 6885 6886 6887 6888 6889",
    "": "113 119 179 515 631 873 1433 1521 1701 1723 1935 3702 5938 7000 7680 8009 9100 17500 21027 22000 32400 57621",
}

_TABLE: Mapping[str, tuple[int, ...]] = {name: tuple(map(int, text.split())) for name, text in _TEXT.items()}

_AT: dict[int, frozenset[str]] = {}
for _service, _ports in _TABLE.items():
    for _port in _ports:
        _AT[_port] = _AT.get(_port, frozenset()) | ({_service} if _service else frozenset())

_HOMELESS = frozenset({"bittorrent", "rtp", "ftp", "dcerpc", "stun", "sip", "rpc", "nfs", "teredo"})
"""Services that settle their ports in talk, or live at any."""


_HOUSEBOUND = frozenset({"telnet", "tftp", "irc", "socks", "redis", "rfb", "mysql", "pgsql", "nfs", "bittorrent"})
"""Services that a device of a city has no everyday reason to ask of a place outside."""


def usual(port: int) -> bool:
    """Whether a service of everyday networks lives at this port (after IANA's register and common practice).

    >>> usual(443), usual(1177)
    (True, False)
    """
    return port in _AT


def everyday(port: int) -> bool:
    """Whether devices commonly call this port of places outside: not those of services that stay in the house.

    >>> everyday(443), everyday(23), everyday(6667)
    (True, False, False)
    """
    return usual(port) and not (_AT[port] and _AT[port] <= _HOUSEBOUND)


def homes(service: str) -> tuple[int, ...]:
    """The ports at which a service (in the name used here) usually lives; empty for one not known."""
    return _TABLE.get(service, ())


@lru_cache(maxsize=1_024)
def services(said: str) -> frozenset[str]:
    """What a sensor recognised, each service under one name.

    >>> sorted(services("ssl,quic")), services("")
    (['tls'], frozenset())
    """
    names = (name.strip().lower().lstrip("-") for name in said.split(","))
    return frozenset(_SAME.get(name, name) for name in names if name and name != "failed")


@lru_cache(maxsize=4_096)
def misplaced(said: str, port: int) -> str:
    """The recognised service that has homes and is at none of them; empty where none is.

    >>> misplaced("http", 1337), misplaced("ssl", 443), misplaced("bittorrent", 1337)
    ('http', '', '')
    """
    known = services(said)
    if not known or known & _AT.get(port, frozenset()):
        return ""
    strangers = sorted(name for name in known if homes(name) and name not in _HOMELESS)
    return strangers[0] if strangers else ""
