"""Brings a store file to the newest schema with Alembic; loaded only when a file is behind."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from tocsin.model import StoreError

FOLDER = Path(__file__).parent / "migrations"


def configuration(kind: str) -> Config:
    """Alembic's configuration for one kind of file: `log` or `accounts`."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("version_locations", str(FOLDER / kind))
    config.set_main_option("path_separator", "newline")
    return config


def heads(kind: str) -> list[str]:
    """The newest revisions that the migrations know."""
    return list(ScriptDirectory.from_config(configuration(kind)).get_heads())


def upgrade(path: Path, kind: str, revision: str = "head") -> None:
    """Upgrade the file in one transaction; raises StoreError for one that a newer Tocsin wrote."""
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    event.listen(engine, "connect", _leave_transactions_alone)
    event.listen(engine, "begin", _begin)
    config = configuration(kind)
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
    except (CommandError, SQLAlchemyError) as error:
        message = f"{path} cannot be upgraded ({error}). Was it written by a newer Tocsin? Install that version."
        raise StoreError(message) from error
    finally:
        engine.dispose()


def _leave_transactions_alone(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # Python's own BEGIN does not cover CREATE TABLE


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
