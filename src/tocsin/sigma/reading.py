"""Files of Sigma rules to what can run: one broken document never disturbs the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from tocsin.sigma.atoms import every
from tocsin.sigma.documents import documents
from tocsin.sigma.parsing import Filter, Unreadable, parsed
from tocsin.sigma.rule import Correlation, Loaded, Refusal, Rule
from tocsin.sigma.taxonomy import covers


def read(texts: Iterable[tuple[str, str]], placeholders: Mapping[str, Sequence[str]] | None = None) -> Loaded:
    """Read rules, correlations and filters of Sigma specification 2.1 from (path, YAML) pairs.

    Every document ends up in one of the three parts of what is returned; filters are worked into
    the rules that they name. `placeholders` gives the values of `expand`. Raises nothing for a bad rule.

    >>> read([("a.yml", "title: A")]).refused[0].reason
    'Sigma rule must have a log source.'
    """
    found: list[Rule | Correlation | Filter] = []
    refused: list[Refusal] = []
    for path, text in texts:
        items, problems = documents(path, text)
        refused.extend(problems)
        for item in items:
            try:
                found.append(parsed(item, placeholders or {}))
            except Unreadable as error:
                refused.append(error.refusal)
    unique = _unique([each for each in found if not isinstance(each, Filter)], refused)
    rules = [each for each in unique if isinstance(each, Rule)]
    filters = [each for each in found if isinstance(each, Filter)]
    correlations = [each for each in unique if isinstance(each, Correlation)]
    return Loaded(
        rules=tuple(_filtered(rules, filters, refused)),
        correlations=tuple(_referring(correlations, rules, refused)),
        refused=tuple(refused),
    )


def _unique(found: list[Rule | Correlation], refused: list[Refusal]) -> list[Rule | Correlation]:
    """The first of each id and of each name; later ones are refused with both places."""
    taken: dict[str, Rule | Correlation] = {}
    kept: list[Rule | Correlation] = []
    for each in found:
        word = next((word for word in (each.id, each.name) if word and word in taken), None)
        if word is None:
            taken.update({word: each for word in (each.id, each.name) if word})
            kept.append(each)
            continue
        first = taken[word]
        reason = f"{word} is already the {'id' if word == each.id else 'name'} of {first.path}:{first.line}."
        refused.append(Refusal(path=each.path, line=each.line, feature="id", reason=reason))
    return kept


def _filtered(rules: list[Rule], filters: list[Filter], refused: list[Refusal]) -> list[Rule]:
    """Rules with the conditions of the filters that name them, in the order of the filters."""
    for each in filters:
        wanted = set(each.rules)
        hit = [number for number, rule in enumerate(rules) if _meant(each, rule, wanted)]
        for number in hit:
            rule = rules[number]
            rules[number] = replace(rule, condition=every([rule.condition, each.condition]))
        missing = wanted - {word for number in hit for word in (rules[number].id, rules[number].name)}
        for name in sorted(missing):
            reason = f"{name} is no rule that is loaded with this log source: the filter does nothing for it."
            refused.append(each.document.refusal("filter rules", reason, "filter", "rules"))
    return rules


def _meant(each: Filter, rule: Rule, wanted: set[str]) -> bool:
    return (not wanted or rule.id in wanted or rule.name in wanted) and covers(rule.logsource, each.logsource)


def _referring(correlations: list[Correlation], rules: list[Rule], refused: list[Refusal]) -> list[Correlation]:
    """Correlations whose rules are all there, and none of which waits for itself."""
    known = {word for rule in rules for word in (rule.id, rule.name) if word}
    waiting, kept = list(correlations), list[Correlation]()
    while ready := [each for each in waiting if known.issuperset(each.rules)]:
        kept.extend(ready)
        known |= {word for each in ready for word in (each.id, each.name) if word}
        waiting = [each for each in waiting if each not in ready]
    among = {word for each in waiting for word in (each.id, each.name) if word}
    for each in waiting:
        missing = sorted(set(each.rules) - known)
        circular = set(missing) <= among
        why = "are correlations that wait for one another" if circular else "are no rules that are loaded"
        reason = f"{', '.join(missing)} {why}."
        refused.append(Refusal(path=each.path, line=each.line, feature="correlation rules", reason=reason))
    order = {each.id: number for number, each in enumerate(correlations)}
    return sorted(kept, key=lambda each: order[each.id])
