"""Accounts: sign-in, lockout, sessions that end, tokens that can be revoked; nothing secret on disk."""

import pytest

from tocsin.model import BadInput, Conflict, NotFound, TooMuch
from tocsin.store.accounts import FILE, AccountLimits, Accounts

PASSWORD = "correct horse battery"
CHEAP = AccountLimits(hash_memory_kib=64, hash_passes=1, hash_lanes=1)


@pytest.fixture
def accounts(tmp_path):
    opened = Accounts.open(tmp_path, limits=CHEAP)
    yield opened
    opened.close()


@pytest.fixture
def aino(accounts):
    return accounts.add("Aino", PASSWORD, "operator", now=0.0)


def test_name_and_password_belong_together(accounts, aino):
    assert accounts.check("  AINO ", PASSWORD, 1.0) == aino
    assert accounts.check("Aino", "wrong horse battery", 1.0) is None
    assert accounts.check("Eino", PASSWORD, 1.0) is None
    assert aino.role == "operator"


def test_the_account_id_says_nothing_of_the_name(accounts, tmp_path):
    first = accounts.add("Aino", PASSWORD, "operator", now=0.0)
    accounts.remove(first.id)
    assert accounts.add("Aino", PASSWORD, "operator", now=0.0).id != first.id


def test_no_password_session_or_token_lies_on_disk(accounts, aino, tmp_path):
    session = accounts.open_session(aino, 0.0)
    _, secret = accounts.add_token("gateway", ["ingest"], 0.0)
    raw = (tmp_path / FILE).read_bytes()
    assert not any(text.encode() in raw for text in (PASSWORD, session, secret))
    assert b"$argon2id$" in raw


@pytest.mark.parametrize(
    ("name", "password", "role", "why"),
    [
        ("Eino", "short", "operator", "12 to 1024 characters"),
        ("Eino", "x" * 1025, "operator", "12 to 1024 characters"),
        ("", PASSWORD, "operator", "1 to 100 printable"),
        ("E\nino", PASSWORD, "operator", "1 to 100 printable"),
        ("Eino", PASSWORD, "king", "the roles are viewer, operator"),
    ],
)
def test_an_account_that_will_not_do_is_refused(accounts, name, password, role, why):
    with pytest.raises(BadInput, match=why):
        accounts.add(name, password, role, now=0.0)
    assert accounts.accounts() == []


def test_a_name_is_taken_once_however_it_is_written(accounts, aino):
    with pytest.raises(Conflict):
        accounts.add("ＡＩＮＯ", PASSWORD, "viewer", now=0.0)


@pytest.mark.parametrize("name", ["Aino", "nobody"])
def test_failures_lock_a_name_for_longer_and_longer_known_or_not(accounts, aino, name):
    now, waits = 100.0, []
    for _ in range(CHEAP.tries_max - 1):
        assert accounts.check(name, "wrong horse battery", now) is None
    for _ in range(6):
        assert accounts.check(name, "wrong horse battery", now) is None
        with pytest.raises(TooMuch) as locked:
            accounts.check(name, "wrong horse battery", now)
        waits.append(locked.value.retry_after_s)
        now += waits[-1]
    assert waits == [30, 60, 120, 240, 300, 300]


def test_a_locked_name_refuses_the_right_password_too_and_success_forgets_failures(accounts, aino):
    for _ in range(CHEAP.tries_max):
        accounts.check("Aino", "wrong horse battery", 0.0)
    with pytest.raises(TooMuch, match="wait 30 s"):
        accounts.check("Aino", PASSWORD, 0.0)
    assert accounts.check("Aino", PASSWORD, 30.0) == aino
    assert accounts.check("Aino", "wrong horse battery", 31.0) is None
    assert accounts.check("Aino", PASSWORD, 31.0) == aino


def test_remembered_failures_are_bounded(tmp_path):
    limits = AccountLimits(hash_memory_kib=64, hash_passes=1, hash_lanes=1, failures_max=3)
    accounts = Accounts.open(tmp_path, limits=limits)
    for number in range(8):
        accounts.check(f"guess-{number}", PASSWORD, float(number))
    assert accounts._rows("SELECT count(*) FROM failure") == [(3,)]
    accounts.check("later", PASSWORD, 1e6)
    assert accounts._rows("SELECT count(*) FROM failure") == [(1,)]
    accounts.close()


def test_a_session_lasts_while_it_is_used_but_not_for_ever(accounts, aino):
    token = accounts.open_session(aino, 0.0)
    step = CHEAP.idle_s_max - 1
    uses = [accounts.session(token, step * n) for n in range(1, 14)]
    assert uses[:12] == [aino] * 12
    assert uses[12] is None
    assert accounts.session(token, step) is None


def test_an_idle_session_ends(accounts, aino):
    token = accounts.open_session(aino, 0.0)
    assert accounts.session(token, CHEAP.idle_s_max) is None
    assert accounts.session(token, 1.0) is None


@pytest.mark.parametrize(
    "end",
    [
        lambda accounts, account, token: accounts.close_session(token),
        lambda accounts, account, token: accounts.set_role(account.id, "supervisor"),
        lambda accounts, account, token: accounts.set_password(account.id, "another horse battery"),
        lambda accounts, account, token: accounts.remove(account.id),
    ],
    ids=["closed", "role", "password", "removed"],
)
def test_a_session_ends_when_closed_or_when_the_account_changes(accounts, aino, end):
    token = accounts.open_session(aino, 0.0)
    assert accounts.session(token, 1.0) == aino
    end(accounts, aino, token)
    assert accounts.session(token, 1.0) is None


def test_a_token_that_was_never_given_is_no_session(accounts):
    assert accounts.session("no token", 1.0) is None


def test_a_changed_password_replaces_the_old(accounts, aino):
    accounts.set_password(aino.id, "another horse battery")
    assert accounts.check("Aino", PASSWORD, 0.0) is None
    assert accounts.check("Aino", "another horse battery", 0.0) == aino


def test_a_token_has_scopes_and_an_end(accounts):
    token, secret = accounts.add_token("gateway", ["ingest", "ingest", "health"], now=0.0, expires_at=10.0)
    assert accounts.token(secret, 9.0) == token
    assert token.scopes == ("health", "ingest")
    assert accounts.token(secret, 10.0) is None
    assert accounts.token("tocsin_guess", 1.0) is None


def test_a_token_can_be_revoked(accounts):
    token, secret = accounts.add_token("gateway", ["ingest"], now=0.0)
    assert accounts.tokens() == [token]
    accounts.revoke_token(token.id)
    assert accounts.token(secret, 0.0) is None
    with pytest.raises(NotFound):
        accounts.revoke_token(token.id)


def test_two_processes_share_the_file(accounts, aino, tmp_path):
    beside = Accounts.open(tmp_path, limits=CHEAP)
    beside.set_role(aino.id, "admin")
    assert accounts.account(aino.id).role == "admin"
    beside.close()


def test_an_unknown_account_is_said(accounts):
    with pytest.raises(NotFound):
        accounts.set_role("acc-x", "viewer")
