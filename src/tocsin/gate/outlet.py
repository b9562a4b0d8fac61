"""The last gate before the world: what is not live leaves only into a folder that is marked for exercises."""

from msgspec import Struct

from tocsin.gate.ledger import Ledger
from tocsin.model import Delivery, Origin, Receipt, Refused, derived_id

FOLDER = "folder"
"""The one kind of outlet that stays in the house."""
RELEASE = "release"


class Permit(Struct, frozen=True, kw_only=True):
    """Leave for one delivery to go through one outlet."""

    delivery: str
    outlet: str
    origin: Origin


def permit(delivery: Delivery, outlet_kind: str, *, exercise: bool = False) -> Permit:
    """Let a delivery out, or raise Refused.

    `outlet_kind` is folder, http, syslog …; `exercise` says that a folder is marked for
    exercises. Only live deliveries go to real outlets, and no live one is lost in a drill's folder.
    """
    live = delivery.origin is Origin.LIVE
    if live and exercise:
        raise Refused(
            f"Outlet {delivery.outlet!r} is marked for exercises: a real message there would be taken for a drill. "
            "Name a real outlet."
        )
    if not (live or (exercise and outlet_kind == FOLDER)):
        raise Refused(
            f"This is {delivery.origin.value}, not live: it never leaves through {outlet_kind} outlet "
            f"{delivery.outlet!r}. A folder outlet marked as exercise takes it."
        )
    return Permit(delivery=delivery.id, outlet=delivery.outlet, origin=delivery.origin)


def release(ledger: Ledger, delivery: Delivery, outlet_kind: str, now: float, *, exercise: bool = False) -> Permit:
    """The same with a receipt, on disk before the delivery goes."""
    allowed = permit(delivery, outlet_kind, exercise=exercise)
    ledger.append(
        Receipt(
            id=derived_id("release", delivery.id, delivery.outlet),
            at=now,
            act=RELEASE,
            subject=delivery.id,
            by="outbox",
            origin=delivery.origin,
            detail={"outlet": delivery.outlet, "kind": outlet_kind, "bytes": len(delivery.payload)},
        ),
        life=True,
    )
    return allowed
