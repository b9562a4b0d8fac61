"""Zeek logs: golden rows of both kinds, headers, types, no crash on any bytes."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.formats import zeek
from tocsin.model import BadInput

HEADER = r"""#separator \x09
#set_separator	,
#empty_field	(empty)
#unset_field	-
#path	dns
#fields	ts	uid	id.orig_h	query	answers	TTLs	rejected	rtt	n
#types	time	string	addr	string	vector[string]	vector[interval]	bool	interval	count"""


def row(text):
    return zeek.tsv_row(zeek.header_of(HEADER), text.encode())


def test_a_row_is_typed_by_its_header():
    assert row("5.5\tC1\t10.0.0.1\ta\\x09b\tx,y\t1.0,2.0\tT\t-\t7") == {
        "uid": "C1",
        "id.orig_h": "10.0.0.1",
        "query": "a\tb",
        "answers": ["x", "y"],
        "TTLs": [1.0, 2.0],
        "rejected": True,
        "n": 7,
        "at": 5.5,
        "log": "dns",
    }


def test_empty_is_not_unset():
    assert row("5.5\tC1\t10.0.0.1\t(empty)\t(empty)\t-\tF\t-\t-") == {
        "uid": "C1",
        "id.orig_h": "10.0.0.1",
        "query": "",
        "answers": [],
        "rejected": False,
        "at": 5.5,
        "log": "dns",
    }


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("5.5\tC1", "2 fields, its header 9"),
        ("x\tC1\th\tq\t-\t-\tT\t-\t7", "Field ts"),
        ("nan\tC1\th\tq\t-\t-\tT\t-\t7", "Field ts"),
        ("1e300\tC1\th\tq\t-\t-\tT\t-\t7", "1970 to 9999"),
        ("5.5\tC1\th\tq\t-\t-\tyes\t-\t7", "Field rejected"),
        ("5.5\tC1\th\tq\t-\t-\tT\t-\t99999999999999999999", "Field n"),
        ("-\tC1\th\tq\t-\t-\tT\t-\t7", "no time"),
    ],
)
def test_a_row_that_does_not_fit_its_header_is_refused(text, reason):
    with pytest.raises(BadInput, match=reason):
        row(text)


def test_a_log_without_fields_is_refused():
    with pytest.raises(BadInput, match="matching #fields and #types"):
        zeek.header_of("#path\tdns\n#fields\ta\tb\n#types\tstring")


def test_json_rows_take_the_name_of_the_file_unless_they_have_their_own():
    assert zeek.json_row("conn", b'{"ts":"2021-01-01T00:00:00Z","_path":"dns"}') == {"at": 1609459200.0, "log": "dns"}


@given(st.binary())
@settings(deadline=None)
def test_any_bytes_give_a_row_or_a_reason(raw):
    for read in (lambda: zeek.tsv_row(zeek.header_of(HEADER), raw), lambda: zeek.json_row("conn", raw)):
        with suppress(BadInput):
            assert read()["at"] >= 0


@given(st.text())
@settings(deadline=None)
def test_any_text_is_a_header_or_refused(text):
    with suppress(BadInput):
        assert zeek.header_of(text).fields


_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\t\n\r\\,"), min_size=1).filter(
    lambda text: text not in {"-", "(empty)"} and "\x85" not in text
)


@given(query=_TEXT, answers=st.lists(_TEXT, min_size=1), n=st.integers(0, 2**64 - 1))
@settings(deadline=None)
def test_what_was_written_is_read(query, answers, n):
    if ",".join(answers) in {"-", "(empty)"} or "-" in answers:
        return
    found = row(f"5.5\tC1\th\t{query}\t{','.join(answers)}\t-\tT\t-\t{n}")
    assert (found["query"], found["answers"], found["n"]) == (query, answers, n)
