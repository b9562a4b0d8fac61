"""What Alembic runs to apply revisions on the connection that `tocsin.store.migrate` hands over."""

from alembic import context


def run() -> None:
    """Apply the wanted revisions within the caller's transaction."""
    context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()


if __name__ == "env_py":  # the name under which Alembic loads this file; importing it otherwise does nothing
    run()
