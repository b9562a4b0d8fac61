"""Small edits of commented YAML files that leave every comment where it is."""

import re
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from tocsin.model import ConfigError

LINE_CHARS_MAX = 110
"""Longest line that an edit writes where it can be broken."""

COMMENT = re.compile(r"(?:^|\s)#")
"""Where a comment may begin: a `#` at the margin or after a space (that of a topic follows a slash or quote)."""


def set_key(path: Path, key: str, value: object) -> None:
    """Give a top-level key another one-line value; raises ConfigError where there is no such line."""
    text = _read(path)
    found = _value_of(path, text, key)
    if found is None or found.start_mark.line != found.end_mark.line:
        message = f"{path} has no key {key!r} with a value on its line: write `{key}: {_inline(value)}` there yourself."
        raise ConfigError(message)
    replace_text(path, _spliced(text, found, _inline(value)))


def add_entry(path: Path, key: str, name: str, value: object) -> None:
    """Add `name: value` to the mapping under a top-level key, which may still be `{}` or absent."""
    text = _read(path)
    found = _value_of(path, text, key)
    if found is None:
        replace_text(path, f"{text.rstrip()}\n\n{key}:\n{_entry(name, value, 2)}\n")
    elif _is_empty(found):
        replace_text(path, _inserted(_spliced(text, found, ""), found.start_mark.line + 1, _entry(name, value, 2)))
    elif not _is_block(found) or name in _names(found):
        why = f"already has {name!r}" if name in _names(found) else "is not written with one entry per line"
        _refuse(path, key, _entry(name, value, 2), why)
    else:
        column = found.start_mark.column
        replace_text(path, _inserted(text, _end_line(text, found, column), _entry(name, value, column)))


def _pair(found: Any, name: str) -> Any:  # noqa: ANN401 - nodes of YAML
    """Name and value of an entry; None where there is none of that name."""
    return next((pair for pair in found.value if pair[0].value == name), None) if _is_block(found) else None


def put_entry(path: Path, key: str, name: str, value: object) -> None:
    """As `add_entry`, but an entry of that name gets the new value; one that holds comments is left alone."""
    text = _read(path)
    found = _value_of(path, text, key)
    pair = _pair(found, name)
    if pair is None:
        add_entry(path, key, name, value)
        return
    column, first = pair[0].start_mark.column, pair[0].start_mark.line
    last = _end_line(text, pair[1], column + 1)
    lines = text.split("\n")
    if any(COMMENT.search(line) for line in lines[first:last]):
        _refuse(path, key, _entry(name, value, column), f"has an entry {name!r} with comments of yours")
    replace_text(path, "\n".join([*lines[:first], _entry(name, value, column), *lines[last:]]))


def add_row(path: Path, row: object) -> None:
    """Append one row to a file that is a list, which may still be `[]` or comments alone."""
    text = _read(path)
    root = _root(path, text)
    block = f"- {_block(row, 2).lstrip()}"
    if root is None or _is_empty(root):
        text = text if root is None else _spliced(text, root, "")
    elif not _is_block(root) or not root.tag.endswith(":seq"):
        message = f"{path} is no list with one row per `-`: nothing was changed. Write this row yourself:\n{block}"
        raise ConfigError(message)
    else:
        block = _indented(block, root.start_mark.column)
    body = text.rstrip()
    replace_text(path, f"{body}\n{block}\n" if body else f"{block}\n")


def replace_text(path: Path, text: str) -> None:
    """Write the whole file at once: a crash leaves the old one."""
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}. `tocsin init FOLDER` makes an installation."
        raise ConfigError(message) from error


def _root(path: Path, text: str) -> Any:  # noqa: ANN401  # PyYAML's nodes, imported when needed
    """The document as nodes that know where they stand; None for a file of comments alone."""
    import yaml

    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        message = f"{path} is not YAML: {error}. `tocsin check-config` says where; nothing was changed."
        raise ConfigError(message) from error


def _value_of(path: Path, text: str, key: str) -> Any:  # noqa: ANN401  # as _root
    """The node under a top-level key, or None."""
    root = _root(path, text)
    if root is not None and not root.tag.endswith(":map"):
        message = f"{path} is not a mapping of names to values: nothing was changed."
        raise ConfigError(message)
    return next((value for name, value in (root.value if root is not None else ()) if name.value == key), None)


def _is_empty(node: Any) -> bool:  # noqa: ANN401  # as _root
    return not node.value or node.tag.endswith(":null")


def _is_block(node: Any) -> bool:  # noqa: ANN401  # as _root
    return node is not None and getattr(node, "flow_style", None) is False


def _names(node: Any) -> set[str]:  # noqa: ANN401  # as _root
    return {name.value for name, _ in node.value}


def _refuse(path: Path, key: str, block: str, why: str) -> NoReturn:
    message = f"{path}: {key!r} {why}: nothing was changed. Write this under it yourself:\n{block}"
    raise ConfigError(message)


def _spliced(text: str, node: Any, value: str) -> str:  # noqa: ANN401  # as _root
    """The text with the node's own characters replaced."""
    before, after = text[: node.start_mark.index], text[node.end_mark.index :]
    before = before if value else before.rstrip(" ")
    gap = " " if value and not before.endswith((" ", "\n")) else ""
    return f"{before}{gap}{value}{after}"


def _inserted(text: str, line: int, block: str) -> str:
    """The text with a block before line number `line` (from 0)."""
    lines = text.split("\n")
    return "\n".join([*lines[:line], *block.split("\n"), *lines[line:]])


def _indented(block: str, columns: int) -> str:
    return "\n".join(f"{' ' * columns}{line}" if line else line for line in block.split("\n"))


def _end_line(text: str, node: Any, column: int) -> int:  # noqa: ANN401  # as _root
    """The line behind a node, without the blank lines and outer comments that PyYAML counts to it."""
    lines = text[: node.end_mark.index].split("\n")
    while not lines[-1].strip() or (lines[-1].lstrip()[0] == "#" and _column(lines[-1]) < column):
        lines.pop()
    return len(lines)


def _column(line: str) -> int:
    return len(line) - len(line.lstrip())


def _entry(name: str, value: object, columns: int) -> str:
    """One entry of a mapping: on its line where that is short, else as a block."""
    short = _inline(value)
    nested = len(short) > LINE_CHARS_MAX // 2 and isinstance(msgspec.to_builtins(value), dict)
    text = f"{_inline(name)}:\n{_block(value, 2)}" if nested else f"{_inline(name)}: {short}"
    return _indented(text, columns)


def _inline(value: object) -> str:
    """One line of YAML, quoted only where it must be."""
    return _dumped(value, flow=True)


def _block(value: object, columns: int) -> str:
    """Several lines of YAML; what holds no lists or mappings of its own stays on one line."""
    return _indented(_dumped(value, flow=None), columns)


def _dumped(value: object, *, flow: bool | None) -> str:
    import yaml

    plain = msgspec.to_builtins(value)
    readable = msgspec.json.encode(plain).decode().isprintable()  # what is not gets escaped
    width: float = float("inf") if flow else LINE_CHARS_MAX
    text = yaml.safe_dump(plain, sort_keys=False, allow_unicode=readable, default_flow_style=flow, width=width)
    return str(text).removesuffix("\n...\n").rstrip("\n")
