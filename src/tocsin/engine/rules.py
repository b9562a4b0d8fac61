"""The rules in force as people see them: what is loaded, refused, fed, tuned, and how often each rang."""

from typing import Any

from tocsin.contract.firing import Count, Firing, counts_of, tunings_of
from tocsin.contract.rule_hits import RuleHits
from tocsin.contract.rulebook import RuleBook
from tocsin.contract.tuning import Tuning
from tocsin.engine.graph import Graph
from tocsin.engine.reloading import Reloading
from tocsin.engine.rows import ExemptRow, RefusedRow, RuleRow, RulesRow
from tocsin.engine.rulewatch import RuleWatch
from tocsin.model import NotFound
from tocsin.sigma.rule import Correlation, Rule

REFUSED_SHOWN_MAX = 200
"""Most refused rules in the state of the system; the count tells of all."""


class Rules:
    """Asked from any thread. Counts and tunings are read from the states of the detectors that run rules."""

    def __init__(self, graph: Graph, reloading: Reloading) -> None:
        self._graph = graph
        self._reloading = reloading
        self.watch: RuleWatch | None = None

    @property
    def book(self) -> RuleBook:
        """The rules in place."""
        return self._reloading.book

    def find(self, name: str) -> Rule | Correlation:
        """The rule or correlation with that id or name; raises NotFound."""
        found = self.book.find(name)
        if found is None:
            raise NotFound(f"No rule {name!r} is loaded: `tocsin sigma list` has all that are.")
        return found

    def known(self, rule: str) -> None:
        """Raise NotFound for an id that is neither a loaded rule nor one that is still tuned."""
        if rule not in self._tunings() and self.find(rule).id != rule:
            raise NotFound(f"{rule!r} is a name: tune the rule by its id, {self.find(rule).id}.")

    def book_at(self, pos: int) -> RuleBook:
        """The rules that were in force at a position of the log; raises NotFound where they are not kept any more."""
        return self._reloading.book_at(pos)

    def book_of(self, digest: str) -> RuleBook:
        """The rules of a digest, those in place for an empty one; raises NotFound where they are not kept any more."""
        return self._reloading.book_of(digest)

    def reload(self, by: str) -> str:
        """Read the city's folder now; in words what came of it. Raises a TocsinError where it cannot be used."""
        change = self.watch.look(by) if self.watch is not None else None
        return "Nothing changed." if change is None else f"{change.text}."

    def problems(self) -> list[str]:
        """What is wrong with the rules as a whole; refused single rules are not."""
        watched = self.watch.problem if self.watch is not None else ""
        broken = "None of the city's own rules can be used: `tocsin sigma list` says why." if self.book.broken else ""
        return [one for one in (watched, self._reloading.problem, broken) if one]

    def summary(self, now: float) -> RulesRow:
        """What is in force, in short, for the state of the system."""
        book, problems = self.book, self.problems()
        refused = book.loaded.refused
        return RulesRow(
            digest=book.digest,
            loaded=len(book.loaded.rules),
            correlations=len(book.loaded.correlations),
            refused_count=len(refused),
            refused=tuple(
                RefusedRow(path=one.path, line=one.line, feature=one.feature, reason=one.reason)
                for one in refused[:REFUSED_SHOWN_MAX]
            ),
            unfed=len(self._unfed()),
            tuned=sum(one.ends() > now for one in self._tunings().values()),
            suppressed_hits=sum(count.suppressed for count in counts_of(self._states()).values()),
            problem=" ".join(problems),
        )

    def rows(self, now: float) -> list[RuleRow]:
        """A row per rule and correlation: those that rang most first, then by title."""
        unfed, counts, tunings, book = self._unfed(), counts_of(self._states()), self._tunings(), self.book
        rows = [
            rule_row(one, book, counts.get(one.id), tunings.get(one.id), now=now, fed=one.id not in unfed)
            for one in book.every
        ]
        return sorted(rows, key=lambda row: (-row.hits - row.suppressed, row.title, row.id))

    def _stages(self) -> list[RuleHits]:
        return [node.stage for node in self._graph.nodes if isinstance(node.stage, RuleHits)]

    def _states(self) -> list[Firing]:
        states = (state for node in self._graph.nodes for state in list(node.states.values()))
        return [state for state in states if isinstance(state, Firing)]

    def _tunings(self) -> dict[str, Tuning]:
        return tunings_of(self._states())

    def _unfed(self) -> frozenset[str]:
        """Ids of rules whose log source nothing feeds."""
        return frozenset(rule.id for stage in self._stages() for rule in stage.unfed)


def rule_row(
    rule: Rule | Correlation, book: RuleBook, count: Count | None, tuning: Tuning | None, *, now: float, fed: bool
) -> RuleRow:
    """The row of one rule, with what was counted of it and what people decided about it."""
    rate = book.rates.get(rule.id)
    return RuleRow(
        id=rule.id,
        title=rule.title,
        level=rule.level,
        family=rule.family,
        correlation=isinstance(rule, Correlation),
        path=rule.path,
        line=rule.line,
        tags=rule.tags,
        fed=fed,
        hits=0 if count is None else count.hits,
        suppressed=0 if count is None else count.suppressed,
        last_at=None if count is None else count.last_at,
        per_day_max=None if rate is None else rate.per_day_max,
        **_tuned(tuning, now),
    )


def _tuned(tuning: Tuning | None, now: float) -> dict[str, Any]:
    if tuning is None:
        return {}
    kept = tuple(
        ExemptRow(
            values=tuple(f"{name}={value}" for name, value in one.values),
            until=one.until,
            reason=one.reason,
            by=one.by,
        )
        for one in tuning.exempt
        if one.until > now
    )
    if tuning.until <= now:
        return {"exempt": kept}
    return {"exempt": kept, "suppressed_until": tuning.until, "reason": tuning.reason, "by": tuning.by}
