"""One flow of another tool as a row of Zeek's log conn: its state by flags, its payload by sizes."""

from hashlib import blake2b
from typing import Any

from msgspec import Struct

_HEADERS = {"tcp": 40, "udp": 28, "icmp": 28}


class Half(Struct):
    """What one side of a flow sent: TCP flags as letters, packets (None: not recorded), bytes as recorded."""

    flags: str = ""
    packets: int | None = None
    bytes: int = 0


def conn_row(
    start: float,
    duration: float,
    proto: str,
    ends: tuple[str, int, str, int],
    *,
    sides: tuple[Half, Half],
    state: str,
    frame: int = 0,
) -> dict[str, Any]:
    """A row of log conn. `frame` is how many bytes of lower layers the recorded bytes of a packet include.

    `orig_bytes` and `resp_bytes` are estimates (recorded bytes less the smallest headers).
    """
    said = f"{proto} {ends} {start:.6f}"
    row: dict[str, Any] = {
        "_path": "conn",
        "ts": start,
        "uid": "C" + blake2b(said.encode(), digest_size=8, person=b"tocsin-flow").hexdigest(),
        "id.orig_h": ends[0],
        "id.orig_p": ends[1],
        "id.resp_h": ends[2],
        "id.resp_p": ends[3],
        "proto": proto,
        "duration": duration,
        "conn_state": state,
    }
    orig, resp = sides
    if history := _history(orig.flags, resp.flags):
        row["history"] = history
    for side, half in (("orig", orig), ("resp", resp)):
        row |= _sizes(side, half, frame, _HEADERS.get(proto, 20))
    return row


def _sizes(side: str, half: Half, frame: int, headers: int) -> dict[str, Any]:
    if half.packets is None:
        return {f"{side}_bytes": half.bytes}
    ip_bytes = max(0, half.bytes - frame * half.packets)
    payload = max(0, ip_bytes - headers * half.packets)
    return {f"{side}_bytes": payload, f"{side}_pkts": half.packets, f"{side}_ip_bytes": ip_bytes}


def _history(orig: str, resp: str) -> str:
    """The flags seen, in Zeek's letters; their order within a side is not recorded."""
    letters = [letter for flag, letter in zip("SPFR", "SDFR", strict=True) if flag in orig]
    return "".join(letters) + "".join(
        "h" if flag == "S" else letter for flag, letter in zip("SPFR", "sdfr", strict=True) if flag in resp
    )


_STATES = (
    *(("SsFf", "SF"), ("SsR", "RSTO"), ("Ssr", "RSTR"), ("SsF", "S2"), ("Ssf", "S3"), ("Ss", "S1"), ("Sr", "REJ")),
    *(("SR", "RSTOS0"), ("SF", "SH"), ("SA", "OTH"), ("Sp", "OTH"), ("S", "S0"), ("sr", "RSTRH"), ("s", "SHR")),
)
"""By the flags of originator (upper case) and responder, p for any packet of the latter; the first that fits."""


_UDP_STATES = {True: "SF", False: "S0"}


def state_of(proto: str, orig: str, resp: str, *, answered: bool) -> str:
    """Zeek's word for how a flow went, by the TCP flags that each side ever sent.

    >>> state_of("tcp", "S", "RA", answered=True), state_of("tcp", "FSPA", "FSPA", answered=True)
    ('REJ', 'SF')
    """
    if proto == "tcp":
        marks = {*orig, *resp.lower(), "p" if answered else ""}
        return next((state for needed, state in _STATES if marks.issuperset(needed)), "OTH")
    return _UDP_STATES[answered] if proto == "udp" else "OTH"
