"""Connections as network detectors see them: one form for Zeek and EVE, which end is ours, and bounded tables."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, NamedTuple, TypeVar

from tocsin.contract.bodies import LogEvents
from tocsin.model import ConfigError, Observation

PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
"""Networks that are never routed on the internet (RFC 1918, RFC 4193)."""

NAMED_MAX = 20
"""Most addresses named as actors or targets of one finding."""

_NEAR = ("169.254.0.0/16", "fe80::/10", "127.0.0.0/8", "::1/128")
_FRAME_BYTES = 74
"""Ethernet, IPv4 and TCP headers of a packet with usual options: EVE counts them, Zeek's payload counters do not."""

_EVERYBODY = 0xFFFFFFFF

_HALF_OPEN = frozenset({"S0", "REJ", "SH", "RSTOS0"})
_OPEN = frozenset({"SF", "S1", "S2", "S3", "RSTO", "RSTR"})
_PACKETS_OF_A_TRY_MAX = 8
_PACKETS_OF_A_RESET = 2
_OPTIONS_BYTES_MAX = 40

K = TypeVar("K")
V = TypeVar("V")
_Net = tuple[int, int, int]


class Flow(NamedTuple):
    """One connection record. Times in seconds UTC, sizes in bytes of payload; ICMP has its type as `port`.

    `outcome` is 1 where the responder took part, -1 where the try failed (unanswered, refused),
    0 where the record does not tell. `row` is the index in the observation's rows.
    """

    row: int
    at: float
    source: str
    source_port: int
    target: str
    port: int
    proto: str
    service: str
    outcome: int
    state: str
    duration_s: float
    out_bytes: int
    in_bytes: int
    from_inside: bool
    to_inside: bool


def checked(home: tuple[str, ...], who: str) -> tuple[str, ...]:
    """The same networks; raises ConfigError where one is no CIDR network. `who` names the parameter."""
    try:
        _parsed(home)
    except ValueError as error:
        raise ConfigError(f"{who} home: {error}. Write networks as 192.168.0.0/16.") from error
    return home


@lru_cache(maxsize=64)
def _parsed(networks: tuple[str, ...]) -> tuple[tuple[_Net, ...], tuple[_Net, ...]]:
    """IPv4 and IPv6 networks as (version, first address, mask)."""
    known = [ip_network(network) for network in networks]
    nets = [(net.version, int(net.network_address), int(net.netmask)) for net in known]
    return tuple(net for net in nets if net[0] == 4), tuple(net for net in nets if net[0] == 6)


@lru_cache(maxsize=65_536)
def address_of(text: str) -> IPv4Address | IPv6Address | None:
    """The address in this text, or None where it holds none."""
    try:
        return ip_address(text)
    except ValueError:
        return None


def numbered(text: str) -> tuple[int, int] | None:
    """IP version and number of an address, or None; four small numbers are read fast, all else by `ipaddress`.

    >>> numbered("10.0.0.1"), numbered("::1"), numbered("printer")
    ((4, 167772161), (6, 1), None)
    """
    parts = text.split(".")
    if len(parts) == 4:
        try:
            a, b, c, d = map(int, parts)
        except ValueError:
            return None
        return (4, a << 24 | b << 16 | c << 8 | d) if (a | b | c | d) >> 8 == 0 else None
    known = address_of(text)
    return None if known is None else (known.version, int(known))


@lru_cache(maxsize=65_536)
def inside(address: str, networks: tuple[str, ...]) -> bool:
    """Whether an address lies in one of these networks (CIDR).

    >>> inside("192.168.7.1", PRIVATE), inside("198.51.100.1", PRIVATE), inside("no address", PRIVATE)
    (True, False, False)
    """
    known = numbered(address)
    if known is None:
        return False
    version, value = known
    four, six = _parsed(networks)
    return any(value & mask == first for _, first, mask in (four if version == 4 else six))


@lru_cache(maxsize=65_536)
def is_group(address: str) -> bool:
    """Whether an address stands for many hosts or none: multicast, broadcast, unspecified.

    >>> is_group("239.255.255.250"), is_group("192.168.1.255"), is_group("ff02::1"), is_group("10.0.0.1")
    (True, True, True, False)
    """
    known = numbered(address)
    if known is None:
        return True
    version, value = known
    if version == 4:
        return value & 255 == 255 or value >> 28 == 14 or value == 0
    return value >> 120 == 255 or value == 0


def sends(address: str) -> bool:
    """Whether an address can be that of one host that sends: an outside network may end anywhere, also at .255.

    >>> sends("198.51.100.255"), sends("0.0.0.0"), sends("239.255.255.250")
    (True, False, False)
    """
    known = address_of(address)
    return known is not None and not known.is_multicast and not known.is_unspecified and int(known) != _EVERYBODY


def is_near(address: str) -> bool:
    """Whether an address never leaves its own link or machine."""
    return inside(address, _NEAR)


@lru_cache(maxsize=64)
def _and_near(home: tuple[str, ...]) -> tuple[str, ...]:
    return (*home, *_NEAR)


_LATEST: dict[str, tuple[Observation[LogEvents], tuple[str, ...], list[Flow]]] = {}
"""The batch read last, since the detectors of one log read it one after the other."""


def flows(fact: Observation[LogEvents], home: tuple[str, ...]) -> Sequence[Flow]:
    """The connection records among the rows: Zeek `conn`, EVE `flow`; rows that name no two ends are passed over.

    An end is ours where its address lies in `home` or near, or where Zeek says so (`local_orig`, `local_resp`).
    """
    latest = _LATEST.get("")
    if latest is not None and latest[0] is fact and latest[1] == home:
        return latest[2]
    found = _read(fact, _and_near(home))
    _LATEST[""] = (fact, home, found)
    return found


def _read(fact: Observation[LogEvents], home: tuple[str, ...]) -> list[Flow]:
    name, wanted, reader = _READERS.get(fact.body.format, ("", "", _zeek))
    if not name:
        return []
    made = (reader(index, row, home) for index, row in enumerate(fact.body.rows) if row.get(name) == wanted)
    return [flow for flow in made if flow is not None]


def _zeek(index: int, row: dict[str, Any], home: tuple[str, ...]) -> Flow | None:
    get = row.get
    source, target = get("id.orig_h"), get("id.resp_h")
    if not isinstance(source, str) or not isinstance(target, str):
        return None
    proto, state = str(get("proto", "")), str(get("conn_state", ""))
    source_port, port = whole(get("id.orig_p")), whole(get("id.resp_p"))
    out_bytes, in_bytes = whole(get("orig_bytes")), whole(get("resp_bytes"))
    return Flow(
        index,
        number(get("at"), 0.0),
        source,
        source_port,
        target,
        source_port if proto == "icmp" else port,
        proto,
        str(get("service") or ""),
        _zeek_outcome(proto, state, row, out_bytes, in_bytes),
        state,
        number(get("duration"), 0.0),
        out_bytes,
        in_bytes,
        get("local_orig") is True or inside(source, home),
        get("local_resp") is True or inside(target, home),
    )


def _zeek_outcome(proto: str, state: str, row: dict[str, Any], out_bytes: int, in_bytes: int) -> int:
    """Whether the responder took part (1), did not (-1), or the record does not tell (0)."""
    if proto != "tcp":
        return _answer_outcome(in_bytes or whole(row.get("resp_pkts")))
    if state in _OPEN:
        return int(out_bytes + in_bytes > 0)
    return -int(state in _HALF_OPEN and _is_mere_try(row, out_bytes))


def _answer_outcome(answered: int) -> int:
    return 1 if answered else -1


def _is_mere_try(row: dict[str, Any], out_bytes: int) -> bool:
    """Whether so little was sent as in knocking; flow exporters count the options of TCP as payload.

    A history without S shows no request: such a reset answers a knock that the sensor took for another's.
    """
    if "S" not in str(row.get("history") or "S"):
        return False
    packets = _packets_sent(row, out_bytes)
    if _is_reset(row, packets):
        return not whole(row.get("resp_pkts"))
    return packets <= _PACKETS_OF_A_TRY_MAX and out_bytes <= _OPTIONS_BYTES_MAX * packets


_EVE_STATES = {"syn_sent": -1, "syn_recv": 0, "established": 1, "closed": 1}


def _packets_sent(row: dict[str, Any], out_bytes: int) -> int:
    """As counted, else the least that could hold the bytes."""
    return whole(row.get("orig_pkts")) or out_bytes // _OPTIONS_BYTES_MAX + 1


def _is_reset(row: dict[str, Any], packets: int) -> bool:
    return row.get("conn_state") == "RSTOS0" and packets <= _PACKETS_OF_A_RESET


def _eve(index: int, row: dict[str, Any], home: tuple[str, ...]) -> Flow | None:
    source, target, flow = row.get("src_ip"), row.get("dest_ip"), row.get("flow")
    if not isinstance(source, str) or not isinstance(target, str) or not isinstance(flow, dict):
        return None
    proto = _eve_proto(str(row.get("proto", "")))
    sent, answered = whole(flow.get("pkts_toserver")), whole(flow.get("pkts_toclient"))
    out_bytes = max(0, whole(flow.get("bytes_toserver")) - _FRAME_BYTES * sent)
    in_bytes = max(0, whole(flow.get("bytes_toclient")) - _FRAME_BYTES * answered)
    service = str(row.get("app_proto") or "")
    return Flow(
        index,
        _began(flow, number(row.get("at"), 0.0)),
        source,
        whole(row.get("src_port")),
        target,
        whole(row.get("icmp_type")) if proto == "icmp" else whole(row.get("dest_port")),
        proto,
        "" if service == "failed" else service,
        _eve_outcome(proto, row, answered, out_bytes + in_bytes),
        str(flow.get("state") or ""),
        number(flow.get("age"), 0.0),
        out_bytes,
        in_bytes,
        inside(source, home),
        inside(target, home),
    )


def _eve_outcome(proto: str, row: dict[str, Any], answered: int, payload_bytes: int) -> int:
    if not answered:
        return -1
    if proto != "tcp" or payload_bytes:
        return 1
    tcp = row.get("tcp")
    return _eve_tcp_outcome(tcp) if isinstance(tcp, dict) else 0


def _eve_tcp_outcome(flags: dict[str, Any]) -> int:
    """By the flags of TCP, where no payload was counted."""
    if flags.get("psh") is True:
        return 1
    said = str(flags.get("state", ""))
    refused = flags.get("rst") is True and said in ("syn_sent", "closed")
    return -1 if refused else min(0, _EVE_STATES.get(said, 0))


def _eve_proto(name: str) -> str:
    lower = name.lower()
    return "icmp" if lower in ("icmp", "ipv6-icmp", "icmpv6") else lower


def _began(flow: dict[str, Any], otherwise: float) -> float:
    try:
        moment = datetime.fromisoformat(str(flow.get("start")))
    except ValueError:
        return otherwise
    return min(moment.timestamp(), otherwise) if moment.tzinfo is not None else otherwise


_READERS = {"zeek": ("log", "conn", _zeek), "eve": ("event_type", "flow", _eve)}
"""By format: which field tells what a row is, its value for connections, and how to read one."""


def ours(address: str, home: tuple[str, ...]) -> bool:
    """Whether an address is of our networks, or of the sensor's own link."""
    return inside(address, _and_near(home))


def number(value: object, otherwise: float) -> float:
    """A number within 1e18 as it is, else the other; truth values are no numbers."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return otherwise
    return float(value) if -1e18 < value < 1e18 else otherwise


def whole(value: object) -> int:
    """A non-negative whole number, else 0."""
    return value if type(value) is int and value >= 0 else 0


def touched(table: dict[K, V], key: K) -> V | None:
    """The entry of a key, which becomes the most recent; None where there is none."""
    entry = table.pop(key, None)
    if entry is not None:
        table[key] = entry
    return entry


def bounded(table: dict[K, Any], entries_max: int) -> None:
    """Forget the least recent entries beyond a number."""
    if len(table) > entries_max:
        for key in list(table)[: len(table) - entries_max]:
            del table[key]


def faded(amount: float, idle_s: float, half_life_s: float) -> float:
    """What is left of an amount of evidence after some idle time (halved every half-life).

    >>> faded(8.0, 60.0, 30.0)
    2.0
    """
    return amount * 0.5 ** (idle_s / half_life_s) if idle_s > 0 else amount


def amount(size_bytes: float) -> str:
    """A size in words, in the unit that fits (decimal).

    >>> amount(940), amount(2_884), amount(41_900_000)
    ('940 B', '2.9 kB', '41.9 MB')
    """
    for factor, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if size_bytes >= factor:
            return f"{size_bytes / factor:.1f} {unit}"
    return f"{size_bytes:.0f} B"


def evidence_of(fact: Observation[LogEvents], row: int) -> str:
    """The evidence id of one row of a batch."""
    offsets = fact.body.offsets
    return f"{fact.id}+{offsets[row]}" if row < len(offsets) else fact.id
