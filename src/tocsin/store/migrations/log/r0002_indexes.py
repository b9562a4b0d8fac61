"""Revision 0002: indexes for what retention, the case list and the outbox ask for."""

from alembic import op

revision = "0002"
down_revision = "0001"

INDEXES = (
    "CREATE INDEX log_by_hour ON log (class, hour)",
    "CREATE INDEX spot_by_last ON spot (last)",
    "CREATE INDEX quarantine_by_at ON quarantine (at)",
    "CREATE INDEX casework_by_state ON casework (kind, state, at)",
    "CREATE INDEX casework_by_about ON casework (kind, about)",
    "CREATE INDEX outbox_by_due ON outbox (state, due_at)",
)


def upgrade() -> None:
    """Create the indexes."""
    for index in INDEXES:
        op.execute(index)
