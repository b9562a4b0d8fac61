"""Revision 0001: the event log, its ranges and index, snapshots, quarantine, cases, evidence, outbox."""

from alembic import op

revision = "0001"
down_revision = None

TABLES = (
    # one row holds what a batch (positions batch..batch_last) has of one retention class: `count` of first..last
    """CREATE TABLE log (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, count INTEGER NOT NULL,
       batch INTEGER NOT NULL, batch_last INTEGER NOT NULL, class TEXT NOT NULL, hour INTEGER NOT NULL,
       sealed BLOB NOT NULL)""",
    "CREATE TABLE position (one INTEGER PRIMARY KEY CHECK (one = 1), last INTEGER NOT NULL, indexed INTEGER NOT NULL)",
    "INSERT INTO position VALUES (1, 0, 0)",
    "CREATE TABLE kept (class TEXT PRIMARY KEY, hour_min INTEGER NOT NULL)",
    # a stream is one numbering of one source; `closed_to` is the end of the last gap that was closed
    """CREATE TABLE stream (id INTEGER PRIMARY KEY, source TEXT NOT NULL, boot TEXT NOT NULL,
       closed_to INTEGER, UNIQUE (source, boot))""",
    """CREATE TABLE seen (stream INTEGER NOT NULL REFERENCES stream, lo INTEGER NOT NULL, hi INTEGER NOT NULL,
       PRIMARY KEY (stream, lo)) WITHOUT ROWID""",
    "CREATE TABLE decided (id TEXT PRIMARY KEY, pos INTEGER NOT NULL) WITHOUT ROWID",
    # in which rows of the log the numbers lo..hi of a stream lie
    """CREATE TABLE spot (stream INTEGER NOT NULL REFERENCES stream, lo INTEGER NOT NULL, hi INTEGER NOT NULL,
       last INTEGER NOT NULL, rows BLOB NOT NULL, PRIMARY KEY (stream, lo)) WITHOUT ROWID""",
    "CREATE TABLE resume (source TEXT PRIMARY KEY, sealed BLOB NOT NULL) WITHOUT ROWID",
    "CREATE TABLE snapshot (stage TEXT NOT NULL, key TEXT NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (stage, key))",
    "CREATE TABLE snapshot_at (one INTEGER PRIMARY KEY CHECK (one = 1), pos INTEGER NOT NULL)",
    """CREATE TABLE quarantine (id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, source TEXT NOT NULL,
       reason TEXT NOT NULL, size INTEGER NOT NULL, hour INTEGER NOT NULL, sealed BLOB NOT NULL)""",
    "CREATE TABLE quarantine_count (reason TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE quarantine_dropped (one INTEGER PRIMARY KEY CHECK (one = 1), count INTEGER NOT NULL)",
    "INSERT INTO quarantine_dropped VALUES (1, 0)",
    """CREATE TABLE casework (kind TEXT NOT NULL, id TEXT NOT NULL, rev INTEGER NOT NULL, at REAL NOT NULL,
       hour INTEGER NOT NULL, about TEXT NOT NULL, state TEXT NOT NULL, sealed BLOB NOT NULL,
       PRIMARY KEY (kind, id))""",
    """CREATE TABLE revision (incident TEXT NOT NULL, rev INTEGER NOT NULL, hour INTEGER NOT NULL,
       sealed BLOB NOT NULL, PRIMARY KEY (incident, rev))""",
    """CREATE TABLE evidence (incident TEXT NOT NULL, id TEXT NOT NULL, at REAL NOT NULL, hour INTEGER NOT NULL,
       sealed BLOB NOT NULL, PRIMARY KEY (incident, id))""",
    """CREATE TABLE outbox (id TEXT PRIMARY KEY, at REAL NOT NULL, hour INTEGER NOT NULL, state TEXT NOT NULL,
       tries INTEGER NOT NULL, due_at REAL NOT NULL, why TEXT NOT NULL, sealed BLOB)""",
)


def upgrade() -> None:
    """Create the tables."""
    for table in TABLES:
        op.execute(table)
