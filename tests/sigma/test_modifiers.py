"""Every modifier of the specification, by what it matches and what it does not."""

from base64 import b64encode

import pytest

from tocsin.sigma.matching import Matcher
from tocsin.sigma.reading import read
from tocsin.sigma.taxonomy import Taxonomy

MAPPING = {"format": "t", "lanes": [{"logsources": [{"product": "p"}]}]}
RULE = """
title: One
logsource: {product: p}
detection:
  selection:
    %s
  condition: selection
"""
WIDE = "ping".encode("utf-16le").decode()
LONG = b64encode(b"xx ping yy").decode()

CASES = [
    ("A: Evil", "eVIL", "evil2"),
    ("A: 'a*c?'", "ABBC1", "abbc"),
    (r"A: 'a\*b'", "a*b", "axb"),
    (r"A: 'a\\*b'", "a\\xb", "a*b"),
    (r"A: 'C:\Win\x'", "c:\\win\\X", "c:win"),
    ("A: '?'", "x", ""),
    ("A: ''", "", "x"),
    ("A: '*'", "", None),
    ("A: null", None, ""),
    ("A: 4688", 4688, 468),
    ("A: 4688", "4688", "04688"),
    ("A: '4688'", 4688, 4689),
    ("A: 1.5", "1.5", 1),
    ("A: 2.0", 2, 2.5),
    ("A: true", True, 1),
    ("A: false", "False", True),
    ("A: [x, y]", "Y", "z"),
    ("A|contains: bc", "aBCd", "acb"),
    ("A|startswith: ab", "ABc", "cab"),
    ("A|endswith: bc", "aBC", "bca"),
    ("A|contains|all: [a, b]", "xbxa", "xbx"),
    ("A|contains|cased: bC", "abCd", "abcd"),
    ("A|cased: bC", "bC", "bc"),
    ("A|startswith|cased: É", "Éa", "éa"),
    ("A|endswith: Ä", "hyvää", "hyva"),
    (r"A|re: '^a.c$'", "abc", "ABC"),
    (r"A|re|i: '^a.c$'", "ABC", "abbc"),
    (r"A|re|m: '^b$'", "a\nb\nc", "a\nbc"),
    (r"A|re|s: 'a.b'", "a\nb", "ab"),
    (r"A|re|startswith: 'b|c'", "cab", "abc"),
    (r"A|re|endswith: 'b|c'", "abc", "bca"),
    (r"A|re|contains: 'b.d'", "abcde", "abde"),
    ("A|cidr: 10.0.0.0/8", "10.255.1.2", "11.0.0.1"),
    ("A|cidr: 10.0.0.0/8", "::ffff:10.1.1.1", "10.1.1"),
    ("A|cidr: 'fe80::/10'", "fe80::1", "fec0::1"),
    ("A|gt: 5", 6, 5),
    ("A|gte: 5", "5", "4.9"),
    ("A|lt: 5", -1, "x"),
    ("A|lte: 5.5", 5.5, 6),
    ("A|neq: x", "y", "X"),
    ("A|contains|neq: x", "abc", "axc"),
    ("A|exists: true", "", None),
    ("A|exists: false", None, ""),
    ("A|fieldref: B", "Same", "other"),
    ("A|fieldref|contains: B", "xsamex", "sam"),
    ("A|fieldref|startswith: B", "SAMEx", "xsame"),
    ("A|fieldref|endswith: B", "xSAME", "samex"),
    ("A|windash|contains: ' -f'", "rm –f", "rm +f"),
    ("A|windash|contains: ' /f'", "rm -f", "rm f"),
    ("A|base64: ping", "cGluZw==", "cGluZx=="),
    ("A|base64offset|contains: ping", LONG, "cGlu"),
    ("A|wide|contains: ping", f"x{WIDE}", "ping"),
    ("A|utf16le|contains: ping", f"x{WIDE}", "ping"),
    ("A|utf16be|contains: ping", "ping".encode("utf-16be").decode(), WIDE),
    ("A|utf16|contains: ping", "\ufeff" + WIDE, WIDE),
    ("A|wide|base64offset|contains: ping", b64encode(WIDE.encode()).decode(), "cGluZw=="),
    ("A|minute: 30", "2026-01-05T12:30:00Z", "2026-01-05T12:31:00Z"),
    ("A|hour: 12", 1767614400, "2026-01-05 13:00:00"),
    ("A|day: 5", "2026-01-05", "2026-01-06"),
    ("A|week: 2", "2026-01-05", "2026-01-01"),
    ("A|month: 1", "2026-01-05T01:00:00+02:00", "2026-02-01"),
    ("A|year: 2026", 1767614400000, "yesterday"),
    ("A: x", ["y", "X"], ["y"]),
    ("A|contains|all: [a, b]", ["xa", "xb"], ["xa"]),
    ("A.b: 1", {"b": 1}, {"c": 1}),
    ("A.b: 1", [{"b": 2}, {"b": 1}], [{"b": 2}]),
]


def fires(detection: str, row: dict) -> bool:
    loaded = read([("one.yml", RULE % detection)])
    assert loaded.refused == ()
    return bool(Matcher(loaded.rules, {"t": Taxonomy.of(MAPPING)}).row("t", row))


@pytest.mark.parametrize(("detection", "match", "other"), CASES)
def test_a_modifier_matches_what_it_says_and_nothing_else(detection, match, other):
    assert fires(detection, {"A": match, "B": "same"})
    assert not fires(detection, {"A": other, "B": "same"})


def test_absent_is_null_and_exists_not():
    assert fires("A: null", {})
    assert fires("A|exists: false", {"A": []})
    assert not fires("A|neq: x", {"A": "x"})
    assert fires("A|neq: x", {})


KEYWORDS = [
    ("[evil, bad]", {"a": "so EVIL."}, {"a": "good"}),
    ("['e*l']", {"a": {"b": ["an evil thing"]}}, {"a": "e", "b": "l"}),
    ("[4625]", {"a": 34625}, {"a": 462}),
    ("evil", {"a": 1, "b": "evil"}, {"evil": 1}),
    ("{'|all': [one, two]}", {"a": "one", "b": "two"}, {"a": "one"}),
    ("{'|re': '^x+$'}", {"a": "xx"}, {"a": "xy"}),
    ("{'|startswith': ab}", {"a": "abc"}, {"a": "cab"}),
    ("{'|contains|cased': aB}", {"a": "caBd"}, {"a": "cabd"}),
]


@pytest.mark.parametrize(("search", "match", "other"), KEYWORDS)
def test_keywords_are_looked_for_in_every_value(search, match, other):
    loaded = read([("k.yml", RULE.replace("\n    %s", f" {search}"))])
    matcher = Matcher(loaded.rules, {"t": Taxonomy.of(MAPPING)})
    assert [matcher.row("t", row) for row in (match, other)] == [loaded.rules, ()]


CONDITIONS = [
    ("a and b", {"x": 1, "y": 1}, {"x": 1}),
    ("a or b", {"y": 1}, {}),
    ("a and not b", {"x": 1}, {"x": 1, "y": 1}),
    ("not (a or b)", {}, {"y": 1}),
    ("1 of them", {"z": 1}, {}),
    ("any of c*", {"z": 1}, {"x": 1}),
    ("all of them", {"x": 1, "y": 1, "z": 1}, {"x": 1, "y": 1}),
    ("2 of them", {"x": 1, "z": 1}, {"z": 1}),
    ("not 2 of them", {"z": 1}, {"x": 1, "z": 1}),
    ("a and (b or c1) and not (b and c1)", {"x": 1, "z": 1}, {"x": 1, "y": 1, "z": 1}),
]


@pytest.mark.parametrize(("condition", "match", "other"), CONDITIONS)
def test_conditions(condition, match, other):
    text = RULE.replace("selection:\n    %s", "a: {x: 1}\n  b: {y: 1}\n  c1: {z: 1}")
    loaded = read([("c.yml", text.replace("condition: selection", f"condition: {condition}"))])
    matcher = Matcher(loaded.rules, {"t": Taxonomy.of(MAPPING)})
    assert [matcher.row("t", row) for row in (match, other)] == [loaded.rules, ()]


def test_several_conditions_are_alternatives():
    text = RULE.replace("%s", "x: 1\n  other: {y: 1}").replace("condition: selection", "condition: [selection, other]")
    matcher = Matcher(read([("c.yml", text)]).rules, {"t": Taxonomy.of(MAPPING)})
    assert [len(matcher.row("t", row)) for row in ({"x": 1}, {"y": 1}, {})] == [1, 1, 0]
