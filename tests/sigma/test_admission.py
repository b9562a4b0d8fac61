"""What rules ask about a person's name is answered beside the source; the name stays there."""

import json

from tocsin.sigma.admission import Marks
from tocsin.sigma.matching import Matcher
from tocsin.sigma.reading import read
from tocsin.sigma.taxonomy import Taxonomy

MAPPING = {
    "format": "t",
    "lanes": [{"logsources": [{"product": "p"}]}],
    "fields": {"User": ["who"]},
    "personal": {"who": "account"},
}


def rules(**searches):
    documents = [
        {"title": name, "logsource": {"product": "p"}, "detection": {"s": search, "condition": "s"}}
        for name, search in searches.items()
    ]
    return read([(f"{number}.yml", json.dumps(document)) for number, document in enumerate(documents)]).rules


def admitted(some, row):
    taxonomies = {"t": Taxonomy.of(MAPPING)}
    marks = Marks(some, taxonomies).of("t", row)
    left = {name: f"#{hash(value) % 1000}" if name == "who" else value for name, value in row.items()} | {
        "~": list(marks)
    }
    return [rule.title for rule in Matcher(some, taxonomies).row("t", left)], marks


def test_rules_about_names_hold_on_tokens():
    some = rules(admin={"User|contains": "admin"}, other={"User": "x"}, not_system={"User|neq": "system"})
    assert admitted(some, {"who": "CITY\\Administrator"})[0] == ["admin", "not_system"]


def test_what_leaves_is_a_digest_and_no_name():
    some = rules(admin={"User|contains": "admin"})
    marks = admitted(some, {"who": "Administrator"})[1]
    assert marks == (some[0].condition.digest,)
    assert "dministrator" not in "".join(marks)


def test_a_token_is_present_and_equal_to_itself():
    some = rules(there={"User|exists": True}, same={"User|fieldref": "who"}, absent={"User": None})
    assert admitted(some, {"who": "ann"})[0] == ["there", "same"]


def test_a_keyword_may_stand_in_a_name_but_not_in_a_token():
    some = rules(name=["ann"], token=["#"])
    assert admitted(some, {"who": "Ann Other"})[0] == ["name"]


def test_a_format_without_names_leaves_nothing():
    plain = {name: value for name, value in MAPPING.items() if name != "personal"}
    assert Marks(rules(a={"User": "x"}), {"t": Taxonomy.of(plain)}).of("t", {"who": "x"}) == ()
    assert Marks((), {}).of("t", {"who": "x"}) == ()
