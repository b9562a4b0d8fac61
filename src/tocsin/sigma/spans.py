"""Where in the text of a rule its comparisons are written, so that those that held can be marked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from yaml import MappingNode, Node, ScalarNode

SPANS_MAX = 500
"""Most places in one text that are told."""

_ESCAPED = re.compile(r"\\([\\*?])")
_ASIDE = frozenset({"condition", "timeframe"})


class Span(Struct, frozen=True, array_like=True):
    """A piece of one line: its number from 0, and the columns from `start` up to, not with, `end`."""

    line: int
    start: int
    end: int


def spans(text: str, wanted: Mapping[str, Sequence[str]]) -> tuple[Span, ...]:
    r"""Where a rule asks for these values of these fields; a field without values is marked by its name.

    So is one whose values are written otherwise than they are compared (encoded, expanded). Keywords
    are wanted under the empty name. A text that cannot be read has no spans.

    >>> rule = "detection:\n  a:\n    Image|endswith: ['\\x.exe', '\\y.exe']\n  condition: a"
    >>> [rule.split("\n")[one.line][one.start : one.end] for one in spans(rule, {"Image": ["\\Y.exe"]})]
    ['Image|endswith', "'\\y.exe'"]
    """
    import yaml

    try:
        documents = list(yaml.compose_all(text, Loader=yaml.SafeLoader))
    except (yaml.YAMLError, ValueError, RecursionError):
        return ()
    searches = [search for document in documents for search in _searches(document)]
    found: dict[Span, None] = {}
    for field, values in wanted.items():
        places = [place for search in searches for place in _places(search, field, frozenset(map(_plain, values)))]
        sure = [place for place, held in places if held]
        for node in sure or [place for place, _ in places]:
            found |= dict.fromkeys(_lines(text, node))
    return tuple(sorted(found, key=lambda one: (one.line, one.start)))[:SPANS_MAX]


def _searches(document: Any) -> Iterator[Node]:  # noqa: ANN401  # a node of any kind, or None for an empty document
    """The searches of a document's detection, without its condition."""
    for name, value in _pairs(document):
        if name.value == "detection":
            yield from (search for key, search in _pairs(value) if key.value not in _ASIDE)


def _pairs(node: Any) -> list[tuple[ScalarNode, Node]]:  # noqa: ANN401  # as _searches
    """The keys and values of a mapping; none of anything else."""
    import yaml

    if not isinstance(node, yaml.MappingNode):
        return []
    mapping: MappingNode = node
    return [(key, value) for key, value in mapping.value if isinstance(key, yaml.ScalarNode)]


def _places(node: Node, field: str, values: frozenset[str]) -> Iterator[tuple[Node, bool]]:
    """The names and values by which a search asks for a field, each with whether it surely is one that held."""
    import yaml

    for key, value in _pairs(node):
        if field and key.value.partition("|")[0] == field:
            held = [one for one in _scalars(value) if values & _forms(one.value)]
            yield key, bool(held) or not values
            yield from ((one, True) for one in held)
    if isinstance(node, yaml.SequenceNode):
        for part in node.value:
            yield from _places(part, field, values)
    elif isinstance(node, yaml.ScalarNode) and not field and values & _forms(node.value):
        yield node, True


def _scalars(node: Node) -> Iterator[ScalarNode]:
    import yaml

    if isinstance(node, yaml.ScalarNode):
        yield node
    elif isinstance(node, yaml.SequenceNode):
        yield from (one for part in node.value for one in _scalars(part))


def _forms(written: str) -> frozenset[str]:
    """What a value as it is written may stand for: itself, and without the escapes of Sigma."""
    return frozenset({_plain(written), _plain(_ESCAPED.sub(r"\1", written))})


def _plain(value: str) -> str:
    return value.strip("*").casefold()


def _lines(text: str, node: Node) -> Iterator[Span]:
    """The pieces of lines that a node covers."""
    first, last = node.start_mark, node.end_mark
    lines = text.split("\n")
    for number in range(first.line, min(last.line + 1, len(lines))):
        start = first.column if number == first.line else len(lines[number]) - len(lines[number].lstrip())
        end = last.column if number == last.line else len(lines[number])
        if start < end:
            yield Span(number, start, end)
