"""Who gives out addresses (DHCP, RFC 2131), and who asks for more than there are."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from msgspec import Struct

from tocsin.contract.network import bounded, number

_GIVING = frozenset({"OFFER", "ACK", "DHCPOFFER", "DHCPACK"})
_ASKING = frozenset({"DISCOVER", "REQUEST", "DHCPDISCOVER", "DHCPREQUEST"})


class Talk(NamedTuple):
    """One exchange: which client (hardware address) asked, which server gave which address."""

    row: int
    at: float
    client: str
    server: str
    address: str
    asks: bool
    gives: bool


class Server(Struct):
    """One server that answered: since when, and how often."""

    since: float
    last: float
    answers: int = 0


class Leases(Struct):
    """The servers, clients and leases of one log, least recently used first.

    `newcomers` are the times at which clients never seen before asked.
    """

    since: float | None = None
    servers: dict[str, Server] = {}
    clients: dict[str, float] = {}
    leased: dict[str, str] = {}
    newcomers: list[float] = []


def talks(rows: tuple[dict[str, Any], ...], otherwise_at: float) -> Iterator[Talk]:
    """The DHCP exchanges among the rows: Zeek `dhcp` (one row per exchange), EVE `dhcp` (one per message)."""
    for index, row in enumerate(rows):
        if row.get("log") == "dhcp":
            yield _zeek(index, row, otherwise_at)
        elif row.get("event_type") == "dhcp" and isinstance(row.get("dhcp"), dict):
            yield _eve(index, row, row["dhcp"], otherwise_at)


def _zeek(index: int, row: dict[str, Any], otherwise_at: float) -> Talk:
    said = row.get("msg_types")
    kinds = {str(one).upper() for one in said} if isinstance(said, list) else set()
    at, server = number(row.get("at"), otherwise_at), _text(row, "server_addr")
    gives = bool(server and kinds & _GIVING)
    return Talk(index, at, _text(row, "mac"), server, _text(row, "assigned_addr"), bool(kinds & _ASKING), gives)


def _eve(index: int, row: dict[str, Any], dhcp: dict[str, Any], otherwise_at: float) -> Talk:
    kind = _text(dhcp, "dhcp_type").upper()
    gives = kind in _GIVING
    server = _text(row, "src_ip") if gives else ""
    at = number(row.get("at"), otherwise_at)
    return Talk(index, at, _text(dhcp, "client_mac"), server, _text(dhcp, "assigned_ip"), kind in _ASKING, gives)


def _text(row: dict[str, Any], name: str) -> str:
    value = row.get(name)
    return value.lower() if isinstance(value, str) else ""


class Rules(NamedTuple):
    """Which servers are expected (none: those of the learning time); what flood of newcomers is one."""

    expected: frozenset[str]
    learn_s: float
    flood_clients: int
    flood_s: float
    entries_max: int


def _lease(leases: Leases, talk: Talk, rules: Rules) -> None:
    """Remember who was given which address last."""
    if talk.client and talk.address:
        leases.leased.pop(talk.address, None)
        leases.leased[talk.address] = talk.client
        bounded(leases.leased, rules.entries_max)


def heed(leases: Leases, talk: Talk, rules: Rules) -> tuple[bool, bool]:
    """Take in one exchange; says whether its server is a stranger, and whether newcomers are a flood."""
    leases.since = talk.at if leases.since is None else min(leases.since, talk.at)
    flood = talk.asks and bool(talk.client) and _is_flood(leases, talk, rules)
    if not talk.gives:
        return False, flood
    _lease(leases, talk, rules)
    return _is_stranger(leases, talk, rules), flood


def _is_stranger(leases: Leases, talk: Talk, rules: Rules) -> bool:
    since = leases.since if leases.since is not None else talk.at
    server = leases.servers.pop(talk.server, None) or Server(since=talk.at, last=talk.at)
    leases.servers[talk.server] = server
    bounded(leases.servers, rules.entries_max)
    server.last = max(server.last, talk.at)
    server.answers += 1
    if rules.expected:
        return talk.server not in rules.expected
    return _has_elder(leases, talk.server, server) and server.since > since + rules.learn_s


def _has_elder(leases: Leases, name: str, server: Server) -> bool:
    """Whether another server gave out addresses before this one."""
    return any(other != name and one.since <= server.since for other, one in leases.servers.items())


def _is_flood(leases: Leases, talk: Talk, rules: Rules) -> bool:
    """Whether this client is the one newcomer too many within the time."""
    known = leases.clients.pop(talk.client, None) is not None
    leases.clients[talk.client] = talk.at
    bounded(leases.clients, rules.entries_max)
    if known:
        return False
    newcomers = [at for at in leases.newcomers if at > talk.at - rules.flood_s]
    leases.newcomers = [*newcomers, talk.at][-rules.flood_clients :]
    return len(leases.newcomers) >= rules.flood_clients
