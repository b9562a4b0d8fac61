"""One Sigma document to one rule, correlation or filter: pySigma parses, errors name the line."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias, cast
from uuid import NAMESPACE_URL, uuid5

from msgspec import Struct

from tocsin.model import BadInput
from tocsin.sigma.atoms import node_of, some
from tocsin.sigma.documents import Document
from tocsin.sigma.placeholders import Placeholders, filled
from tocsin.sigma.rule import AllOf, AnyOf, Correlation, Kind, Logsource, Named, Node, Not, Refusal, Rule

if TYPE_CHECKING:
    from sigma.policy import SigmaPolicy
    from sigma.rule import SigmaDetections, SigmaRuleBase

Parsed: TypeAlias = Any
"""What YAML holds, or what pySigma made of it."""

CONDITION_CHARS_MAX = 20_000
CHOICES_MAX = 500
"""How many combinations `N of` may stand for."""
LEVEL = "medium"
"""The level of a rule that gives none."""

_COUNTED = re.compile(r"(?<![\w*-])(\d+)\s+of\s+(them|[\w*]+)(?![\w*-])")
_DISTANCE = re.compile(r"(\d+(?:\.\d+)?)\s*(m|km)")


class Filter(Struct, frozen=True, kw_only=True):
    """A Sigma filter: a condition that is added to rules by id or name, or to all of its log source."""

    title: str
    logsource: Logsource
    rules: tuple[str, ...]
    condition: Node
    document: Document


class Unreadable(Exception):
    """A document that has no meaning; `refusal` says where and why."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.reason)
        self.refusal = refusal


def parsed(document: Document, placeholders: Placeholders) -> Rule | Correlation | Filter:
    """What a document says; raises Unreadable."""
    from sigma.exceptions import SigmaError

    reader = _correlation if "correlation" in document.data else _filter if "filter" in document.data else _rule
    try:
        return reader(document, placeholders)
    except (SigmaError, BadInput) as error:
        raise Unreadable(_refusal(document, error, placeholders)) from error
    except RecursionError:
        raise Unreadable(
            document.refusal("condition", "The condition is nested too deep: split it.", "detection")
        ) from None
    except (AttributeError, TypeError, KeyError, ValueError) as error:  # pySigma does not check every shape it is given
        reason = f"A part has another form than the specification gives it ({type(error).__name__}: {error})."
        raise Unreadable(document.refusal("form", reason)) from error


def _rule(document: Document, placeholders: Placeholders) -> Rule:
    from sigma.rule import SigmaRule

    data = dict(document.data)
    if "detection" in data:
        data["detection"] = _prepared(data["detection"], placeholders)
    rule = SigmaRule.from_dict(data, policy=_lenient())
    source = rule.logsource
    return Rule(
        **_told(document, rule),
        status=rule.status.name.lower() if rule.status else "",
        author=rule.author or "",
        fields=tuple(map(str, rule.fields)),
        logsource=_logsource(source),
        condition=_condition(rule.detection),
    )


def _filter(document: Document, placeholders: Placeholders) -> Filter:
    from sigma.filters import SigmaFilter

    data = {**document.data, "filter": _prepared(document.data["filter"], placeholders)}
    found = SigmaFilter.from_dict(data, policy=_lenient())
    named = found.filter.rules
    return Filter(
        title=found.title,
        logsource=_logsource(found.logsource),
        rules=() if isinstance(named, str) else tuple(reference.reference for reference in named),
        condition=_condition(found.filter),
        document=document,
    )


def _told(document: Document, rule: SigmaRuleBase) -> dict[str, Any]:
    """What rules and correlations have in common."""
    return {
        "id": str(rule.id or uuid5(NAMESPACE_URL, f"{document.path}#{rule.title}")),
        "title": rule.title,
        "level": rule.level.name.lower() if rule.level else LEVEL,
        "path": document.path,
        "line": document.line,
        "name": rule.name or "",
        "description": str(rule.description or ""),
        "tags": tuple(map(str, rule.tags)),
        "falsepositives": tuple(map(str, rule.falsepositives)),
        "family": _own(document).get("family", "cyber"),
        "text": document.text,
    }


def _own(document: Document) -> dict[str, Any]:
    """Our labelled extension: `tocsin: {family: physical, near: 100m}`."""
    own = document.data.get("tocsin") or {}
    if not isinstance(own, dict) or own.get("family", "cyber") not in {"cyber", "physical"}:
        raise Unreadable(
            document.refusal("tocsin", "tocsin takes family: cyber or physical, and near: 100m.", "tocsin")
        )
    return own


def _logsource(source: Parsed) -> Logsource:
    category, product, service = (str(part or "").lower() for part in (source.category, source.product, source.service))
    return Logsource(category=category, product=product, service=service)


def _prepared(detection: Parsed, placeholders: Placeholders) -> Parsed:
    """A detection as pySigma understands it: placeholders filled, `N of` and `utf16le` spelled out."""
    if not isinstance(detection, dict):
        return detection
    if "timeframe" in detection:
        raise BadInput("timeframe is no part of a rule since Sigma 2.0: write a correlation with a timespan.")
    searches = {name: _respelled(filled(item, placeholders)) for name, item in detection.items()}
    if "condition" in detection:
        names = [name for name in detection if name not in {"condition", "rules"}]
        given = detection["condition"]
        texts = given if isinstance(given, list) else [given]
        made = [_spelled(text, names) for text in texts]
        searches["condition"] = made if isinstance(given, list) else made[0]
    return searches


def _respelled(item: Parsed) -> Parsed:
    match item:
        case dict():
            return {_wide(key): _respelled(value) for key, value in item.items()}
        case list():
            return [_respelled(each) for each in item]
    return item


def _wide(key: str) -> str:
    field, *modifiers = key.split("|")
    return "|".join([field, *("wide" if modifier == "utf16le" else modifier for modifier in modifiers)])


def _spelled(condition: Parsed, names: list[str]) -> str:
    if not isinstance(condition, str):
        raise BadInput("A condition is a text, or a list of texts of which one must hold.")
    if len(condition) > CONDITION_CHARS_MAX:
        raise BadInput(f"The condition has {len(condition)} characters; {CONDITION_CHARS_MAX} are allowed.")
    return _COUNTED.sub(
        lambda found: _choices(int(found[1]), found[2], names) if found[1] != "1" else found[0], condition
    )


def _choices(count: int, pattern: str, names: list[str]) -> str:
    """`2 of x_*` as the combinations that it stands for: pySigma knows 1, any and all only.

    >>> _choices(2, "a*", ["a1", "a2", "b", "a3"])
    '((a1 and a2) or (a1 and a3) or (a2 and a3))'
    """
    shape = re.compile(".*" if pattern == "them" else re.escape(pattern).replace(r"\*", ".*"))
    known = [name for name in names if shape.fullmatch(name) and (pattern[0] == "_" or name[0] != "_")]
    if not 0 < count <= len(known):
        raise BadInput(f"{count} of {pattern} can never hold: it names {len(known)} searches.")
    if math.comb(len(known), count) > CHOICES_MAX:
        raise BadInput(f"{count} of {pattern} stands for more than {CHOICES_MAX} combinations: write it in parts.")
    return "(" + " or ".join(f"({' and '.join(each)})" for each in itertools.combinations(known, count)) + ")"


def _condition(detections: SigmaDetections) -> Node:
    for detection in detections.detections.values():
        _widen(detection)
    detections.policy = None  # names of searches are matched by pySigma's own engine again
    trees = [condition.parsed for condition in detections.parsed_condition]
    return some([node_of(tree) for tree in trees])


def _widen(detection: Parsed) -> None:
    """Work in place on what pySigma leaves to its targets: keywords stand anywhere, expressions are anchored."""
    from sigma.modifiers import SigmaEndswithModifier, SigmaStartswithModifier

    for item in getattr(detection, "detection_items", ()):
        _widen(item)
    modifiers = getattr(detection, "modifiers", None)
    if modifiers is None:
        return
    starts, ends = SigmaStartswithModifier in modifiers, SigmaEndswithModifier in modifiers
    widened = not (starts or ends) and detection.field is None
    detection.value = [_widened(value, starts=starts, ends=ends, anywhere=widened) for value in detection.value]


def _widened(value: Parsed, *, starts: bool, ends: bool, anywhere: bool) -> Parsed:
    from sigma.types import SigmaExpansion, SigmaRegularExpression, SigmaString, SpecialChars

    match value:
        case SigmaExpansion():
            return SigmaExpansion(
                [_widened(each, starts=starts, ends=ends, anywhere=anywhere) for each in value.values]
            )
        case SigmaString() if anywhere:
            return SpecialChars.WILDCARD_MULTI + value + SpecialChars.WILDCARD_MULTI
        case SigmaRegularExpression() if starts or ends:
            text = str(value.regexp)
            text = rf"\A(?:{text})" if starts else text
            value.regexp = SigmaString(rf"(?:{text})(?-m:$)" if ends else text, escape=False)
    return value


def _correlation(document: Document, _placeholders: Placeholders) -> Correlation:
    from sigma.correlations import SigmaCorrelationRule, SigmaExtendedCorrelationCondition

    first, others = _operators(document)
    rule = SigmaCorrelationRule.from_dict(first)
    condition = rule.condition
    extended = isinstance(condition, SigmaExtendedCorrelationCondition)
    expression = _expression(condition.parsed) if isinstance(condition, SigmaExtendedCorrelationCondition) else None
    fields = () if extended else _fields(condition)
    return Correlation(
        **_told(document, rule),
        kind=_kind(rule.type.name.lower()),
        rules=_rules(rule),
        timespan_s=float(rule.timespan.seconds),
        group_by=tuple(rule.group_by or ()),
        aliases=rule.aliases.to_dict(),
        field=fields[0] if fields else "",
        fields=fields if len(fields) > 1 else (),
        percentile=_percentile(condition),
        conditions=() if extended else cast("Any", _limits(condition, others)),
        expression=expression,
        generate=rule.generate,
        near_m=_near_m(document),
    )


def _rules(rule: Parsed) -> tuple[str, ...]:
    if rule.rules is not None:
        return tuple(str(reference.reference) for reference in rule.rules)
    return tuple(rule.condition.get_referenced_rules())


def _kind(name: str) -> Kind:
    return cast("Kind", "value_percentile" if name == "value_median" else name)


def _percentile(condition: Parsed) -> float:
    given = getattr(condition, "percentile", None)
    if given is not None and not 0 <= given <= 100:
        raise BadInput(f"A percentile lies between 0 and 100, not at {given}.")
    return 50.0 if given is None else float(given)


def _fields(condition: Parsed) -> tuple[str, ...]:
    given = condition.fieldref
    return () if given is None else tuple(map(str, given)) if isinstance(given, list) else (str(given),)


def _operators(document: Document) -> tuple[dict[str, Any], dict[str, Any]]:
    """The document with one operator in its condition, as pySigma takes it, and the other bounds of a range."""
    correlation = document.data["correlation"]
    condition = correlation.get("condition") if isinstance(correlation, dict) else None
    if not isinstance(condition, dict):
        return document.data, {}
    from sigma.correlations import SigmaCorrelationConditionOperator

    known = [key for key in condition if key in SigmaCorrelationConditionOperator.operators()]
    others = {key: condition[key] for key in known[1:]}
    first = {key: value for key, value in condition.items() if key not in others}
    return {**document.data, "correlation": {**correlation, "condition": first}}, others


def _limits(condition: Parsed, others: dict[str, Any]) -> tuple[tuple[str, float], ...]:
    from sigma.correlations import SigmaCorrelationCondition

    more = [SigmaCorrelationCondition.from_dict({key: value}) for key, value in others.items()]
    return tuple((each.op.name.lower(), float(each.count)) for each in (condition, *more))


def _expression(tree: Parsed) -> Node:
    from sigma.correlations import CorrelationConditionAND, CorrelationConditionNOT, SigmaRuleReference

    if isinstance(tree, SigmaRuleReference):
        return Named(rule=tree.reference)
    parts = tuple(_expression(part) for part in tree.args)
    if isinstance(tree, CorrelationConditionNOT):
        return Not(part=parts[0])
    return AllOf(parts=parts) if isinstance(tree, CorrelationConditionAND) else AnyOf(parts=parts)


def _near_m(document: Document) -> float:
    given = _own(document).get("near", 0)
    if isinstance(given, int | float) and not isinstance(given, bool) and 0 <= given < math.inf:
        return float(given)
    if isinstance(given, str) and (found := _DISTANCE.fullmatch(given.strip())):
        return float(found[1]) * (1000 if found[2] == "km" else 1)
    raise Unreadable(
        document.refusal("near", f"near is a distance such as 100m or 2km, not {given!r}.", "tocsin", "near")
    )


@cache
def _lenient() -> SigmaPolicy:
    """A policy that leaves regular expressions to us: pySigma's refuses what we may still bound."""
    from sigma.policy import SigmaPolicy
    from sigma.policy.regex_engine import RegexEngine

    class Unchecked(RegexEngine):
        error = BadInput

        def compile(self, _pattern: str, _flags: int = 0) -> Parsed:
            return None

    return SigmaPolicy(regex_engine=Unchecked())


# --- where an error lies ---

_KEYS = {
    "Title": "title",
    "Identifier": "id",
    "Name": "name",
    "Taxonomy": "taxonomy",
    "Related": "related",
    "Level": "level",
    "Status": "status",
    "Tag": "tags",
    "Date": "date",
    "Fields": "fields",
    "FalsePositives": "falsepositives",
    "Author": "author",
    "Description": "description",
    "References": "references",
    "Scope": "scope",
    "License": "license",
    "Logsource": "logsource",
}


def _refusal(document: Document, error: Exception, placeholders: Placeholders) -> Refusal:
    """The place of an error: by what pySigma calls it, or by trying the searches one by one."""
    reason = " ".join(str(error.args[0] if error.args else error).split())
    reason = reason if reason.endswith(".") else f"{reason}."
    name = type(error).__name__.removeprefix("Sigma").removesuffix("Error")
    body = next((key for key in ("correlation", "filter") if key in document.data), "detection")
    if key := _KEYS.get(name):
        return document.refusal(key, reason, key)
    if body == "correlation":
        key = _correlation_key(name, reason)
        return document.refusal(f"correlation {key}".strip(), reason, "correlation", *([key] if key else []))
    if found := next(_failing(document.data.get(body), placeholders), None):
        return document.refusal(found[1], reason, body, *found[0])
    key = "modified" if name == "Modified" else ""
    return document.refusal(key or "condition", reason, *([key] if key else [body, "condition"]))


def _correlation_key(name: str, reason: str) -> str:
    words = {"CorrelationType": "type", "Timespan": "timespan", "CorrelationCondition": "condition"}
    known = ("condition", "timespan", "group-by", "aliases", "generate", "rules", "type", "field")
    return words.get(name) or next((key for key in known if key in reason.lower()), "")


def _failing(detection: Parsed, placeholders: Placeholders) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Paths of the searches that cannot be read by themselves, and the feature that they stumble on."""
    if isinstance(detection, dict):
        for name, item in detection.items():
            if name not in {"condition", "rules"}:
                yield from _failing_item((name,), item, placeholders)


def _failing_item(path: tuple[str | int, ...], item: Parsed, placeholders: Placeholders) -> Iterator[Any]:
    parts: list[tuple[str | int, Any]] = []
    if isinstance(item, dict):
        parts = [(key, {key: value}) for key, value in item.items()]
    elif isinstance(item, list) and any(isinstance(each, dict) for each in item):
        parts = list(enumerate(item))
    if not parts and _fails(lambda: _probe(item, placeholders)):
        yield path, "search"
    for step, part in parts:
        if isinstance(item, dict) and _fails(lambda part=part: _probe(part, placeholders)):  # type: ignore[misc]
            yield (*path, step), _feature(str(step), part, placeholders)
        elif isinstance(item, list):
            yield from _failing_item((*path, step), part, placeholders)


def _feature(key: str, part: Parsed, placeholders: Placeholders) -> str:
    _field, *modifiers = key.split("|")
    if "expand" in modifiers and _fails(lambda: filled(part, placeholders)):
        return "placeholder"
    return f"modifier {'|'.join(modifiers)}" if modifiers else "value"


def _probe(item: Parsed, placeholders: Placeholders) -> None:
    from sigma.rule import SigmaDetections

    searches = _prepared({"probe": item, "condition": "probe"}, placeholders)
    _condition(SigmaDetections.from_dict(searches, policy=_lenient()))


def _fails(tried: Callable[[], object]) -> bool:
    from sigma.exceptions import SigmaError

    try:
        tried()
    except (SigmaError, BadInput, AttributeError, TypeError):
        return True
    return False
