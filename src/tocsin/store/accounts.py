"""Accounts, roles, server-side sessions, lockout and API tokens, in a file of their own."""

import secrets
import sqlite3
import threading
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from msgspec import Struct

from tocsin.model import BadInput, Conflict, NotFound, TooMuch, derived_id
from tocsin.store.database import ACCOUNT_SETTINGS, bring_up_to_date, connect, make_private

if TYPE_CHECKING:
    from argon2 import PasswordHasher

FILE = "accounts.db"
ROLES = ("viewer", "operator", "supervisor", "dpo", "admin")
"""What an account may be; what each may do is decided where it is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLimits:
    """Bounds on passwords, sessions and failures; argon2id parameters after RFC 9106 (second choice).

    After `tries_max` failures a name is locked for `lock_s_first`, doubled by every further
    failure up to `lock_s_max`: short enough that nobody can keep an operator out for long.
    `touch_s` is how seldom the use of a session is written.
    """

    password_chars_min: int = 12
    password_chars_max: int = 1024
    session_s_max: float = 12 * 3600.0
    idle_s_max: float = 3600.0
    touch_s: float = 60.0
    tries_max: int = 5
    lock_s_first: float = 30.0
    lock_s_max: float = 300.0
    failures_kept_s: float = 86_400.0
    failures_max: int = 10_000
    hash_memory_kib: int = 65_536
    hash_passes: int = 3
    hash_lanes: int = 4


class Account(Struct, frozen=True, kw_only=True):
    """A person who may sign in. `id` is pseudonymous and goes into facts and receipts, `name` never does."""

    id: str
    name: str
    role: str


class ApiToken(Struct, frozen=True, kw_only=True):
    """What a machine may do with its token; the secret itself is not kept."""

    id: str
    label: str
    scopes: tuple[str, ...]
    created_at: float
    expires_at: float | None = None


class Accounts:
    """The file of accounts. Several processes may use it: the server, and the command line beside it."""

    def __init__(self, connection: sqlite3.Connection, limits: AccountLimits) -> None:
        """Use `open`."""
        self._connection = connection
        self._limits = limits
        self._guard = threading.RLock()
        self._hasher: PasswordHasher | None = None
        self._decoy = ""

    @classmethod
    def open(cls, folder: Path, *, limits: AccountLimits | None = None) -> Self:
        """Open or create the accounts of a folder; raises StoreError where that cannot be."""
        path = make_private(folder, FILE)
        bring_up_to_date(path, "accounts")
        return cls(connect(path, ACCOUNT_SETTINGS), limits or AccountLimits())

    def close(self) -> None:
        """Give the file back."""
        self._connection.close()

    def add(self, name: str, password: str, role: str, now: float) -> Account:
        """A new account; raises BadInput for a name, password or role that will not do, Conflict for a taken name."""
        account = Account(id=derived_id("acc", secrets.token_hex(16)), name=_normal(name), role=_known(role))
        row = (account.id, account.name, account.role, self._hash(password), now)
        try:
            with self._transaction() as connection:
                connection.execute("INSERT INTO account VALUES (?, ?, ?, ?, ?)", row)
        except sqlite3.IntegrityError as error:
            message = "That name is taken: choose another, or change the password of the account that has it."
            raise Conflict(message) from error
        return account

    def accounts(self) -> list[Account]:
        """All accounts, by name."""
        rows = self._rows("SELECT id, name, role FROM account ORDER BY name")
        return [Account(id=row[0], name=row[1], role=row[2]) for row in rows]

    def account(self, id: str) -> Account:
        """One account by its pseudonymous id; raises NotFound."""
        rows = self._rows("SELECT id, name, role FROM account WHERE id = ?", id)
        if not rows:
            message = f"There is no account {id!r}: list the accounts to see which there are."
            raise NotFound(message)
        return Account(id=rows[0][0], name=rows[0][1], role=rows[0][2])

    def set_password(self, id: str, password: str) -> None:
        """A new password; closes all sessions of the account."""
        hashed = self._hash(password)
        self._change_account(id, "UPDATE account SET password = ? WHERE id = ?", hashed)

    def set_role(self, id: str, role: str) -> None:
        """A new role; closes all sessions of the account."""
        self._change_account(id, "UPDATE account SET role = ? WHERE id = ?", _known(role))

    def remove(self, id: str) -> None:
        """Delete an account and its sessions; facts keep its pseudonymous id."""
        self.account(id)
        self._do("DELETE FROM account WHERE id = ?", id)

    def check(self, name: str, password: str, now: float) -> Account | None:
        """The account, or None where name and password do not belong together.

        Raises TooMuch while the name is locked. Unknown names take as long, and are locked
        alike, so neither tells which names exist.
        """
        normal = _normal(name)
        self._assert_unlocked(normal, now)
        rows = self._rows("SELECT id, role, password FROM account WHERE name = ?", normal)
        hashed = rows[0][2] if rows else self._decoy_hash()
        if not self._matches(hashed, password[: self._limits.password_chars_max]) or not rows:
            self._count_failure(normal, now)
            return None
        self._do("DELETE FROM failure WHERE name_hash = ?", _digest(normal))
        return Account(id=rows[0][0], name=normal, role=rows[0][1])

    def open_session(self, account: Account, now: float) -> str:
        """A new session's token, for the cookie: 256 random bits, of which only a hash is kept."""
        token = secrets.token_urlsafe(32)
        over = (now - self._limits.session_s_max, now - self._limits.idle_s_max)
        with self._transaction() as connection:
            connection.execute("DELETE FROM session WHERE opened_at <= ? OR used_at <= ?", over)
            connection.execute("INSERT INTO session VALUES (?, ?, ?, ?)", (_digest(token), account.id, now, now))
        return token

    def session(self, token: str, now: float) -> Account | None:
        """Whose session this is; None once it is closed, over (`session_s_max`) or idle (`idle_s_max`)."""
        rows = self._rows(_SESSION, _digest(token))
        if not rows:
            return None
        account, name, role, opened_at, used_at = rows[0]
        if now >= min(opened_at + self._limits.session_s_max, used_at + self._limits.idle_s_max):
            self.close_session(token)
            return None
        if now - used_at >= self._limits.touch_s:
            self._do("UPDATE session SET used_at = max(used_at, ?) WHERE hash = ?", now, _digest(token))
        return Account(id=account, name=name, role=role)

    def close_session(self, token: str) -> None:
        """End a session; a token that is none is no error."""
        self._do("DELETE FROM session WHERE hash = ?", _digest(token))

    def add_token(
        self, label: str, scopes: Iterable[str], now: float, expires_at: float | None = None
    ) -> tuple[ApiToken, str]:
        """A token for a machine, and its secret, which is shown once and never again."""
        secret = f"tocsin_{secrets.token_urlsafe(32)}"
        token = ApiToken(
            id=derived_id("tok", secrets.token_hex(16)),
            label=label,
            scopes=tuple(sorted(set(scopes))),
            created_at=now,
            expires_at=expires_at,
        )
        row = (token.id, _digest(secret), label, " ".join(token.scopes), now, expires_at)
        self._do("INSERT INTO token VALUES (?, ?, ?, ?, ?, ?)", *row)
        return token, secret

    def token(self, secret: str, now: float) -> ApiToken | None:
        """What a secret allows; None for one that is unknown, revoked or expired."""
        rows = self._rows(_TOKENS + " WHERE hash = ?", _digest(secret))
        if not rows or (rows[0][4] is not None and now >= rows[0][4]):
            return None
        return _token(rows[0])

    def tokens(self) -> list[ApiToken]:
        """All tokens, oldest first."""
        return [_token(row) for row in self._rows(_TOKENS + " ORDER BY created_at, id")]

    def revoke_token(self, id: str) -> None:
        """End a token at once; raises NotFound."""
        if not self._do("DELETE FROM token WHERE id = ?", id):
            message = f"There is no token {id!r}: list the tokens to see which there are."
            raise NotFound(message)

    def _assert_unlocked(self, name: str, now: float) -> None:
        rows = self._rows("SELECT locked_until FROM failure WHERE name_hash = ?", _digest(name))
        if rows and now < rows[0][0]:
            wait_s = rows[0][0] - now
            message = f"Too many failed sign-ins: wait {wait_s:.0f} s, then try again."
            raise TooMuch(message, retry_after_s=wait_s)

    def _count_failure(self, name: str, now: float) -> None:
        limits = self._limits
        with self._transaction() as connection:
            connection.execute("DELETE FROM failure WHERE last_at <= ?", (now - limits.failures_kept_s,))
            row = connection.execute("SELECT tries FROM failure WHERE name_hash = ?", (_digest(name),)).fetchone()
            tries = (row[0] if row else 0) + 1
            over = tries - limits.tries_max
            lock_s = min(limits.lock_s_max, limits.lock_s_first * 2.0 ** min(over, 60)) if over >= 0 else 0.0
            connection.execute(
                "INSERT OR REPLACE INTO failure VALUES (?, ?, ?, ?)", (_digest(name), tries, now, now + lock_s)
            )
            connection.execute(_FORGET_FAILURES, (limits.failures_max,))

    def _change_account(self, id: str, update: str, value: str) -> None:
        self.account(id)
        with self._transaction() as connection:
            connection.execute(update, (value, id))
            connection.execute("DELETE FROM session WHERE account = ?", (id,))

    def _hash(self, password: str) -> str:
        limits = self._limits
        if not limits.password_chars_min <= len(password) <= limits.password_chars_max:
            message = f"A password has {limits.password_chars_min} to {limits.password_chars_max} characters."
            raise BadInput(message)
        return self._argon2().hash(password)

    def _matches(self, hashed: str, password: str) -> bool:
        from argon2.exceptions import InvalidHashError, VerificationError

        try:
            return self._argon2().verify(hashed, password)
        except (VerificationError, InvalidHashError, UnicodeEncodeError):
            return False

    def _decoy_hash(self) -> str:
        """What the password of an unknown name is checked against, so that the answer takes as long."""
        if not self._decoy:
            self._decoy = self._argon2().hash(secrets.token_hex(16))
        return self._decoy

    def _argon2(self) -> "PasswordHasher":
        if self._hasher is None:
            from argon2 import PasswordHasher

            limits = self._limits
            self._hasher = PasswordHasher(limits.hash_passes, limits.hash_memory_kib, limits.hash_lanes)
        return self._hasher

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._guard:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def _do(self, statement: str, *values: object) -> int:
        with self._transaction() as connection:
            return connection.execute(statement, values).rowcount

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self._guard:
            return self._connection.execute(query, values).fetchall()


def _normal(name: str) -> str:
    """One spelling per name (NFKC, case folded); raises BadInput for one that is empty, long or unprintable."""
    normal = unicodedata.normalize("NFKC", name).strip().casefold()
    if not 0 < len(normal) <= 100 or not normal.isprintable():
        message = "A name has 1 to 100 printable characters."
        raise BadInput(message)
    return normal


def _known(role: str) -> str:
    if role not in ROLES:
        message = f"There is no role {role!r}: the roles are {', '.join(ROLES)}."
        raise BadInput(message)
    return role


def _digest(text: str) -> bytes:
    return sha256(text.encode(errors="surrogatepass")).digest()


def _token(row: tuple[Any, ...]) -> ApiToken:
    key, label, scopes, created_at, expires_at = row
    return ApiToken(id=key, label=label, scopes=tuple(scopes.split()), created_at=created_at, expires_at=expires_at)


_SESSION = """SELECT account.id, account.name, account.role, session.opened_at, session.used_at
    FROM session JOIN account ON account.id = session.account WHERE session.hash = ?"""
_TOKENS = "SELECT id, label, scopes, created_at, expires_at FROM token"
_FORGET_FAILURES = """DELETE FROM failure WHERE name_hash IN
    (SELECT name_hash FROM failure ORDER BY last_at DESC LIMIT -1 OFFSET ?)"""
