"""Opening a store: settings are proven, one writer holds it, old files are upgraded, broken ones refused."""

import sqlite3
import stat
import subprocess
import sys

import pytest

from tests.store.material import gas
from tocsin.model import StoreError
from tocsin.store import migrate
from tocsin.store.database import HEADS, LOG_SETTINGS, assert_pages, assert_settings, bring_up_to_date, revision_of
from tocsin.store.log import FILE, EventLog


def test_the_log_runs_with_the_settings_that_its_promise_needs(log):
    found = {name: log._connection.execute(f"PRAGMA {name}").fetchone()[0] for name in LOG_SETTINGS}
    assert found == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "cell_size_check": 1,
        "secure_delete": 2,
    }


def test_a_file_that_cannot_have_the_settings_is_refused():
    with pytest.raises(StoreError, match="journal_mode=memory, needed is wal"):
        assert_settings(sqlite3.connect(":memory:"), LOG_SETTINGS)


def test_small_pages_are_refused(tmp_path):
    path = tmp_path / "small.db"
    connection = sqlite3.connect(path)
    connection.executescript("PRAGMA page_size = 512; CREATE TABLE t (a);")
    with pytest.raises(StoreError, match="pages of 512 bytes"):
        assert_pages(connection, path)


def test_two_writers_are_refused(log, tmp_path, keys):
    with pytest.raises(StoreError, match=r"being written by another Tocsin \(process \d+\)"):
        EventLog.open(tmp_path, keys)


def test_another_process_is_refused_too(log, tmp_path):
    program = (
        "import pathlib, sys; from tocsin.store.log import EventLog; from tests.store.material import SeededKeys; "
        "EventLog.open(pathlib.Path(sys.argv[1]), SeededKeys())"
    )
    ended = subprocess.run([sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "is being written by another Tocsin" in ended.stderr


def test_a_folder_is_free_again_after_closing(tmp_path, keys):
    EventLog.open(tmp_path, keys).close()
    EventLog.open(tmp_path, keys).close()


def test_nobody_else_may_read_the_file(log, tmp_path):
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


def test_something_else_is_no_store(tmp_path, keys):
    (tmp_path / FILE).write_bytes(b"this is not a database, but it is long enough to be taken for one" * 20)
    with pytest.raises(StoreError, match="is not a Tocsin store"):
        EventLog.open(tmp_path, keys)


def test_a_damaged_page_is_found_at_the_start(tmp_path, keys):
    with EventLog.open(tmp_path, keys) as log:
        log.submit([gas(seq) for seq in range(3000)]).result()
        log.write(
            lambda connection: connection.executemany(
                "INSERT INTO decided VALUES (?, 1)", ((str(n),) for n in range(9000))
            )
        )
    path = tmp_path / FILE
    raw = bytearray(path.read_bytes())
    for page in range(8, len(raw) // 4096):
        raw[page * 4096 : page * 4096 + 16] = b"\xff" * 16
    path.write_bytes(raw)
    with pytest.raises(StoreError, match=r"damaged|cannot be opened"):
        EventLog.open(tmp_path, keys)
    with pytest.raises(StoreError, match=r"damaged|cannot be opened"):  # and the lock was given back
        EventLog.open(tmp_path, keys)


@pytest.mark.parametrize("kind", sorted(HEADS))
def test_the_code_knows_the_newest_revision(kind):
    assert migrate.heads(kind) == [HEADS[kind]]


def test_a_file_of_revision_1_is_upgraded_and_keeps_its_content(tmp_path, keys):
    path = tmp_path / FILE
    migrate.upgrade(path, "log", "0001")
    old = sqlite3.connect(path)
    assert revision_of(old) == "0001"
    assert indexes(old) == set()
    old.execute("INSERT INTO decided VALUES ('kept', 7)")
    old.commit()
    with EventLog.open(tmp_path, keys) as log:
        assert log.submit([gas(1)]).result().last == 1
    assert revision_of(old) == HEADS["log"]
    assert "log_by_hour" in indexes(old)
    assert old.execute("SELECT pos FROM decided").fetchall() == [(7,)]


def test_an_upgrade_that_fails_changes_nothing(tmp_path):
    path = tmp_path / FILE
    migrate.upgrade(path, "log", "0001")
    old = sqlite3.connect(path)
    old.execute("DROP TABLE outbox")  # the last index of revision 2 cannot be made
    old.commit()
    with pytest.raises(StoreError, match="cannot be upgraded"):
        bring_up_to_date(path, "log")
    assert (revision_of(old), indexes(old)) == ("0001", set())


def test_a_file_of_a_newer_tocsin_is_refused(tmp_path):
    path = tmp_path / FILE
    bring_up_to_date(path, "log")
    newer = sqlite3.connect(path)
    newer.execute("UPDATE alembic_version SET version_num = '9999'")
    newer.commit()
    with pytest.raises(StoreError, match="newer Tocsin"):
        bring_up_to_date(path, "log")


def test_opening_a_current_file_loads_no_migration_library(tmp_path, keys):
    EventLog.open(tmp_path, keys).close()
    program = (
        "import pathlib, sys; from tocsin.store.log import EventLog; from tests.store.material import SeededKeys; "
        "EventLog.open(pathlib.Path(sys.argv[1]), SeededKeys()).close(); "
        "sys.exit('alembic' in sys.modules or 'sqlalchemy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program, tmp_path], check=False).returncode == 0


def indexes(connection):
    query = "SELECT name FROM sqlite_master WHERE type = 'index' AND name NOT LIKE 'sqlite_%'"
    return {name for (name,) in connection.execute(query)}
