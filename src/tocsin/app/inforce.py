"""What is in force: digests of city, policies, content and settings, so that an incident can name them."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from tocsin.app.config import Settings
from tocsin.city.context import City
from tocsin.contract.ruletexts import RuleTexts
from tocsin.gate.policy import Policies
from tocsin.model import Change, Origin, digest

READ = ("agents", "cameras", "cards", "fusion", "mappings", "models", "warnings")
"""Folders of the content that decide what is found, how it weighs and what is said of it."""


def in_force(city: City, policies: Policies, settings: Settings, content: Path, rules: RuleTexts) -> dict[str, str]:
    """A digest per part; equal digests mean equal content."""
    files = sorted(path for folder in READ for path in (content / folder).rglob("*") if path.is_file())
    told = b"\x1f".join(f"{path.relative_to(content)}".encode() + b"\x1e" + path.read_bytes() for path in files)
    return {
        "city": city.digest,
        "policies": policies.digest,
        "content": digest(told),
        "rules": rules.digest,
        "settings": digest(msgspec.json.encode(settings, order="sorted")),
    }


def together(parts: Mapping[str, str]) -> str:
    """One digest that names all of them."""
    return digest(" ".join(f"{name}={value}" for name, value in sorted(parts.items())).encode())


def changes(parts: Mapping[str, str], at: float, origin: Origin) -> list[Change]:
    """The facts that say so in the log."""
    return [Change(at=at, origin=origin, what=name, digest=value, by="start") for name, value in sorted(parts.items())]
