"""The policies in force: which one governs a zone and purpose at a moment, and when that changes."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Self

from tocsin.gate.rules import Act, Policy
from tocsin.model import ConfigError, NotFound, Refused, digest

__all__ = ["Act", "Policies", "Policy"]


class Policies:
    """A set of policies, immutable. Where several speak of the same, the strictest governs."""

    def __init__(self, policies: Mapping[str, Policy]) -> None:
        """Use `Policies.load`, or give policies by name."""
        self.all = tuple(policies[name] for name in sorted(policies))
        self.digest = digest(" ".join(policy.ref for policy in self.all).encode())
        self._changes = sorted(set(_moments(self.all)))

    @classmethod
    def load(cls, *folders: Path) -> Self:
        """Read the YAML files of folders; a later folder replaces policies of the same name.

        Raises ConfigError naming file and key, also where nothing is found.
        """
        from tocsin.gate.rulebook import read_folder

        found: dict[str, Policy] = {}
        for folder in folders:
            found.update(read_folder(folder))
        if not found:
            raise ConfigError(
                "There is no policy: without one nothing may be observed. Add the folder content/policies."
            )
        return cls(found)

    def governing(self, zone: str, purpose: str, at: float) -> Policy:
        """The strictest policy in force there, then; raises Refused where none speaks of it."""
        fitting = [policy for policy in self.all if policy.speaks_of(zone, purpose, at)]
        if not fitting:
            raise Refused(f"No policy speaks of {purpose!r} in {zone or 'no zone'}: allowed is only what one names.")
        return min(fitting, key=_strictness)

    def named(self, ref: str) -> Policy:
        """The policy with this name or name@digest; raises NotFound for one that is not loaded."""
        for policy in self.all:
            if ref in {policy.policy, policy.ref}:
                return policy
        raise NotFound(f"No policy {ref!r} is loaded: there are {', '.join(policy.policy for policy in self.all)}.")

    def stretch(self, at: float) -> tuple[float | None, float | None]:
        """Between which moments the same policies are in force as at `at` (None: open)."""
        before = [moment for moment in self._changes if moment <= at]
        after = [moment for moment in self._changes if moment > at]
        return (before[-1] if before else None), (after[0] if after else None)


def _strictness(policy: Policy) -> tuple[int, int, float, str]:
    return policy.level_max, policy.ceiling, policy.budget_per_day, policy.policy


def _moments(policies: Iterable[Policy]) -> Iterator[float]:
    """When policies come into force or end."""
    for policy in policies:
        yield from (moment for moment in (policy.validity.since, policy.validity.until) if moment is not None)
