"""Warrants for level 5: signed, for one place, time, purpose and description, expiring, by two people in two roles."""

from collections.abc import Sequence

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Struct

from tocsin.gate.clearance import Approver, Ask, Clearance, cleared, stated
from tocsin.gate.ledger import Ledger
from tocsin.gate.policy import Policies, Policy
from tocsin.gate.traces import IDENTIFY, begun
from tocsin.model import BadInput, Level, Receipt, Refused, Tampered, derived_id

ISSUED, REVOKED = "warrant", "warrant.revoke"
SIGNED_OVER = b"tocsin-warrant/1\n"
"""Stands before the bytes that are signed, so that no other signature of the key fits."""


class Warrant(Struct, frozen=True, kw_only=True):
    """What may be looked for, where, when, why, on whose word. `zones` are exact names, never patterns."""

    id: str
    purpose: str
    description: str
    zones: tuple[str, ...]
    since: float
    until: float
    approvers: tuple[Approver, ...]
    policy: str

    def covers(self, ask: Ask, now: float) -> str:
        """Empty where the warrant covers the ask now, else why it does not."""
        if not self.since <= now < self.until:
            return "it is not in force at this time"
        if ask.zone not in self.zones:
            return f"it is for {', '.join(self.zones)}, not {ask.zone or 'no zone'}"
        return "" if ask.purpose == self.purpose else f"it is for {self.purpose!r}, not {ask.purpose!r}"


class SignedWarrant(Struct, frozen=True, kw_only=True):
    """The bytes of a warrant as they were signed, and the Ed25519 signature over them."""

    content: bytes
    signature: bytes

    def opened(self, public: Ed25519PublicKey) -> Warrant:
        """The warrant; raises Tampered where the signature is not this key's over these very bytes."""
        try:
            public.verify(self.signature, SIGNED_OVER + self.content)
            return msgspec.json.decode(self.content, type=Warrant)
        except (InvalidSignature, msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise Tampered("The warrant is not the one that was signed: ask for a new one.") from error


def encode(signed: SignedWarrant) -> bytes:
    """A signed warrant as a file (JSON, bytes as base64)."""
    return msgspec.json.encode(signed)


def decode(raw: bytes) -> SignedWarrant:
    """Read a warrant's file; raises BadInput where it is none."""
    try:
        return msgspec.json.decode(raw, type=SignedWarrant)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadInput(f"This file is no warrant: {error}.") from error


def issue(
    ledger: Ledger,
    policies: Policies,
    private: Ed25519PrivateKey,
    *,
    purpose: str,
    description: str,
    zones: Sequence[str],
    since: float,
    until: float,
    approvers: Sequence[Approver],
    now: float,
) -> SignedWarrant:
    """Sign a warrant, after its receipt is on disk.

    Every zone's policy must allow level 5, both roles and the length. Raises Refused naming
    the policy and what it asks for.
    """
    if not zones or not purpose or not now <= until or not since < until:
        raise Refused("A warrant names its zones and its purpose, and ends after it begins and after now.")
    stated(description)
    governing = [policies.governing(zone, purpose, max(since, now)) for zone in zones]
    for policy in governing:
        _check(policy, approvers, until - since)
    warrant = Warrant(
        id=derived_id("warrant", purpose, description, *zones, since, until, now),
        purpose=purpose,
        description=description,
        zones=tuple(zones),
        since=since,
        until=until,
        approvers=tuple(approvers),
        policy=governing[0].ref,
    )
    content = msgspec.json.encode(warrant, order="deterministic")
    ledger.append(_receipt(warrant, ISSUED, now))
    return SignedWarrant(content=content, signature=private.sign(SIGNED_OVER + content))


def identify(
    ledger: Ledger,
    policies: Policies,
    signed: SignedWarrant,
    *,
    public: Ed25519PublicKey,
    ask: Ask,
    by: Approver,
    now: float,
) -> Clearance:
    """Leave to look for one person (level 5), never beyond the warrant's end; the receipt comes first.

    Give it to `Admission.hold`. Raises Tampered for a changed warrant, Refused for one that is
    over, revoked, for elsewhere or for something else, and where a policy now forbids it.
    """
    warrant = signed.opened(public)
    policy = policies.governing(ask.zone, ask.purpose, now)
    if ask.level != Level.IDENTIFYING:
        raise Refused(f"A warrant is for level 5, not {int(ask.level)}: below take an unmasking or a lease.")
    if policy.ceiling < Level.IDENTIFYING:
        raise Refused(f"Policy {policy.ref} allows nothing above level {policy.ceiling} here, with any warrant.")
    if why := warrant.covers(ask, now) or _revoked(ledger, warrant.id):
        raise Refused(f"Warrant {warrant.id} does not allow this: {why}.")
    until = min(warrant.until, now + policy.lease_s_max)
    granted = cleared(ask, f"warrant@{warrant.id}", now, until, prefix="identify")
    ledger.append(begun(granted, IDENTIFY, by.account, now, {"warrant": warrant.id, "policy": policy.ref}))
    return granted


def revoke(ledger: Ledger, signed: SignedWarrant, public: Ed25519PublicKey, by: Approver, now: float) -> None:
    """End a warrant before its time. Views that are open under it must be ended with `Admission.end`."""
    warrant = signed.opened(public)
    ledger.append(
        Receipt(
            id=derived_id("revoke", warrant.id, now), at=now, act=REVOKED, subject=warrant.id, by=by.account, level=5
        )
    )


def _check(policy: Policy, approvers: Sequence[Approver], lasts_s: float) -> None:
    rule = policy.warrant
    if policy.ceiling < Level.IDENTIFYING:
        raise Refused(f"Policy {policy.ref} allows nothing above level {policy.ceiling} here, with any warrant.")
    if lasts_s > rule.lasts_s_max:
        raise Refused(f"Policy {policy.ref} allows warrants of {rule.lasts_s_max:g} s at most, not {lasts_s:g} s.")
    wrong = [approver.role for approver in approvers if approver.role not in rule.roles]
    people = {approver.account for approver in approvers}
    roles = {approver.role for approver in approvers}
    if wrong or len(people) < 2 or len(roles) < 2:
        raise Refused(f"Policy {policy.ref}: a warrant takes two people in different roles of {', '.join(rule.roles)}.")


def _revoked(ledger: Ledger, warrant_id: str) -> str:
    found = ledger.receipts(subject=warrant_id)
    return "it was revoked" if any(receipt and receipt.act == REVOKED for _, receipt in found) else ""


def _receipt(warrant: Warrant, act: str, now: float) -> Receipt:
    """What the ledger says of a warrant; the description is named by its id alone, it may speak of a person."""
    return Receipt(
        id=warrant.id,
        at=now,
        act=act,
        subject=warrant.id,
        by="+".join(approver.account for approver in warrant.approvers),
        purpose=warrant.purpose,
        level=int(Level.IDENTIFYING),
        place=" ".join(warrant.zones),
        until=warrant.until,
        policy=warrant.policy,
        detail={"since": warrant.since, "roles": "+".join(approver.role for approver in warrant.approvers)},
    )
