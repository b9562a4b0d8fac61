"""What clearances leave in the ledger, and what can be recalled from it after a crash."""

from collections.abc import Iterable

from msgspec import Struct, field

from tocsin.gate.clearance import Clearance
from tocsin.gate.meter import Used
from tocsin.model import Level, Origin, Receipt, derived_id

LEASE, LEASE_END = "lease", "lease.end"
BREAK_GLASS, REVIEW = "break-glass", "break-glass.review"
UNMASK, IDENTIFY = "unmask", "identify"
OPENING_ACTS = frozenset({LEASE, BREAK_GLASS, UNMASK, IDENTIFY})
"""Acts that let somebody look; each is followed by a `lease.end`."""


class Past(Struct):
    """What an earlier run left: leases without an end, broken glass without a review, what was spent."""

    leases: dict[tuple[str, str, Origin], Clearance] = field(default_factory=dict)
    unreviewed: dict[str, Receipt] = field(default_factory=dict)
    spent: list[tuple[float, str, Origin, float]] = field(default_factory=list)

    def take(self, receipt: Receipt) -> None:
        """Follow one receipt, in order."""
        match receipt.act:
            case act if act in OPENING_ACTS:
                self.leases[receipt.id, receipt.place, receipt.origin] = clearance_of(receipt)
                if act == BREAK_GLASS:
                    self.unreviewed[receipt.id] = receipt
            case act if act == LEASE_END:
                self.leases.pop((str(receipt.detail.get("lease")), receipt.place, receipt.origin), None)
                since, cost = float(receipt.detail.get("since", receipt.at)), float(receipt.detail.get("cost", 0.0))
                self.spent.append((since, receipt.place, receipt.origin, cost))
            case act if act == REVIEW:
                self.unreviewed.pop(receipt.subject, None)


def recalled(receipts: Iterable[Receipt | None]) -> Past:
    """Follow receipts in order; erased ones tell nothing."""
    past = Past()
    for receipt in receipts:
        if receipt is not None:
            past.take(receipt)
    return past


def begun(lease: Clearance, act: str, by: str, at: float, detail: dict[str, str | int | float]) -> Receipt:
    """The receipt that is written before anybody looks."""
    return Receipt(
        id=lease.id,
        at=at,
        act=act,
        subject=lease.source,
        by=by,
        purpose=lease.purpose,
        level=int(lease.level),
        place=lease.zone,
        until=lease.until,
        policy=lease.policy,
        origin=lease.origin,
        detail={"since": lease.since, **detail},
    )


def ended(lease: Clearance, used: Used, at: float) -> Receipt:
    """The second receipt of a clearance: what was used of it."""
    return Receipt(
        id=derived_id("end", lease.id, lease.zone, lease.origin.value),
        at=at,
        act=LEASE_END,
        subject=lease.source,
        by="meter",
        purpose=lease.purpose,
        level=int(lease.level),
        place=lease.zone,
        policy=lease.policy,
        origin=lease.origin,
        detail={
            "lease": lease.id,
            "since": lease.since,
            "facts": used.facts,
            "person_s": used.person_s,
            "cost": used.cost,
        },
    )


def clearance_of(receipt: Receipt) -> Clearance:
    """The clearance that a receipt speaks of."""
    return Clearance(
        id=receipt.id,
        source=receipt.subject,
        purpose=receipt.purpose,
        level=Level(receipt.level),
        zone=receipt.place,
        policy=receipt.policy,
        since=float(receipt.detail.get("since", receipt.at)),
        until=receipt.at if receipt.until is None else receipt.until,
        origin=receipt.origin,
    )
