"""Schema revisions of the store's files, in Alembic's layout: `log/` and `accounts/`."""
