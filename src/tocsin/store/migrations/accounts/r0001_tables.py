"""Revision 0001: accounts, sessions, failed sign-ins, API tokens."""

from alembic import op

revision = "0001"
down_revision = None

TABLES = (
    """CREATE TABLE account (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, role TEXT NOT NULL,
       password TEXT NOT NULL, created_at REAL NOT NULL)""",
    """CREATE TABLE session (hash BLOB PRIMARY KEY, account TEXT NOT NULL REFERENCES account ON DELETE CASCADE,
       opened_at REAL NOT NULL, used_at REAL NOT NULL) WITHOUT ROWID""",
    """CREATE TABLE failure (name_hash BLOB PRIMARY KEY, tries INTEGER NOT NULL, last_at REAL NOT NULL,
       locked_until REAL NOT NULL) WITHOUT ROWID""",
    """CREATE TABLE token (id TEXT PRIMARY KEY, hash BLOB NOT NULL UNIQUE, label TEXT NOT NULL, scopes TEXT NOT NULL,
       created_at REAL NOT NULL, expires_at REAL)""",
)


def upgrade() -> None:
    """Create the tables."""
    for table in TABLES:
        op.execute(table)
