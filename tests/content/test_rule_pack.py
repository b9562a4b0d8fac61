"""The rules that ship: each loads, behaves on its events, is tagged and explained, and keeps quiet on ordinary days."""

import json
import os
from collections import Counter
from pathlib import Path
from typing import get_args
from uuid import UUID

import pytest
import yaml

from tocsin.app.ruletests import run_unit_events
from tocsin.contract.loglines import row_of
from tocsin.contract.resources import Resources, content_folder
from tocsin.contract.rule_words import TACTICS
from tocsin.contract.rulebook import EVENTS, RuleBook
from tocsin.contract.ruletexts import SHIPPED
from tocsin.formats import packets, windows
from tocsin.sigma.matching import Matcher
from tocsin.sigma.rule import Correlation, Kind, Rule
from tocsin.sigma.unit_events import read_events
from tocsin.sim.windows_events import lines

RULES = content_folder() / "sigma" / "rules"
FILES = sorted(path for path in RULES.rglob("*.yml") if not path.name.endswith(EVENTS))
DATA = Path(os.environ.get("TOCSIN_DATA", Path(__file__).parents[3] / "shared" / "data"))

AREAS = {
    "mqtt": 8,
    "cameras": 10,
    "access": 15,
    "building": 12,
    "control": 14,
    "lorawan": 4,
    "traffic": 4,
    "ticketing": 4,
    "network": 5,
    "hosts": 12,
    "mixed": 12,
}
"""How many rules that speak for themselves each area has at least."""


@pytest.fixture(scope="module")
def book():
    return RuleBook.load(Resources())


@pytest.fixture(scope="module")
def pack(book):
    return [one for one in book.every if one.path.startswith(f"{SHIPPED}rules/")]


@pytest.fixture(scope="module")
def tried():
    return run_unit_events([RULES], None)


@pytest.fixture(scope="module")
def outspoken(book, pack):
    """Matches rules over single rows that make findings of their own."""
    return Matcher([one for one in pack if isinstance(one, Rule) and not book.feeds_only(one.id)], book.taxonomies)


def data(name):
    path = DATA / name
    if not path.exists():
        reason = f"{path} is absent: set TOCSIN_DATA to the folder of recorded data"
        if os.environ.get("TOCSIN_REQUIRE_ALL") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return path


def titles(matcher, format, rows):
    return {rule.title for _, rule in matcher.rows(format, rows)}


# --- all there, all usable ---


def test_every_rule_loads(book):
    assert [one for one in book.loaded.refused if one.path.startswith(SHIPPED)] == []


def test_every_document_of_every_file_is_a_rule(pack):
    written = [document for path in FILES for document in yaml.safe_load_all(path.read_text(encoding="utf-8"))]
    assert len(pack) == len(written)


def test_every_area_of_a_city_has_its_rules(book, pack):
    told = [one for one in pack if not book.feeds_only(one.id)]
    counted = Counter(one.path.removeprefix(f"{SHIPPED}rules/").partition("/")[0] for one in told)
    assert counted.keys() == AREAS.keys()
    assert {area: count for area, count in counted.items() if count < AREAS[area]} == {}
    assert len(told) >= 100


def test_every_log_source_is_fed(book, pack):
    unfed = Matcher([one for one in pack if isinstance(one, Rule)], book.taxonomies).unfed
    assert [(one.path, one.logsource) for one in unfed] == []


def test_every_type_of_correlation_is_used(pack):
    assert {one.kind for one in pack if isinstance(one, Correlation)} == set(get_args(Kind))


def test_correlations_of_sensors_are_bound_to_a_distance(pack):
    near = [one for one in pack if isinstance(one, Correlation) and one.near_m]
    assert len(near) >= 10
    assert {one.family for one in near} == {"physical"}


# --- what is written about each ---


def test_ids_are_given_once_and_at_random(pack):
    assert len({one.id for one in pack}) == len({one.title for one in pack}) == len(pack)
    assert {UUID(one.id).version for one in pack} == {4}


def test_each_says_what_it_is_and_when_it_errs(pack):
    bare = [one.path for one in pack if len(one.description) < 20 or not one.falsepositives]
    assert bare == []
    assert [one.path for one in pack if any(len(note) < 10 for note in one.falsepositives)] == []


def test_authors_and_dates_are_given():
    written = [one for path in FILES for one in yaml.safe_load_all(path.read_text(encoding="utf-8"))]
    assert {one["author"] for one in written} == {"Tocsin"}
    assert [one["title"] for one in written if not {"date", "status", "level"} <= one.keys()] == []


def tags(rule):
    """The tactics and techniques among a rule's tags, in order."""
    named = [tag.partition(".")[2] for tag in rule.tags if tag.startswith("attack.")]
    techniques = [name.upper() for name in named if name[1:2].isdigit()]
    return [name for name in named if not name[1:2].isdigit()], techniques


def test_each_names_its_tactic(pack):
    assert [one.path for one in pack if not tags(one)[0]] == []
    assert {name for one in pack for name in tags(one)[0]} <= TACTICS


def attack_ics():
    """Techniques of ATT&CK for ICS in force, with their tactics."""
    stix = json.loads(data("attack_ics/ics-attack.json").read_text(encoding="utf-8"))["objects"]
    found = [one for one in stix if one["type"] == "attack-pattern"]
    live = [one for one in found if not one.get("revoked") and not one.get("x_mitre_deprecated")]
    return {
        one["external_references"][0]["external_id"]: {phase["phase_name"] for phase in one["kill_chain_phases"]}
        for one in live
    }


def test_techniques_exist_and_the_first_belongs_to_the_first_tactic(pack):
    known = attack_ics()
    for one in pack:
        tactics, techniques = tags(one)
        industrial = [name for name in techniques if name.startswith("T0")]
        assert set(industrial) <= known.keys(), one.path
        if techniques and techniques[0] in known:
            assert tactics[0] in known[techniques[0]], (one.path, techniques[0], known[techniques[0]])


def test_enterprise_techniques_that_we_name_have_their_tactic(pack):
    named = yaml.safe_load((content_folder() / "attack" / "attack.yaml").read_text(encoding="utf-8"))["techniques"]
    for one in pack:
        tactics, techniques = tags(one)
        if techniques and techniques[0].startswith("T1") and techniques[0] in named:
            assert named[techniques[0]][1] in tactics, one.path


# --- what each does ---


def test_every_rule_behaves_on_its_events(tried):
    assert "\n".join(line for line in tried.lines() if "tries" not in line) == ""
    assert tried.failed == 0


def test_every_rule_has_two_events_each_that_must_and_must_not_match(pack):
    by_path = {f"{SHIPPED}rules/{path.relative_to(RULES).as_posix()}": path for path in FILES}
    given = {}
    for path in FILES:
        events = path.with_name(f"{path.stem}{EVENTS[0]}")
        for one in read_events(str(events), events.read_text(encoding="utf-8")):
            given[(path, one.rule)] = (len(one.match), len(one.no_match))
    for one in pack:
        path = by_path[one.path]
        alone = sum(each.path == one.path for each in pack) == 1
        counts = [given[path, word] for word in {"" if alone else one.id, one.name, one.id} if (path, word) in given]
        assert [min(count) >= 2 for count in counts] == [True], one.title


# --- silence, and its opposite ---


def test_ordinary_office_hosts_ring_nothing(outspoken):
    rows = [windows.row_of(line) for line in lines(seed=11, count=1_500)]
    assert titles(outspoken, "windows", rows) == set()


def test_benign_hosts_of_a_recorded_network_ring_nothing(outspoken):
    written = data("zeek_labelled/008-zeek-mixed/data/conn.log.labeled").read_bytes().splitlines()
    header = "\n".join(line.decode() for line in written if line.startswith(b"#"))
    benign = [line for line in written if not line.startswith(b"#") and b"Benign" in line]
    assert len(benign) > 100
    assert titles(outspoken, "zeek", [row_of("zeek-tsv", header, line) for line in benign]) == set()


@pytest.mark.parametrize(
    ("capture", "rang"),
    [
        ("CL5000EIP-Lock_PLC_Attempt", {"Controller locked against its engineers"}),
        ("CL5000EIP-Software_Download", {"Controller stopped over EtherNet/IP"}),
        ("CL5000EIP-Software_Upload", set()),
    ],
)
def test_recorded_attacks_on_a_controller_ring_as_what_they_are(outspoken, capture, rang):
    with data(f"quickdraw/{capture}.pcap").open("rb") as file:
        made = [json.dumps(row).encode() for row in packets.rows(file)]
    rows = [row_of("zeek-json", "", line) for line in made]
    assert titles(outspoken, "zeek", rows) == rang
