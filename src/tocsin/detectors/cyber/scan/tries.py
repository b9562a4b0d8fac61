"""Which connections are tries to reach a host, and whom file sharing excuses."""

from tocsin.contract.network import Flow, bounded, touched

ASKING_ICMP = frozenset({8, 13, 17, 128})
"""ICMP types that ask a host to show itself: echo, timestamp, address mask (RFC 792, 950), echo of ICMPv6."""

UDP_SERVICES = frozenset({53, 67, 69, 111, 123, 137, 161, 389, 500, 623, 1434, 1900, 5060, 11211, 47808, 44818, 20000})
"""UDP ports behind which a service worth scanning for lies; other outside UDP is speech, games and file sharing."""

EPHEMERAL = 32_768
"""First port of the range from which Linux takes source ports: an answer to such a port is no probe."""

_ANSWERING_PORTS = frozenset({1900, 3702, 5353})
_SHARING_PORTS = 16


def _asks_by_udp(flow: Flow) -> bool:
    return flow.port < EPHEMERAL and flow.source_port >= 1024 and flow.source_port not in _ANSWERING_PORTS


def is_try(flow: Flow) -> bool:
    """Whether a record is a try to reach a host, and not an answer, or half a conversation."""
    if flow.proto == "icmp":
        return flow.port in ASKING_ICMP
    if flow.proto == "udp":
        return _asks_by_udp(flow)
    return flow.proto == "tcp" and (flow.outcome != 0 or flow.state in ("RSTO", "RSTR", "SF", "closed"))


def tells_apart(flow: Flow) -> bool:
    """Whether scanners and benign hosts differ in such tries at all: not in high ports outside."""
    return flow.to_inside or flow.port < 1024 or flow.proto == "icmp" or flow.port in UDP_SERVICES


def shares_files(sharing: dict[str, dict[int, str]], flow: Flow) -> bool:
    """Whether a host behaves as in file sharing: many high ports outside, nearly each of another host."""
    ports = touched(sharing, flow.source)
    if ports is None:
        ports = sharing[flow.source] = {}
    ports.pop(flow.port, None)
    ports[flow.port] = flow.target
    bounded(ports, 2 * _SHARING_PORTS)
    return len(ports) >= _SHARING_PORTS and len(set(ports.values())) >= 0.75 * len(ports)
