"""A capture as connections by nfstream (the extra `flows`), which knows some 400 applications by name.

A heavier second way beside `formats.packets`: no rows of protocols, but nDPI's names as `service`.
"""

from collections.abc import Iterator
from typing import Any

from tocsin.formats.flow_records.conn import Half, conn_row, state_of
from tocsin.model import BadInput, ConfigError

IDLE_S = 60
"""A flow ends after so much silence, as datagrams do in `formats.packets`."""

ACTIVE_S = 10**7
"""A flow that is never silent is not cut."""

_PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmp"}
_SERVICES = {"tls": "ssl", "ethernetip": "enip", "icmpv6": "icmp", "http_proxy": "http", "dhcpv6": "dhcp"}
_FLAGS = (("S", "syn"), ("F", "fin"), ("R", "rst"), ("P", "psh"), ("A", "ack"))


def rows(path: str) -> Iterator[dict[str, Any]]:
    """Rows of log conn of a pcap file, a flow as soon as it ends.

    `service` is nDPI's application where it recognised one, in Zeek's word where there is one; names that it
    guesses by the port are left out. Raises ConfigError without nfstream, BadInput for a file that it cannot read.
    """
    for flow in _flows(path):
        yield _row(flow)


def _flows(path: str) -> Iterator[Any]:
    try:
        from nfstream import NFStreamer  # type: ignore[import-untyped]  # optional; takes 2.4 s to import
    except ImportError as error:
        raise ConfigError("nfstream is not installed: pip install 'tocsin[flows]'.") from error
    try:
        yield from NFStreamer(
            source=path,
            decode_tunnels=False,
            statistical_analysis=True,
            idle_timeout=IDLE_S,
            active_timeout=ACTIVE_S,
            accounting_mode=1,
            n_meters=1,
        )
    except (OSError, ValueError) as error:
        raise BadInput("nfstream cannot read this file: give it a pcap, unpacked.") from error


def _row(flow: Any) -> dict[str, Any]:  # noqa: ANN401  # nfstream's own class
    proto = _PROTOCOLS.get(flow.protocol, f"ip-{flow.protocol}")
    orig, resp = (_half(flow, way, proto) for way in ("src2dst", "dst2src"))
    state = state_of(proto, orig.flags, resp.flags, answered=bool(resp.packets))
    ends = (flow.src_ip, flow.src_port, flow.dst_ip, flow.dst_port)
    start, duration = flow.bidirectional_first_seen_ms / 1000, flow.bidirectional_duration_ms / 1000
    row = conn_row(start, duration, proto, ends, sides=(orig, resp), state=state)
    name = str(flow.application_name).partition(".")[0].lower()
    if name != "unknown" and not flow.application_is_guessed:
        row["service"] = _SERVICES.get(name, name)
    return row


def _half(flow: Any, way: str, proto: str) -> Half:  # noqa: ANN401  # nfstream's own class
    flags = "".join(letter for letter, name in _FLAGS if getattr(flow, f"{way}_{name}_packets"))
    return Half(flags if proto == "tcp" else "", getattr(flow, f"{way}_packets"), getattr(flow, f"{way}_bytes"))
