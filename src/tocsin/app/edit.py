"""Small edits of commented YAML files that leave every comment where it is."""

import re
from pathlib import Path

import msgspec

from tocsin.model import ConfigError


def set_key(path: Path, key: str, value: object) -> None:
    """Give a top-level key another one-line value; raises ConfigError where the key is not at the left margin."""
    text = path.read_text(encoding="utf-8")
    line = f"{key}: {_inline(value)}"
    changed, count = re.subn(rf"(?m)^{re.escape(key)}:[^\n]*$", lambda _: line, text, count=1)
    if not count:
        message = f"{path} has no key {key!r} at the left margin: add a line `{line}` yourself."
        raise ConfigError(message)
    replace_text(path, changed)


def add_entry(path: Path, key: str, name: str, value: object) -> None:
    """Add `name: value` to the mapping under a top-level key, which may still be `{}`."""
    text = path.read_text(encoding="utf-8")
    entry = f"  {name}: {_inline(value)}"
    if re.search(rf"(?m)^{re.escape(key)}:\s*\{{\}}\s*$", text):
        changed = re.sub(rf"(?m)^{re.escape(key)}:\s*\{{\}}\s*$", lambda _: f"{key}:\n{entry}", text, count=1)
    elif re.search(rf"(?m)^{re.escape(key)}:\s*$", text):
        changed = re.sub(rf"(?m)^{re.escape(key)}:\s*$", lambda _: f"{key}:\n{entry}", text, count=1)
    else:
        message = f"{path} has no mapping {key!r} to add to: write this under it yourself:\n{entry}"
        raise ConfigError(message)
    replace_text(path, changed)


def add_row(path: Path, row: object) -> None:
    """Append one row to a file that is a list, which may still be `[]`."""
    text = path.read_text(encoding="utf-8")
    body = re.sub(r"(?m)^\[\]\s*$", "", text).rstrip("\n")
    replace_text(path, f"{body}\n- {_inline(row)}\n")


def replace_text(path: Path, text: str) -> None:
    """Write the whole file at once: a crash leaves the old one."""
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def _inline(value: object) -> str:
    """One line of YAML: JSON is YAML."""
    return msgspec.json.encode(value).decode()
