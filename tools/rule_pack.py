"""The reference page of the rules that ship: every rule with its log source, level, ATT&CK and false positives."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tocsin.sigma.rule import Correlation, Rule

AREAS = {
    "mqtt": "MQTT brokers",
    "cameras": "Cameras and recorders",
    "access": "Access control and alarm panels",
    "building": "Building automation",
    "control": "Control systems",
    "lorawan": "LoRaWAN and radio gateways",
    "traffic": "Traffic signals",
    "ticketing": "Ticketing",
    "network": "Network",
    "hosts": "Hosts of a control room",
    "mixed": "Physical and mixed",
}
"""The folders of `content/sigma/rules`, and what people call them."""

OPENING = """# The rules that ship

Written for what a city has, in Sigma 2.1; the files lie in `content/sigma/rules`, beside each its unit events
(`tocsin sigma test content/sigma/rules`). A city's own rules go first: copy one into the folder `rules` of your
installation under the same id, and change it. A rule marked *part* makes no finding of its own: it only counts
together with others. Correlations say what they count; *near* is the greatest distance between their events.

Levels weigh: informational and low are events, which open no incident by themselves. Names of devices in rules about
sensors (*validator*, *cabinet*, *tamper*, *forced*) are those that you give them.
"""

MEASURED = """## How often they ring while nothing happens

Back-tested as they are written here, with `tocsin sigma backtest content/sigma/rules --log FILE…`:

| history | events | rang |
|---|---|---|
| half an hour of made-up Windows and Sysmon events of 200 office hosts | 40,000 | nothing |
| a laboratory network over a day (connections, HTTP, TLS) | 6,622 | *File sent by TFTP*: 6 hits, all by attackers |
| an attacked host over seven hours (twelve logs) | 2,660 | *Program for small devices fetched …* once: a true one |
| a smart lamp (capture) | 8 | nothing |
| three quiet hours of the simulated city (`tocsin evaluate false-alarms --seed 1000-1002`) | | nothing, no incident |

And on four recorded attacks on a controller, the lock, the download and the change of protocol ring as what they are;
a mere upload rings nothing here, since reading is what stations do all day (`cyber.controller` tells it).
What this cannot say: rules about alarm panels, doors, radio and building automation have had no recorded history to
be tried on. Back-test them on your own before you rely on them, and save what was counted (`--save`).
"""


def page(note: str) -> str:
    """The whole page; `note` is the line that says how it was made."""
    from tocsin.contract.resources import Resources
    from tocsin.contract.rulebook import RuleBook
    from tocsin.contract.ruletexts import SHIPPED

    book = RuleBook.load(Resources())
    ours = [one for one in book.every if one.path.startswith(f"{SHIPPED}rules/")]
    by_area: dict[str, list[Rule | Correlation]] = {area: [] for area in AREAS}
    for one in sorted(ours, key=lambda one: (one.path, one.line)):
        by_area[one.path.removeprefix(f"{SHIPPED}rules/").partition("/")[0]].append(one)
    parts = {one.id for one in ours if book.feeds_only(one.id)}
    lines = [OPENING, *_counts(by_area, parts), MEASURED]
    for area, rules in by_area.items():
        lines += [f"## {AREAS[area]}", "", *_rows(rules, parts, _sources(ours)), ""]
    return "\n".join([*lines, note, ""])


def _counts(by_area: Mapping[str, Sequence[Any]], parts: set[str]) -> Iterator[str]:
    yield "| area | rules | of these correlations | parts |"
    yield "|---|---|---|---|"
    total: Counter[str] = Counter()
    for area, rules in by_area.items():
        told = [one for one in rules if one.id not in parts]
        row = {"rules": len(told), "correlations": sum(hasattr(one, "kind") for one in told)}
        row["parts"] = len(rules) - len(told)
        total.update(row)
        yield f"| [{AREAS[area]}](#{_anchor(AREAS[area])}) | {row['rules']} | {row['correlations']} | {row['parts']} |"
    yield f"| all | {total['rules']} | {total['correlations']} | {total['parts']} |"
    yield ""


def _anchor(head: str) -> str:
    return head.lower().replace(" ", "-")


def _sources(rules: Sequence[Any]) -> dict[str, str]:
    """What a rule looks at, by id and by name: its log source, or for a correlation those of its rules."""
    found: dict[str, str] = {}
    for one in rules:
        if not hasattr(one, "kind"):
            text = " ".join(filter(None, (one.logsource.product, one.logsource.category, one.logsource.service)))
            found |= {one.id: text, one.name or one.id: text}
    for one in rules:
        if hasattr(one, "kind"):
            named = ", ".join(dict.fromkeys(found[name] for name in one.rules if name in found))
            near = f", near {one.near_m:g} m" if one.near_m else ""
            found |= {one.id: f"{one.kind.replace('_', ' ')} in {_span(one.timespan_s)}{near}: {named}"}
    return found


def _span(seconds: float) -> str:
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"


def _rows(rules: Sequence[Any], parts: set[str], sources: Mapping[str, str]) -> Iterator[str]:
    yield "| rule | looks at | level | ATT&CK | false positives |"
    yield "|---|---|---|---|---|"
    for one in rules:
        level = f"{one.level} (*part*)" if one.id in parts else one.level
        techniques = [tag.partition(".")[2].upper() for tag in one.tags if tag.startswith("attack.t")]
        attack = ", ".join(each for each in techniques if each[1:2].isdigit()) or "none"
        cells = (one.title, sources[one.id], level, attack, " ".join(one.falsepositives))
        yield "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"
