"""A rule in plain English: where it looks, when it fires, and what that means in MITRE ATT&CK."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tocsin.sigma.rule import AllOf, AnyOf, Correlation, Logsource, Named, Node, Not, Rule
from tocsin.sigma.sentences import condition_lines, joined, quoted

TEXT_CHARS_MAX = 6_000
"""Longest explanation; what is longer is cut and says so."""

PRODUCTS = {
    "aws": "Amazon Web Services",
    "azure": "Microsoft Azure",
    "gcp": "Google Cloud",
    "github": "GitHub",
    "linux": "Linux",
    "m365": "Microsoft 365",
    "macos": "macOS",
    "opencanary": "OpenCanary",
    "suricata": "Suricata",
    "tocsin": "Tocsin",
    "windows": "Windows",
    "zeek": "Zeek",
}
"""Products whose name is not just their word in Sigma."""

CATEGORIES = {
    "antivirus": "antivirus alerts",
    "application": "application logs",
    "create_remote_thread": "threads started in another process",
    "database": "database queries",
    "dns": "DNS queries",
    "dns_query": "DNS queries",
    "driver_load": "drivers loaded",
    "file_access": "files opened",
    "file_change": "files changed",
    "file_delete": "files deleted",
    "file_event": "files written",
    "file_rename": "files renamed",
    "firewall": "firewall decisions",
    "finding": "findings of other detectors",
    "health": "the health of sensors and sources",
    "image_load": "program libraries loaded",
    "network_connection": "network connections of processes",
    "observation": "sensor observations",
    "pipe_created": "named pipes created",
    "process_access": "processes opened by others",
    "process_creation": "process starts",
    "process_termination": "process ends",
    "proxy": "requests through the web proxy",
    "ps_module": "PowerShell modules",
    "ps_script": "PowerShell scripts",
    "registry_add": "registry keys added",
    "registry_delete": "registry keys deleted",
    "registry_event": "registry changes",
    "registry_set": "registry values set",
    "webserver": "requests to a web server",
    "wmi_event": "WMI events",
}
"""Sigma's categories as people say them."""

_COUNTED = {
    "event_count": "the number of matching events",
    "value_count": "the number of different values of {field}",
    "value_sum": "the sum of {field}",
    "value_avg": "the average of {field}",
    "value_percentile": "the {percentile} percentile of {field}",
    "temporal": "the number of these rules that match",
    "temporal_ordered": "the number of these rules that match in that order",
}
_COMPARED = {
    "gt": "is more than {}",
    "gte": "is {} or more",
    "lt": "is less than {}",
    "lte": "is {} or less",
    "eq": "is exactly {}",
    "neq": "is not {}",
}
_UNITS = ((86_400.0, "day"), (3_600.0, "hour"), (60.0, "minute"), (1.0, "second"))


def explain(
    rule: Rule | Correlation, others: Sequence[Rule | Correlation] = (), attack: Mapping[str, str] | None = None
) -> str:
    r"""What a rule matches, for an analyst: a few sentences or an indented list, at most TEXT_CHARS_MAX long.

    `others` are the rules that a correlation refers to (for their titles); `attack` names tactics by their
    short name and techniques by id (`{"lateral-movement": "lateral movement", "T0846": "Remote System Discovery"}`).

    >>> from tocsin.sigma.rule import Atom
    >>> atom = Atom(digest="", field="Image", operator="endswith", value="\\x.exe")
    >>> source = Logsource(category="process_creation", product="windows")
    >>> print(explain(Rule(id="r", title="X", level="high", logsource=source, condition=atom)))
    X (high).
    Looks at process starts on Windows.
    Fires when Image ends with '\x.exe'.
    """
    body = _rule_lines(rule) if isinstance(rule, Rule) else _correlation_lines(rule, others)
    tail = [_attack_line(rule.tags, attack or {}), _false_positives(rule.falsepositives)]
    text = "\n".join([f"{_plain(rule.title)} ({rule.level or 'no level'}).", *body, *filter(None, tail)])
    if len(text) <= TEXT_CHARS_MAX:
        return text
    return text[: TEXT_CHARS_MAX - 30].rsplit("\n", 1)[0] + "\n(shortened: see the rule.)"


def _plain(text: str) -> str:
    """A text of a rule on one line, without what cannot be printed."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:300]


def _rule_lines(rule: Rule) -> list[str]:
    return [f"Looks at {logsource_words(rule.logsource)}.", *condition_lines(rule.condition)]


def logsource_words(source: Logsource) -> str:
    """A log source in words.

    >>> logsource_words(Logsource(product="windows", service="sysmon"))
    'events on Windows (service sysmon)'
    """
    if source == Logsource():
        return "every event"
    what = CATEGORIES.get(source.category, source.category.replace("_", " ")) or "events"
    service = f" (service {source.service})" if source.service else ""
    return _plain(what + _where(source.product) + service)


def _where(product: str) -> str:
    """On a system, of anything else that writes logs."""
    name = PRODUCTS.get(product, product.replace("_", " "))
    if not name:
        return ""
    return f" on {name}" if product in ("windows", "linux", "macos") else f" of {name}"


# --- correlations ---


def _correlation_lines(rule: Correlation, others: Sequence[Rule | Correlation]) -> list[str]:
    titles = {reference: other.title for other in reversed(others) for reference in (other.name, other.id) if reference}
    named = [quoted(titles.get(reference, reference)) for reference in rule.rules]
    return [
        f"Looks at what {_several(rule, named)} match.",
        f"Fires when, within {span_words(rule.timespan_s)}, {_asked(rule, titles)}{_grouped(rule)}{_nearby(rule)}.",
        *_alias_lines(rule, titles),
        *(["The rules it refers to also fire on their own."] if rule.generate else []),
    ]


def _several(rule: Correlation, named: Sequence[str]) -> str:
    if len(named) == 1:
        return f"the rule {named[0]}"
    return f"the rules {joined(named, 'then' if rule.kind == 'temporal_ordered' else 'and')}"


def _asked(rule: Correlation, titles: Mapping[str, str]) -> str:
    ordered = rule.kind == "temporal_ordered"
    if rule.expression is not None:
        return _expression(rule.expression, titles) + (", in the order listed" if ordered else "")
    if _asks_for_all(rule):
        return "all of them match" + (", in that order" if ordered else ", in any order")
    return _measured(rule)


def _measured(rule: Correlation) -> str:
    field = " with ".join(rule.fields) or rule.field
    what = _COUNTED[rule.kind].format(field=field, percentile=f"{rule.percentile:g}th")
    return f"{what} {joined([_COMPARED[name].format(f'{bound:g}') for name, bound in rule.conditions], 'and')}"


def _asks_for_all(rule: Correlation) -> bool:
    every = (("gte", float(len(rule.rules))),)
    return rule.kind in ("temporal", "temporal_ordered") and rule.conditions in ((), every)


def _expression(node: Node, titles: Mapping[str, str], *, inner: bool = False) -> str:
    match node:
        case Named():
            return f"{quoted(titles.get(node.rule, node.rule))} matches"
        case Not(part=Named() as named):
            return f"{quoted(titles.get(named.rule, named.rule))} does not match"
        case Not():
            return f"it is not so that {_expression(node.part, titles, inner=True)}"
        case AllOf() | AnyOf():
            word = "and" if isinstance(node, AllOf) else "or"
            text = f" {word} ".join(_expression(part, titles, inner=True) for part in node.parts)
            return f"({text})" if inner else text
    return "a condition that cannot be put in words"


def _grouped(rule: Correlation) -> str:
    return f", for one and the same {joined(rule.group_by, 'and')}" if rule.group_by else ""


def _nearby(rule: Correlation) -> str:
    return f", all within {rule.near_m:g} m of one another" if rule.near_m else ""


def _alias_lines(rule: Correlation, titles: Mapping[str, str]) -> list[str]:
    lines = []
    for alias, fields in rule.aliases.items():
        meant = [f"{field} of {quoted(titles.get(reference, reference))}" for reference, field in fields.items()]
        lines.append(f"{alias} stands for {joined(meant, 'and')}.")
    return lines


def span_words(seconds: float) -> str:
    """A timespan in words.

    >>> span_words(5400.0), span_words(60.0)
    ('90 minutes', '1 minute')
    """
    size, unit = next((each for each in _UNITS if seconds % each[0] == 0), (1.0, "second"))
    return f"{seconds / size:g} {unit}{'' if seconds == size else 's'}"


# --- what it means ---


def _attack_line(tags: Sequence[str], names: Mapping[str, str]) -> str:
    parts = [tag.lower().removeprefix("attack.") for tag in tags if tag.lower().startswith("attack.")]
    tactics = [names.get(part, part.replace("-", " ").replace("_", " ")) for part in parts if not _technique(part)]
    techniques = [f"{part.upper()} {names.get(part.upper(), '')}".strip() for part in parts if _technique(part)]
    if not parts:
        return ""
    return f"In MITRE ATT&CK: {_plain('; '.join(filter(None, [joined(tactics, 'and'), joined(techniques, 'and')])))}."


def _technique(part: str) -> bool:
    """Whether a tag is the id of a technique, group or software, such as t1059.001, rather than a tactic."""
    return len(part) > 1 and part[0] in "tgs" and part[1].isdigit()


def _false_positives(reasons: Sequence[str]) -> str:
    told = [
        _plain(reason).rstrip(".")
        for reason in reasons
        if reason.strip().lower() not in ("", "none", "unknown", "unlikely")
    ]
    return f"May also fire on: {'; '.join(told[:8])}." if told else ""
