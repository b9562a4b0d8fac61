"""Placeholders (`expand`): filled with a city's own values before anything else reads a rule."""

import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from tocsin.model import BadInput

Placeholders = Mapping[str, Sequence[str]]
"""Values by the name that stands between percent signs."""

Written: TypeAlias = Any
"""What YAML may hold."""

VALUES_MAX = 10_000
_PLACEHOLDER = re.compile(r"%([^%\\]+)%")


def filled(item: Written, placeholders: Placeholders) -> Written:
    """A detection with every `expand` worked out; raises BadInput naming a placeholder that has no values.

    >>> filled({"User|expand": "%admins%"}, {"admins": ["ann", "bob"]})
    {'User|expand': ['ann', 'bob']}
    """
    match item:
        case dict():
            return dict(_filled_pair(key, value, placeholders) for key, value in item.items())
        case list():
            return [filled(each, placeholders) for each in item]
    return item


def _filled_pair(key: str, value: Written, placeholders: Placeholders) -> tuple[str, Any]:
    if "expand" not in key.split("|")[1:]:
        return key, filled(value, placeholders)
    texts = value if isinstance(value, list) else [value]
    return key, [made for text in texts for made in _expanded(text, placeholders)]


def _expanded(text: Written, placeholders: Placeholders) -> list[Any]:
    if not isinstance(text, str) or not _PLACEHOLDER.search(text):
        return [text]
    parts = [
        [part] if odd % 2 == 0 else _values(part, placeholders) for odd, part in enumerate(_PLACEHOLDER.split(text))
    ]
    made = ["".join(choice) for choice in itertools.islice(itertools.product(*parts), VALUES_MAX + 1)]
    if len(made) > VALUES_MAX:
        raise BadInput(f"{text!r} stands for more than {VALUES_MAX} values: split it.")
    return made


def _values(name: str, placeholders: Placeholders) -> Sequence[str]:
    values = placeholders.get(name, ())
    if not values:
        raise BadInput(f"The placeholder %{name}% has no values: give them under {name!r} in the city's placeholders.")
    return [str(value) for value in values]
