"""What a member may use when it starts: the city, the content that ships with us, keys and secrets."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tocsin.model import ConfigError

if TYPE_CHECKING:
    from tocsin.city.context import City
    from tocsin.contract.ruletexts import RuleTexts

_PACKAGE = Path(__file__).resolve().parents[1]


def content_folder() -> Path:
    """Where rules, tables and cards lie: `tocsin/_content` in a wheel, `content` in a checkout.

    Raises ConfigError where neither exists.
    """
    for folder in (_PACKAGE / "_content", _PACKAGE.parents[1] / "content"):
        if folder.is_dir():
            return folder
    message = f"No content folder beside {_PACKAGE}: install the wheel again, or run from a whole checkout."
    raise ConfigError(message)


def _yaml(text: str) -> object:
    import yaml

    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        return yaml.load(text, Loader=loader)  # noqa: S506  # safe: the safe loader, in C where there is one
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


_READERS: dict[str, Callable[[str], object]] = {
    ".yaml": _yaml,
    ".toml": tomllib.loads,
    ".json": json.loads,
}


@dataclass(frozen=True, kw_only=True)
class Resources:
    """Handed to `start`: a member keeps what it needs of it and asks for nothing else later.

    `in_force` names configuration, policies and content together by one digest.
    `folder` is the installation's own (None where nothing may be written); `token_key` keys
    the pseudonyms of account names; `secrets` maps the names used in a configuration to values.
    `rules` are the texts of the rules in force (None: those of the content alone).
    """

    content: Path = field(default_factory=content_folder)
    city: City | None = None
    rules: RuleTexts | None = None
    folder: Path | None = None
    in_force: str = ""
    token_key: bytes = field(default=b"", repr=False)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)

    def document(self, name: str) -> dict[str, Any]:
        """The mapping in a YAML, TOML or JSON file of the content; raises ConfigError with its path.

        >>> Resources().document("agents/aegl.yaml")["unit"]
        'ppm'
        """
        path = self.content / name
        try:
            found = _READERS[path.suffix](path.read_text(encoding="utf-8"))
        except (OSError, KeyError, ValueError) as error:
            message = f"Cannot read {path}: {error}. Put the file back, or correct it."
            raise ConfigError(message) from error
        if not isinstance(found, dict):
            message = f"{path} must hold a mapping of names to values."
            raise ConfigError(message)
        return found

    def secret(self, name: str) -> str:
        """The secret of that name; raises ConfigError that says where to put it."""
        if name not in self.secrets:
            message = f"No secret named {name!r}: add it to the secrets of this installation."
            raise ConfigError(message)
        return self.secrets[name]
