"""The intrusion meter: person-seconds times the weight of the level, per lease and per zone and day."""

from collections.abc import Iterable
from threading import Lock

from msgspec import Struct

from tocsin.gate.clearance import Clearance
from tocsin.gate.policy import Policies
from tocsin.model import Level, Origin

WEIGHTS = (0.0, 0.01, 1.0, 3.0, 30.0, 100.0)
"""What one second of looking at one person costs, by level. A choice of ours, the same
everywhere so that costs can be compared: being counted hardly intrudes, being looked at
unmasked intrudes as much as thirty anonymous silhouettes."""
DAY_S = 86_400.0
DAYS_KEPT = 3


class Used(Struct, frozen=True, omit_defaults=True):
    """What was used of a lease: how often, on how many person-seconds, at what cost."""

    facts: int = 0
    person_s: float = 0.0
    cost: float = 0.0


NOTHING = Used()


def cost_of(level: Level, persons: float, seconds: float) -> float:
    """Weighted person-seconds of looking at so many people for so long.

    >>> cost_of(Level.REDACTED, persons=4, seconds=10)
    120.0
    """
    return WEIGHTS[level] * persons * seconds


class Meter:
    """Adds up what was used. Thread-safe; bounded by running leases, zones and three days."""

    def __init__(self, policies: Policies) -> None:
        self.policies = policies
        self._by_lease: dict[str, Used] = {}
        self._by_day: dict[tuple[int, str, Origin], float] = {}
        self._lock = Lock()

    def spend(self, lease: Clearance, persons: float, seconds: float = 1.0) -> float:
        """Count one use of a lease; gives its cost. The day is the one in which the lease began."""
        cost = cost_of(lease.level, persons, seconds)
        with self._lock:
            used = self._by_lease.get(lease.id, NOTHING)
            self._by_lease[lease.id] = Used(used.facts + 1, used.person_s + persons * seconds, used.cost + cost)
            if cost:
                self._add(_day(lease.since), lease.zone, lease.origin, cost)
        return cost

    def used(self, lease_id: str) -> Used:
        """What was used of a running lease so far."""
        return self._by_lease.get(lease_id, NOTHING)

    def closed(self, lease_id: str) -> Used:
        """What was used of a lease that ended; forgotten afterwards, its receipt knows it."""
        with self._lock:
            return self._by_lease.pop(lease_id, NOTHING)

    def spent(self, zone: str, at: float, origin: Origin = Origin.LIVE) -> float:
        """What a zone has cost on that day (UTC). Exercises do not use up the budget of real people."""
        return self._by_day.get((_day(at), zone, origin), 0.0)

    def left(self, zone: str, at: float, *, purpose: str = "", origin: Origin = Origin.LIVE) -> float:
        """What is left of the zone's budget on that day; 0 when it is spent. Raises Refused without a policy."""
        return max(0.0, self.policies.governing(zone, purpose, at).budget_per_day - self.spent(zone, at, origin))

    def restore(self, spent: Iterable[tuple[float, str, Origin, float]]) -> None:
        """Take over what earlier runs spent, as (time, zone, origin, cost) out of their receipts."""
        with self._lock:
            for at, zone, origin, cost in spent:
                self._add(_day(at), zone, origin, cost)

    def _add(self, day: int, zone: str, origin: Origin, cost: float) -> None:
        key = (day, zone, origin)
        if key not in self._by_day:
            self._by_day = {known: sum_ for known, sum_ in self._by_day.items() if known[0] > day - DAYS_KEPT}
        self._by_day[key] = self._by_day.get(key, 0.0) + cost


def _day(at: float) -> int:
    return int(at // DAY_S)
