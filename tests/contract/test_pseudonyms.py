"""Names of people become tokens: the same everywhere, well-known ones stay, folders and SIDs too."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.contract.pseudonyms import Pseudonyms, treated
from tocsin.model import ConfigError

KEY = b"k" * 32
NAMES = Pseudonyms(KEY, open_names=["SYSTEM", "root"], open_folders=["Public"], open_domains=["NT SERVICE"])
ANNA = NAMES.token("anna")


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("anna", ANNA),
        ("ANNA", ANNA),
        (r"CORP\anna", rf"CORP\{ANNA}"),
        ("anna@corp.example", f"{ANNA}@corp.example"),
        ("anna,root; Anna", f"{ANNA},root; {ANNA}"),
        (r"NT AUTHORITY\SYSTEM", r"NT AUTHORITY\SYSTEM"),
        (r"NT SERVICE\MSSQL", r"NT SERVICE\MSSQL"),
        ("DOOR-7$", "DOOR-7$"),
        ("-", "-"),
        ("", ""),
    ],
)
def test_the_account_part_of_a_value_becomes_the_token_of_the_account(text, becomes):
    assert NAMES.account(text) == becomes


def test_a_mail_address_keeps_neither_name_nor_domain_but_stays_comparable():
    found = NAMES.mail("Anna Smith <anna@smith.example>")
    assert found == f"{ANNA}@{NAMES.token('smith.example')}"
    assert NAMES.mail("no address") == NAMES.token("no address")


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        (r"C:\Users\Anna\AppData\x.exe", rf"C:\Users\{ANNA}\AppData\x.exe"),
        ("/home/anna/.ssh", f"/home/{ANNA}/.ssh"),
        ("dir C:/users/anna /s", f"dir C:/users/{ANNA} /s"),
        (r"copy C:\Users\anna D:\x", rf"copy C:\Users\{ANNA} D:\x"),
        (r"C:\Users\Anna Smith\x", rf"C:\Users\{NAMES.token('anna smith')}\x"),
        (r'type "C:\Users\Anna Smith"', rf'type "C:\Users\{NAMES.token("anna smith")}"'),
        (r"C:\Users\Public\x", r"C:\Users\Public\x"),
        (r"C:\Users\*\x", r"C:\Users\*\x"),
        ("cd /root", "cd /root"),
        (r"HKU\S-1-5-21-1-2-3-1001\Run", rf"HKU\S-1-5-21-{NAMES.token('S-1-5-21-1-2-3-1001')}\Run"),
        ("S-1-5-18", "S-1-5-18"),
    ],
)
def test_the_folder_and_the_sid_of_a_person_become_tokens(text, becomes):
    assert NAMES.homes(text) == becomes
    assert NAMES.homes(becomes) == becomes


def test_a_token_depends_on_the_key():
    assert Pseudonyms(b"q" * 32).token("anna") != ANNA


def test_a_short_key_is_refused():
    with pytest.raises(ConfigError, match="16 bytes"):
        Pseudonyms(b"short")


def test_an_unknown_kind_is_refused_by_name():
    with pytest.raises(ConfigError, match="'face'"):
        NAMES.treatment("face")


@given(st.text())
def test_treating_twice_changes_nothing(text):
    once = NAMES.account(text)
    assert NAMES.account(once) == once


@given(st.recursive(st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_every_text_in_a_value_is_treated_and_nothing_else(value):
    assert treated(value, lambda text: text) == value
