"""What a rule detector remembers: counts, tunings, open windows, and campaigns of hits on their way to findings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as member
from typing import Any

from msgspec import Struct, field

from tocsin.contract.tuning import Tuning, forget, same
from tocsin.model import Place
from tocsin.sigma.taxonomy import Taxonomy
from tocsin.sigma.windows import Limits, Windows

COUNTS_MAX = 6_000
"""Most rules whose hits are counted; the one that rang longest ago goes first."""

WINDOWS_KEPT = 3
"""Windows before the newest whose campaigns are still extended."""


class Count(Struct, array_like=True):
    """How often a rule matched, how often that was held back by a tuning, and when last (event time)."""

    hits: int = 0
    suppressed: int = 0
    last_at: float = 0.0


class Campaign(Struct, array_like=True):
    """The hits of one rule on one subject in one window; `told` are fields of the newest."""

    rule: str
    subject: str
    window: int
    since: float
    count: int = 0
    told: str = ""
    actors: dict[str, int] = {}
    targets: dict[str, int] = {}


class Firing(Struct):
    """The state of a rule detector, for the whole city; campaigns least recently extended first."""

    campaigns: dict[str, Campaign] = {}
    counts: dict[str, Count] = {}
    tunings: dict[str, Tuning] = {}
    windows: Windows = field(default_factory=Windows)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a detector's parameters say: the length of a window, and how much is kept at most."""

    window_s: float
    campaigns_max: int
    actors_max: int
    actors_named_max: int
    events_max: int

    def limits(self) -> Limits:
        """The same for correlations."""
        return Limits(groups_max=max(1, self.events_max // 4), events_total_max=self.events_max)


@dataclass(frozen=True, slots=True)
class Seen:
    """One hit on its way to a finding: about whom, by whom, where, and of which row (none for a correlation).

    `more` says that it only goes on with a hit that was counted already.
    """

    at: float
    evidence: tuple[str, ...]
    fields: Mapping[str, Any]
    subject: str
    place: Place | None
    actors: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    more: bool = False
    format: str = ""
    row: Mapping[str, Any] | None = None


@dataclass(slots=True)
class Gain:
    """What one campaign gained by one fact."""

    campaign: Campaign
    at: float
    place: Place | None
    evidence: list[str] = member(default_factory=list)

    def take(self, seen: Seen) -> None:
        """Add a hit."""
        self.at = max(self.at, seen.at)
        self.place = self.place or seen.place
        self.evidence.extend(seen.evidence)


def held_back(firing: Firing, rule: str, seen: Seen, taxonomy: Taxonomy | None) -> bool:
    """Count a hit of a rule; whether a person wanted to hear nothing of it."""
    count = firing.counts.pop(rule, None) or Count()
    firing.counts[rule] = count
    count.last_at = max(count.last_at, seen.at)
    tuning = firing.tunings.get(rule)
    held = tuning is not None and (seen.at < tuning.until or _exempt(tuning, seen, taxonomy))
    if held:
        count.suppressed += not seen.more
    else:
        count.hits += not seen.more
    return held


def _exempt(tuning: Tuning, seen: Seen, taxonomy: Taxonomy | None) -> bool:
    """Whether every field of one of the exceptions that still hold has its value."""
    return any(seen.at < one.until and _has(seen, one.values, taxonomy) for one in tuning.exempt)


def _has(seen: Seen, values: Sequence[tuple[str, str]], taxonomy: Taxonomy | None) -> bool:
    names = [name for name, _ in values]
    found = seen.fields if taxonomy is None else taxonomy.fields(seen.fields, names)
    return all(same(found.get(name), wanted) for name, wanted in values)


def campaign_of(firing: Firing, rule: str, seen: Seen, bounds: Bounds) -> Campaign:
    """The campaign that a hit extends, now the most recent one; begun where there is none."""
    window = int(seen.at // bounds.window_s)
    name = f"{rule} {seen.subject} {window}"
    campaign = firing.campaigns.pop(name, None) or Campaign(rule, seen.subject, window, seen.at)
    firing.campaigns[name] = campaign
    campaign.since = min(campaign.since, seen.at)
    campaign.count += not seen.more
    _tally(campaign.actors, seen.actors, bounds.actors_max)
    _tally(campaign.targets, seen.targets, bounds.actors_max)
    return campaign


def _tally(counts: dict[str, int], names: Iterable[str], distinct_max: int) -> None:
    for name in names:
        if name in counts or len(counts) < distinct_max:
            counts[name] = counts.get(name, 0) + 1


def most(counts: Mapping[str, int], named_max: int) -> tuple[str, ...]:
    """The names that were counted most often, at most so many."""
    return tuple(sorted(counts, key=lambda name: (-counts[name], name))[:named_max])


def trim(firing: Firing, at: float, bounds: Bounds) -> None:
    """Forget what is over, then what is too much, oldest first."""
    oldest = int(at // bounds.window_s) - WINDOWS_KEPT
    for name in [name for name, one in firing.campaigns.items() if one.window < oldest]:
        del firing.campaigns[name]
    _shorten(firing.campaigns, bounds.campaigns_max)
    _shorten(firing.counts, COUNTS_MAX)
    forget(firing.tunings, at)


def _shorten(kept: dict[str, Any], most_kept: int) -> None:
    for name in list(kept)[: max(0, len(kept) - most_kept)]:
        del kept[name]


def counts_of(states: Iterable[Firing]) -> dict[str, Count]:
    """The counts by rule; of a rule that several detectors run, those of the one that saw most."""
    found: dict[str, Count] = {}
    for state in states:
        for rule, count in dict(state.counts).items():
            known = found.get(rule)
            if known is None or count.hits + count.suppressed > known.hits + known.suppressed:
                found[rule] = count
    return found


def tunings_of(states: Iterable[Firing]) -> dict[str, Tuning]:
    """What people decided about rules: every detector folds the same decisions, any of them knows all."""
    return {name: one for state in states for name, one in dict(state.tunings).items()}
