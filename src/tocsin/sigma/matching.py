"""Which rules hold for a row: routed by log source, woken by what they need, then checked whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tocsin.sigma.evaluating import Evaluator
from tocsin.sigma.programs import Program
from tocsin.sigma.rule import Rule
from tocsin.sigma.taxonomy import Lane, Row, Taxonomy


class Matcher:
    """All rules over the rows of all formats. What it keeps between rows is bounded and changes no answer.

    `unfed` are the rules whose log source no mapping feeds: they can never hold here.
    """

    def __init__(self, rules: Sequence[Rule], taxonomies: Mapping[str, Taxonomy]) -> None:
        self._rules = tuple(rules)
        self._taxonomies = dict(taxonomies)
        lanes = [lane for taxonomy in self._taxonomies.values() for lane in taxonomy.lanes]
        sources = {rule.logsource for rule in self._rules}
        fed = {source for source in sources if any(lane.feeds(source) for lane in lanes)}
        self.unfed: tuple[Rule, ...] = tuple(rule for rule in self._rules if rule.logsource not in fed)
        self._programs: dict[Lane, Program] = {}
        self._evaluators: dict[Lane, Evaluator] = {}

    def rows(self, format: str, rows: Iterable[Row]) -> list[tuple[int, Rule]]:
        """Which rules hold for which row: (index of the row, rule), in order of rows, then of rules."""
        taxonomy = self._taxonomies.get(format)
        if taxonomy is None:
            return []
        rules, lane, programs = self._rules, taxonomy.lane, self._programs
        found: list[tuple[int, Rule]] = []
        for number, row in enumerate(rows):
            own = lane(row)
            program = programs.get(own) or self._program(taxonomy, own)
            found += [(number, rules[rule]) for rule in program.row(row)]
        return found

    def row(self, format: str, row: Row) -> tuple[Rule, ...]:
        """The rules that hold for a row, in the order in which they were given."""
        return tuple(rule for _number, rule in self.rows(format, (row,)))

    def matched_fields(self, format: str, row: Row, rule: Rule) -> tuple[str, ...]:
        """The fields whose values made a rule hold, for marking them; a keyword has none."""
        taxonomy = self._taxonomies.get(format)
        if taxonomy is None:
            return ()
        evaluator = self._evaluator(taxonomy, taxonomy.lane(row))
        holding = evaluator.holding(rule.condition, row)
        return tuple(dict.fromkeys(atom.field for atom in holding if atom.field and atom.operator != "null"))

    def _program(self, taxonomy: Taxonomy, lane: Lane) -> Program:
        """The rules of a lane, compiled when its first row comes."""
        fitting = [(number, rule) for number, rule in enumerate(self._rules) if lane.feeds(rule.logsource)]
        made = self._programs[lane] = Program(fitting, taxonomy, lane)
        return made

    def _evaluator(self, taxonomy: Taxonomy, lane: Lane) -> Evaluator:
        if lane not in self._evaluators:
            self._evaluators[lane] = Evaluator(taxonomy, lane)
        return self._evaluators[lane]
