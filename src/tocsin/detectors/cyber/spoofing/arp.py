"""Who claims which address on a link (ARP, RFC 826), and when a claim is a theft."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from msgspec import Struct

from tocsin.contract.network import bounded, faded, number, touched

VIRTUAL = ("00:00:5e:00:01:", "00:00:5e:00:02:", "00:00:0c:07:ac:", "00:00:0c:9f:f", "00:07:b4:", "02:bf:", "03:bf:")
"""Hardware addresses that move between machines on purpose: VRRP and CARP (RFC 5798), HSRP, GLBP, Microsoft NLB."""

TAKEN_MAX = 64
"""Most taken addresses remembered per sender."""

POPULAR_MIN = 3
"""An address that so many others ask for is a router or server: it may ask for many itself."""

_NOBODY = frozenset({"", "0.0.0.0", "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"})  # noqa: S104  # an address probe, RFC 5227


class Claim(NamedTuple):
    """One ARP packet: `mac` says that it has `address`, asking or answering for `target`; `frame` is who sent it."""

    row: int
    at: float
    address: str
    mac: str
    frame: str
    target: str
    is_reply: bool


class Holder(Struct):
    """Who holds an address: its owner, and the latest claimant (`mac`, sent by `frame`)."""

    owner: str
    mac: str
    frame: str
    last: float


class Claimant(Struct):
    """What one sender of frames has done. Amounts fade; `taken` are addresses it took, by their owner.

    `address` is one that is its own, `forged` how often it spoke for other hardware, `unsolicited`
    how often it answered unasked, `contested` how often an owner came back, `sought` are the
    addresses that it asked for since `sought_since`.
    """

    mac: str
    last: float
    address: str = ""
    unsolicited: float = 0.0
    forged: float = 0.0
    contested: int = 0
    taken: dict[str, str] = {}
    posed: str = ""
    sought_since: float = 0.0
    sought: list[str] = []


class Link(Struct):
    """The claims of one link, least recently used first.

    `asked` are addresses asked for lately, `popular` those who ask for an address.
    """

    holders: dict[str, Holder] = {}
    claimants: dict[str, Claimant] = {}
    asked: dict[str, float] = {}
    popular: dict[str, list[str]] = {}


def claims(rows: tuple[dict[str, Any], ...], otherwise_at: float) -> Iterator[Claim]:
    """The ARP packets among the rows: Zeek `arp`, EVE `arp`."""
    for index, row in enumerate(rows):
        if row.get("log") == "arp":
            yield from _claim(index, row, row, otherwise_at, ("operation", "orig_h", "orig_hw", "resp_h"))
        elif row.get("event_type") == "arp" and isinstance(row.get("arp"), dict):
            names = ("opcode", "src_ip", "src_mac", "dest_ip")
            yield from _claim(index, row, row["arp"], otherwise_at, names)


def _texts(arp: dict[str, Any], names: tuple[str, ...]) -> Iterator[str]:
    return (str(arp.get(name) or "").lower() for name in names)


def _claim(
    index: int, row: dict[str, Any], arp: dict[str, Any], otherwise_at: float, names: tuple[str, ...]
) -> Iterator[Claim]:
    operation, address, mac, target = _texts(arp, names)
    if operation not in ("request", "reply") or address in _NOBODY or mac in _NOBODY:
        return
    frame = str(row.get("src_mac") or mac).lower()
    at = number(row.get("at"), otherwise_at)
    yield Claim(index, at, address, mac, frame, target, operation == "reply")


def is_virtual(mac: str) -> bool:
    """Whether a hardware address belongs to a group of machines that stand in for one another."""
    return mac.startswith(VIRTUAL)


class Limits(NamedTuple):
    """What counts as still alive and as answered, seconds; how fast amounts fade; what a sweep is; how much is kept."""

    alive_s: float
    answered_s: float
    half_life_s: float
    sweep_addresses: int
    sweep_s: float
    entries_max: int


def heed(link: Link, claim: Claim, leased_to: str, limits: Limits) -> list[Claimant]:
    """Take in one claim; gives the senders about whom something is odd.

    `leased_to` is the hardware address that a DHCP server gave the address to, if known.
    """
    sender = _sender(link, claim, limits)
    odd = _is_odd(link, claim, sender, limits)
    suspects = _held(link, claim, sender, leased_to, limits)
    sweeps = not claim.is_reply and _sweeps(link, claim, sender, limits)
    bounded(link.claimants, limits.entries_max)
    bounded(link.holders, limits.entries_max)
    bounded(link.asked, limits.entries_max)
    bounded(link.popular, limits.entries_max)
    return [*suspects, *([sender] if (odd or sweeps) and sender not in suspects else [])]


def _ask(link: Link, claim: Claim) -> None:
    """Note who asks for the target, as far as that shows whether many do."""
    askers = touched(link.popular, claim.target) or []
    link.popular[claim.target] = askers
    if claim.frame not in askers and len(askers) < POPULAR_MIN:
        askers.append(claim.frame)


def _sweeps(link: Link, claim: Claim, sender: Claimant, limits: Limits) -> bool:
    """Note a question; whether its sender asks for very many addresses. Whom many ask for, such as a router, may."""
    link.asked.pop(claim.target, None)
    link.asked[claim.target] = claim.at
    _ask(link, claim)
    if claim.at > sender.sought_since + limits.sweep_s:
        sender.sought_since, sender.sought = claim.at, []
    if claim.target not in sender.sought and len(sender.sought) < limits.sweep_addresses:
        sender.sought.append(claim.target)
    return len(sender.sought) >= limits.sweep_addresses and len(link.popular.get(claim.address, ())) < POPULAR_MIN


def _sender(link: Link, claim: Claim, limits: Limits) -> Claimant:
    sender = touched(link.claimants, claim.frame) or Claimant(mac=claim.frame, last=claim.at)
    link.claimants[claim.frame] = sender
    left = faded(1.0, claim.at - sender.last, limits.half_life_s)
    sender.unsolicited *= left
    sender.forged *= left
    sender.last = max(sender.last, claim.at)
    return sender


def _is_odd(link: Link, claim: Claim, sender: Claimant, limits: Limits) -> bool:
    """Whether a packet speaks for other hardware, or answers what nobody asked."""
    if is_virtual(claim.mac):
        return False
    forged = claim.frame != claim.mac
    unsolicited = claim.is_reply and claim.at - link.asked.get(claim.address, float("-inf")) > limits.answered_s
    sender.forged += forged
    sender.unsolicited += unsolicited
    if forged:
        sender.posed = claim.address
    return forged or unsolicited


def _held(link: Link, claim: Claim, sender: Claimant, leased_to: str, limits: Limits) -> list[Claimant]:
    """The claimant holds the address now; gives who is suspect of a theft by it."""
    holder = touched(link.holders, claim.address)
    if holder is None or _is_handed_over(holder, claim, leased_to, limits):
        if not sender.address and claim.frame == claim.mac:
            sender.address = claim.address
        holder = Holder(owner=claim.mac, mac=claim.mac, frame=claim.frame, last=claim.at)
        link.holders[claim.address] = holder
        return []
    link.holders[claim.address] = holder
    before, holder.last = holder.frame, max(holder.last, claim.at)
    is_back = holder.mac != claim.mac and claim.mac == holder.owner
    holder.mac, holder.frame = claim.mac, claim.frame
    if claim.mac == holder.owner:
        thief = link.claimants.get(before)
        if not is_back or thief is None or claim.address not in thief.taken:
            return []
        thief.contested += 1
        return [thief]
    sender.taken[claim.address] = holder.owner
    bounded(sender.taken, TAKEN_MAX)
    return [sender]


def _is_handed_over(holder: Holder, claim: Claim, leased_to: str, limits: Limits) -> bool:
    """Whether an address passed on as it should: by lease, after a silence, or within a group that shares it."""
    if claim.mac == holder.owner:
        return False
    return (
        claim.mac == leased_to
        or claim.at - holder.last > limits.alive_s
        or is_virtual(claim.mac)
        or is_virtual(holder.owner)
    )
