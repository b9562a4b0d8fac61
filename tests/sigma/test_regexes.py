"""No regular expression runs away: linear, or proven small, or refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.model import BadInput
from tocsin.sigma.regexes import TEXT_CHARS_MAX, bounded, is_linear, required

CATASTROPHIC = [
    r"(?=x)(a+)+$",
    r"(?=x)(a|aa)+$",
    r"(?!x)(.*a){20}",
    r"(?=x)(\w*\s*)*!",
    r"(?=.*a)(.*).*(.*)$",
    r"(a*)\1\1(b*)(c*)d",
    r"(?<=x)\d+\d+\d+$",
    r"(?=x)(?:a{1,200}){1,200}b",
    r"(?=(a+)+b)",
]


@pytest.mark.parametrize("pattern", CATASTROPHIC)
def test_what_cannot_be_bounded_is_refused_with_its_reason(pattern):
    with pytest.raises(BadInput, match="cannot be bounded"):
        bounded(pattern)


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", r"(\w*\s*)*!", "(.*a){20}"])
def test_what_is_linear_runs_on_any_text(pattern):
    assert is_linear(pattern)
    assert bounded(pattern)("a" * 1_000_000 + "!") in {True, False}


LOOKING = [
    (r"a(?!b)", "ac", "ab"),
    (r"(?<!x)y", "zy", "xy"),
    (r"(\w)\1", "abb", "aba"),
    (r"^(?=.*a)(?=.*b)", "xbya", "xb"),
]


@pytest.mark.parametrize(("pattern", "match", "other"), LOOKING)
def test_small_lookaround_and_backreferences_work(pattern, match, other):
    assert not is_linear(pattern)
    assert (bounded(pattern)(match), bounded(pattern)(other)) == (True, False)


def test_a_backtracking_expression_sees_the_start_of_a_text():
    assert bounded(r"a(?!b)")("x" * (TEXT_CHARS_MAX - 1) + "a")
    assert not bounded(r"a(?!b)")("x" * TEXT_CHARS_MAX + "a")


@pytest.mark.parametrize("pattern", ["a(", "[", "(?P<a>x", "a{2,1}", "\\"])
def test_a_broken_expression_is_refused(pattern):
    with pytest.raises(BadInput):
        bounded(pattern)


PARTS = st.sampled_from(
    [
        "abc",
        "abd",
        "[abc]",
        ".",
        "a?",
        "(?:abc|bcd)",
        "(?i:abs)",
        "b+",
        r"\.",
        "(abc)?",
        "(abc){2}",
        "^",
        "$",
        "sss",
        "`",
    ]
)
TEXTS = st.text("abcdsſiIıABS.`", max_size=12)


@given(st.lists(PARTS, min_size=1, max_size=4).map("".join), st.sampled_from(["", "i", "s"]), TEXTS)
def test_what_is_required_stands_in_all_that_matches(pattern, flags, text):
    texts = required(pattern, flags)
    if texts and bounded(pattern, flags)(text):
        assert any(each in text.lower() for each in texts)
