"""Admission: leases to observe, each with its receipt written first, and what was used of it written after."""

from collections import Counter
from collections.abc import Callable, Iterable
from hashlib import blake2b
from threading import RLock

from msgspec.structs import replace

from tocsin.gate.clearance import Approver, Ask, Clearance, cleared, stated
from tocsin.gate.ledger import Ledger
from tocsin.gate.meter import Meter
from tocsin.gate.policy import Policies, Policy
from tocsin.gate.traces import BREAK_GLASS, LEASE, REVIEW, begun, ended, recalled
from tocsin.model import Conflict, Level, NotFound, Receipt, Refused, derived_id

LOOKED_BACK = 50_000
"""Receipts that are read at the start to find leases which a crash left open."""


def nobody(_receipt: Receipt) -> None:
    """Hears of broken glass where nothing is connected yet."""


class Admission:
    """Gives leases, watches their end, and keeps broken glass loud until somebody reviews it. Thread-safe.

    `loud` is called with the receipt whenever glass is broken: show it to everybody.
    """

    def __init__(
        self, policies: Policies, ledger: Ledger, meter: Meter, loud: Callable[[Receipt], None] = nobody
    ) -> None:
        self._policies = policies
        self._ledger = ledger
        self._meter = meter
        self._loud = loud
        self._lock = RLock()
        self.refused: Counter[str] = Counter()
        past = recalled(receipt for _, receipt in ledger.receipts(limit=LOOKED_BACK))
        self._running = {lease.ask: lease for lease in past.leases.values()}
        self._unreviewed = past.unreviewed
        meter.restore(past.spent)

    @property
    def policies(self) -> Policies:
        """The policies in force."""
        return self._policies

    def lease(self, ask: Ask, now: float) -> Clearance:
        """The running lease for this ask, or a new one, its receipt on disk before it is given.

        Raises Refused naming the policy and what it allows; level 4 and 5 are never leased.
        """
        found = self._running.get(ask)
        if found is not None and now < found.until:
            return found
        with self._lock:
            found = self._running.get(ask)
            if found is None or now >= found.until:
                found = self._grant(ask, now)
                self._begin([found], now)
        return found

    def lease_many(self, asks: Iterable[Ask], now: float) -> dict[Ask, Clearance]:
        """Leases for many asks at once (a start with thousands of sensors); refused ones are left out."""
        found: dict[Ask, Clearance] = {}
        with self._lock:
            fresh: list[Clearance] = []
            for ask in dict.fromkeys(asks):
                running = self._running.get(ask)
                try:
                    found[ask] = running if running and now < running.until else self._grant(ask, now)
                except Refused:
                    continue
                if found[ask] is not running:
                    fresh.append(found[ask])
            self._begin(fresh, now)
        return found

    def reach(self, ask: Ask, now: float) -> Level:
        """The highest level, up to that of the ask, which the policy would lease now; nothing is leased by asking."""
        for level in range(min(ask.level, Level.REDACTED), Level.AMBIENT, -1):
            wanted = replace(ask, level=Level(level))
            running = self._running.get(wanted)
            if (running is not None and running.holds(now)) or self._would_grant(wanted, now):
                return Level(level)
        return Level.AMBIENT

    def _would_grant(self, ask: Ask, now: float) -> bool:
        try:
            self._check(self._policies.governing(ask.zone, ask.purpose, now), ask, now)
        except Refused:
            return False
        return True

    def used(self, lease: Clearance, persons: float, seconds: float = 1.0) -> float:
        """Meter one use of a lease on so many people for so long; gives its cost."""
        return self._meter.spend(lease, persons, seconds)

    def hold(self, clearance: Clearance, now: float) -> None:
        """Take over a clearance that people gave (unmasking, warrant): leased while it runs, ended with a receipt."""
        with self._lock:
            if clearance.holds(now):
                self._running[clearance.ask] = clearance

    def running(self, now: float) -> list[Clearance]:
        """What is in force now; a view without one of these is closed."""
        with self._lock:
            return [lease for lease in self._running.values() if lease.holds(now)]

    def expire(self, now: float) -> int:
        """End what is over, with what was used of it as a second receipt; gives how many ended."""
        with self._lock:
            return self._end([lease for lease in self._running.values() if now >= lease.until], now)

    def end(self, ask: Ask, now: float) -> int:
        """End one early, because nobody needs to look any more."""
        with self._lock:
            return self._end([lease for lease in (self._running.get(ask),) if lease is not None], now)

    def close(self, now: float) -> None:
        """End all, with their receipts."""
        with self._lock:
            self._end(list(self._running.values()), now)

    def adopt(self, policies: Policies, now: float) -> None:
        """Put other policies in force: every lease under a policy that is not among them ends now."""
        with self._lock:
            self._policies = self._meter.policies = policies
            known = {policy.ref for policy in policies.all}
            self._end([lease for lease in self._running.values() if lease.policy not in known], now)

    def break_glass(self, ask: Ask, by: Approver, reason: str, now: float) -> Clearance:
        """Look without the other approver, in an emergency. Loud, short, reviewed; never level 5.

        Raises Refused where the policy does not let this role go so far, or no reason is given.
        """
        policy = self._policies.governing(ask.zone, ask.purpose, now)
        rule = policy.break_glass
        if by.role not in rule.roles or ask.level > min(rule.level_max, policy.ceiling):
            raise Refused(
                f"Policy {policy.ref} lets {', '.join(rule.roles)} break the glass up to level "
                f"{min(rule.level_max, policy.ceiling)}; {by.role} asked for {int(ask.level)}."
            )
        text = stated(reason)
        with self._lock:
            granted = cleared(ask, policy.ref, now, now + rule.lasts_s_max, prefix="glass")
            receipt = begun(granted, BREAK_GLASS, by.account, now, {"reason": text, "role": by.role})
            self._ledger.append(receipt, life=True)
            self._unreviewed[receipt.id] = receipt
            self._running[ask] = granted
        self._loud(receipt)
        return granted

    def unreviewed(self) -> list[Receipt]:
        """Broken glass that nobody has looked into yet, oldest first."""
        with self._lock:
            return list(self._unreviewed.values())

    def review(self, receipt_id: str, by: Approver, judgement: str, now: float) -> None:
        """Close a case of broken glass. Raises NotFound, or Conflict where the one who broke it judges."""
        with self._lock:
            receipt = self._unreviewed.get(receipt_id)
            if receipt is None:
                raise NotFound(f"No broken glass {receipt_id!r} waits for review.")
            if receipt.by == by.account:
                raise Conflict("Whoever broke the glass cannot review it: ask somebody else.")
            self._ledger.append(
                Receipt(
                    id=derived_id("review", receipt_id, by.account, now),
                    at=now,
                    act=REVIEW,
                    subject=receipt_id,
                    by=by.account,
                    origin=receipt.origin,
                    detail={"judgement": stated(judgement), "role": by.role},
                )
            )
            del self._unreviewed[receipt_id]

    def _grant(self, ask: Ask, now: float) -> Clearance:
        """The lease that the policy allows, not yet in force."""
        try:
            policy = self._policies.governing(ask.zone, ask.purpose, now)
            self._check(policy, ask, now)
        except Refused:
            self.refused[ask.source] += 1
            raise
        since, until = self._period(policy, ask.source, now)
        return cleared(ask, policy.ref, since, until)

    def _check(self, policy: Policy, ask: Ask, now: float) -> None:
        where = f"for {ask.purpose!r} in {ask.zone or 'no zone'}"
        if ask.level >= Level.CLEAR:
            way = "a stated reason and another's approval" if ask.level == Level.CLEAR else "a warrant"
            raise Refused(
                f"Level {int(ask.level)} is never leased: it takes {way}. Policy {policy.ref} leases level "
                f"{policy.level_max} {where}."
            )
        if ask.level > policy.level_max:
            raise Refused(
                f"Policy {policy.ref} allows level {policy.level_max} at most {where}; {int(ask.level)} was asked."
            )
        spent = self._meter.spent(ask.zone, now, ask.origin)
        if ask.level > policy.when_spent_level_max and spent >= policy.budget_per_day:
            raise Refused(
                f"The day's budget of {ask.zone or 'no zone'} under policy {policy.ref} is spent: until midnight UTC "
                f"level {policy.when_spent_level_max} is leased."
            )

    def _period(self, policy: Policy, source: str, now: float) -> tuple[float, float]:
        """The lease period around `now`, cut where policies change.

        Each source has its own phase: ten thousand leases must not all end on the hour.
        """
        length = policy.lease_s_max
        phase = int.from_bytes(blake2b(source.encode(), digest_size=4).digest(), "big") % max(int(length), 1)
        since = (now - phase) // length * length + phase
        changed, changes = self._policies.stretch(now)
        begin = since if changed is None else max(since, changed)
        return begin, since + length if changes is None else min(since + length, changes)

    def _begin(self, leases: list[Clearance], now: float) -> None:
        """Write the receipts of new leases and of those that they replace; only then they are in force."""
        over = [old for lease in leases if (old := self._running.get(lease.ask)) is not None]
        fresh = [begun(lease, LEASE, f"policy:{lease.policy.partition('@')[0]}", now, {}) for lease in leases]
        self._ledger.append_many([*(ended(old, self._meter.used(old.id), now) for old in over), *fresh])
        for lease in leases:
            self._running[lease.ask] = lease
        for old in over:
            self._meter.closed(old.id)

    def _end(self, leases: list[Clearance], now: float) -> int:
        if leases:
            self._ledger.append_many([ended(lease, self._meter.used(lease.id), now) for lease in leases])
        for lease in leases:
            del self._running[lease.ask]
            self._meter.closed(lease.id)
        return len(leases)
