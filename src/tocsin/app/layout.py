"""Where an installation keeps what: its city, its data, its secrets."""

import os
from pathlib import Path

from tocsin.app.config import FILE, Settings, load_settings
from tocsin.city.context import City
from tocsin.model import ConfigError, Place

DATA = "data"
"""The folder of everything that running makes: log, ledger, accounts, broker, keys."""

RULES = "rules"
"""The folder of the city's own rules, beside tocsin.yaml (or city.yaml, where there is no installation)."""


def data_of(folder: Path) -> Path:
    """The data of an installation; a folder that a replay or the demo kept is data itself."""
    return folder / DATA if (folder / FILE).is_file() else folder


def city_folder(folder: Path) -> Path:
    """The folder with city.yaml: of an installation, or the folder itself."""
    if (folder / FILE).is_file():
        return folder / load_settings(folder).city
    return folder


def city_of(folder: Path, settings: Settings) -> City:
    """The city of an installation; an empty one for data that has none beside it."""
    if (folder / FILE).is_file():
        return City.load(folder / settings.city)
    return City.empty("replay", Place(lon=0.0, lat=0.0))


def settings_of(folder: Path) -> Settings:
    """The settings of an installation; the defaults for data that has none beside it."""
    return load_settings(folder) if (folder / FILE).is_file() else Settings()


def private_of(folder: Path) -> Path:
    """The private part of the data, made where it is absent, closed to other accounts."""
    path = data_of(folder) / "private"
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def keep_secret(folder: Path, name: str, value: str) -> None:
    """Keep a named secret where only this account can read it; raises ConfigError for an empty one."""
    if not value:
        message = f"The password for {name!r} is empty: give the one that the broker knows."
        raise ConfigError(message)
    secrets = private_of(folder) / "secrets"
    secrets.mkdir(exist_ok=True, mode=0o700)
    handle = os.open(secrets / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(value)


def secrets_of(folder: Path) -> dict[str, str]:
    """The named secrets of an installation."""
    found = (data_of(folder) / "private" / "secrets").glob("*")
    return {path.name: path.read_text(encoding="utf-8").strip() for path in found}


def free_name(wanted: str, taken: "set[str] | frozenset[str]") -> str:
    """The name, or the first of name-2, name-3 … that nobody has."""
    number, name = 1, wanted
    while name in taken:
        number += 1
        name = f"{wanted}-{number}"
    return name
