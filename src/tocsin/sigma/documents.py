"""YAML documents of Sigma files: each with its line, so that an error can say where; hostile ones refused."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from msgspec import Struct

from tocsin.model import BadInput
from tocsin.sigma.rule import Refusal

if TYPE_CHECKING:
    import yaml

YamlNode: TypeAlias = Any
"""A node of PyYAML's with its marks: mapping, sequence or scalar, by its `id`."""

FILE_CHARS_MAX = 5_000_000
DEPTH_MAX = 100
_DEEP = re.compile(r"(?:[-?:][ \t]+){30}")
_BRACKETS = 60
_SHARED = -1
"""Stands among the ids of nodes for: some node is reached twice."""
_INDENTED = re.compile(rf"^ {{{DEPTH_MAX}}}", re.MULTILINE)


class Document(Struct, kw_only=True):
    """One document of a file: its data, the line (from 1) on which it starts, and its text.

    `nodes` are asked for lines in turn: after `action: global` a key may stand in an earlier document.
    """

    path: str
    line: int
    data: dict[str, Any]
    nodes: tuple[Any, ...]
    text: str = ""

    def line_of(self, *path: str | int) -> int:
        """The line on which the deepest key of a path that exists is written."""
        return max((_descend(node, path) for node in self.nodes), default=(0, self.line))[1]

    def refusal(self, feature: str, reason: str, *path: str | int) -> Refusal:
        """Why this document, or a place in it, cannot be used."""
        return Refusal(path=self.path, line=self.line_of(*path), feature=feature, reason=reason)


def documents(path: str, text: str) -> tuple[list[Document], list[Refusal]]:
    """All documents of a file, collection actions worked out, and what had to be refused.

    What stands before a syntax error is still read; an error ends its file.
    """
    import yaml

    refused: list[Refusal] = []
    found: list[Document] = []
    try:
        _check_depth(text)
        found.extend(_parsed(path, text, refused))
    except BadInput as error:
        refused.append(Refusal(path=path, line=1, feature="yaml", reason=str(error)))
    except yaml.YAMLError as error:
        refused.append(Refusal(path=path, line=_line(error), feature="yaml", reason=_reason(error)))
    return _acted(found, refused), refused


def _parsed(path: str, text: str, refused: list[Refusal]) -> Iterator[Document]:
    import yaml

    loader = yaml.CSafeLoader(text)
    lines: list[str] = []
    try:
        while loader.check_node():
            node = loader.get_node()
            lines = lines or text.splitlines()
            if document := _document(loader, node, path, lines, refused):
                yield document
    finally:
        loader.dispose()


def _document(
    loader: yaml.CSafeLoader, node: YamlNode, path: str, lines: list[str], refused: list[Refusal]
) -> Document | None:
    line = node.start_mark.line + 1
    seen: set[int] = set()
    if problem := next(_duplicates(node, seen), None):
        refused.append(Refusal(path=path, line=problem[1], feature="yaml", reason=problem[0]))
        return None
    import yaml
    from sigma.exceptions import SigmaError
    from sigma.rule.base import check_alias_expansion

    try:
        data = loader.construct_document(node)
        if _SHARED in seen:
            check_alias_expansion(data, SigmaError)
    except yaml.YAMLError as error:  # a tag that stands for no plain value
        refused.append(Refusal(path=path, line=_line(error), feature="yaml", reason=_reason(error)))
        return None
    except (ValueError, TypeError) as error:  # a date such as 2024-13-45, aliases that grow without end
        refused.append(Refusal(path=path, line=line, feature="yaml", reason=f"A value cannot be read: {error}."))
        return None
    if data is None:
        return None
    if not isinstance(data, dict):
        reason = "A Sigma document is a mapping with title, logsource and detection."
        refused.append(Refusal(path=path, line=line, feature="yaml", reason=reason))
        return None
    text = "\n".join(lines[line - 1 : node.end_mark.line + 1]).rstrip()
    return Document(path=path, line=line, data=data, nodes=(node,), text=text.removesuffix("\n---"))


def _check_depth(text: str) -> None:
    """Refuse what would overflow the C parser's stack: it follows nesting by recursion, without a limit."""
    if len(text) > FILE_CHARS_MAX:
        raise BadInput(f"The file has {len(text)} characters; {FILE_CHARS_MAX} are read: split it.")
    bracketed = text.count("[") + text.count("{") > _BRACKETS
    if not (bracketed or _DEEP.search(text) or _INDENTED.search(text)):
        return
    import yaml

    depth = 0
    for event in yaml.parse(text, yaml.CSafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEPTH_MAX:
            raise BadInput(f"Values are nested more than {DEPTH_MAX} deep: flatten them.")


def _duplicates(node: YamlNode, seen: set[int]) -> Iterator[tuple[str, int]]:
    """Keys written twice in one mapping: YAML would silently keep the last. `seen` learns of aliases."""
    if not isinstance(node.value, list):
        return
    if id(node) in seen:
        seen.add(_SHARED)
        return
    seen.add(id(node))
    if node.id == "mapping":
        keys: set[str] = set()
        for key, value in node.value:
            if not isinstance(key.value, str) or not key.tag.endswith((":str", ":merge")):
                yield "A key is not plain text: write it in quotes.", key.start_mark.line + 1
            elif key.value in keys:
                yield f"The key {key.value!r} stands twice: merge the two.", key.start_mark.line + 1
            else:
                keys.add(key.value)
            yield from _duplicates(value, seen)
    else:
        for value in node.value:
            yield from _duplicates(value, seen)


def _descend(node: YamlNode, path: Sequence[str | int]) -> tuple[int, int]:
    """How deep a path leads, and the line on which it ends."""
    depth, line = 0, node.start_mark.line + 1
    for step in path:
        below, at = _child(node, step)
        if below is None:
            break
        node, line, depth = below, at, depth + 1
    return depth, line


def _child(node: YamlNode, step: str | int) -> tuple[Any, int]:
    if node.id == "mapping" and isinstance(step, str):
        for key, value in node.value:
            if key.value == step:
                return value, key.start_mark.line + 1
    if node.id == "sequence" and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step].start_mark.line + 1
    return None, 0


def _acted(found: list[Document], refused: list[Refusal]) -> list[Document]:
    """Work out `action: global|repeat|reset` of a collection (specification 2.1, rule collections)."""
    base: Document | None = None
    previous: Document | None = None
    result: list[Document] = []
    for document in found:
        action = document.data.pop("action", None)
        match action:
            case None | "repeat":
                before = previous if action else base if _is_rule(document.data) else None
                previous = _merged(document, before, repeats=action is not None)
                result.append(previous)
            case "global":
                base = previous = document
            case "reset":
                base = None
            case _:
                reason = f"There is no collection action {action!r}: global, repeat or reset."
                refused.append(document.refusal("action", reason, "action"))
    return result


def _is_rule(data: dict[str, Any]) -> bool:
    return "correlation" not in data and "filter" not in data


def _merged(document: Document, before: Document | None, *, repeats: bool) -> Document:
    """A document on top of an earlier one: what is repeated gives way, what is global rules."""
    if before is None:
        return document
    low, high = (before, document) if repeats else (document, before)
    return Document(
        path=document.path,
        line=document.line,
        data=_overlaid(low.data, high.data),
        nodes=(*document.nodes, *before.nodes),
        text=f"{before.text}\n---\n{document.text}",
    )


def _overlaid(low: dict[str, Any], high: dict[str, Any]) -> dict[str, Any]:
    both = {key for key in low.keys() & high.keys() if isinstance(low[key], dict) and isinstance(high[key], dict)}
    return {**low, **high, **{key: _overlaid(low[key], high[key]) for key in both}}


def _line(error: yaml.YAMLError) -> int:
    mark = getattr(error, "problem_mark", None)
    return mark.line + 1 if mark else 1


def _reason(error: yaml.YAMLError) -> str:
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    return f"The file is no valid YAML from here on: {problem}."
