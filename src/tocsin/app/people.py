"""`tocsin account` and `tocsin token`: who may sign in, and which machines may deliver."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tocsin.app.config import load_settings
from tocsin.app.layout import private_of
from tocsin.model import BadInput, ConfigError
from tocsin.store.accounts import Accounts

SCOPE = "ingest"
"""What a token is good for: delivering readings by HTTP; `ingest:NAME` allows one input alone."""


@contextmanager
def accounts_of(folder: Path) -> Iterator[Accounts]:
    """The accounts of an installation; the server may run meanwhile."""
    load_settings(folder)
    accounts = Accounts.open(private_of(folder))
    try:
        yield accounts
    finally:
        accounts.close()


def check_scopes(scopes: list[str]) -> None:
    """Refuse a scope that nothing asks for."""
    for scope in scopes:
        if scope.partition(":")[0] != SCOPE or scope.endswith(":"):
            message = f"There is no scope {scope!r}: write {SCOPE}, or {SCOPE}:NAME for one input alone."
            raise BadInput(message)


def password_in(path: Path) -> str:
    """The password in a file, without the line's end."""
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        message = f"Cannot read the password from {path}: {error.strerror}."
        raise ConfigError(message) from error
