"""The readings behind an incident, as people are shown them: in words, as logged, with what rules found in them."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, to_builtins

from tocsin.contract.bodies import LogEvents
from tocsin.engine.rulemarks import Matched, without_marks
from tocsin.engine.wording import worded
from tocsin.model import Incident, Level, Observation, Receipt, derived_id
from tocsin.store.accounts import Account
from tocsin.web.office import Office

LINE_CHARS_MAX = 200
"""Longest text of a message that is told in the line of a row; the row itself is whole."""

WHAT = ("event_type", "log", "program", "EventID", "type", "event")
FROM = ("src_ip", "id.orig_h", "orig_h")
TO = ("dest_ip", "id.resp_h", "resp_h")
WHERE = ("Computer", "host", "node")
SAID = ("message", "msg", "CommandLine", "query")
"""Where rows of the known formats say what happened, between whom, on which machine, and in which words."""


class Evidence(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One reading behind a contribution, in words and as it was logged; `raw` is a row of a log.

    `matched` says by which fields the rules of the contributions that cite it held.
    """

    id: str
    at: float
    source: str
    level: int
    text: str
    body: Any = None
    raw: dict[str, Any] | None = None
    lease: str = ""
    late: bool = False
    matched: tuple[Matched, ...] = ()


def evidence_shown(office: Office, incident: Incident, ids: Sequence[str], who: Account) -> list[Evidence]:
    """The readings asked for, with a receipt first where they look at more than the air: who saw what is provable."""
    found = evidence_of(office, incident, ids)
    level = max((one.level for one in found), default=0)
    if level >= Level.ANONYMOUS:
        now = office.now()
        office.ledger.append(
            Receipt(
                id=derived_id("read", incident.id, who.id, now),
                at=now,
                act="read",
                subject=incident.id,
                by=who.id,
                level=level,
                origin=incident.origin,
                detail={"readings": len(found)},
            )
        )
    return found


def evidence_of(office: Office, incident: Incident, ids: Sequence[str]) -> list[Evidence]:
    """Those of the observations that the incident cites: from the log, else from the incident's own bundle.

    Nothing that it does not cite is given: a case opens no door to other readings.
    """
    cited = rules_citing(incident)
    wanted = [name for name in ids if name in cited]
    found = office.log.find(wanted)
    if len(found) < len(wanted):
        kept = {fact.id: fact for fact in office.casebook.evidence(incident.id) if isinstance(fact, Observation)}
        found = {name: kept[_batch(name)] for name in wanted if _batch(name) in kept} | found
    return [
        _evidence(office, name, fact, cited[name])
        for name in wanted
        if isinstance(fact := found.get(name), Observation)
    ]


def rules_citing(incident: Incident) -> dict[str, tuple[str, ...]]:
    """Every observation that the incident cites, with the rules by which it does."""
    cited: dict[str, tuple[str, ...]] = {}
    for part in (part for stage in incident.stages for part in stage.contributions):
        rule = (part.rule,) if part.rule else ()
        for name in part.evidence:
            known = cited.get(name, ())
            cited[name] = known if part.rule in known else known + rule
    return cited


def _batch(name: str) -> str:
    """The observation that an evidence id is about: a row of a batch is named `<observation>+<offset>`."""
    head, plus, offset = name.rpartition("+")
    return head if plus and offset.isdecimal() else name


def _evidence(office: Office, name: str, fact: Observation[Any], rules: Sequence[str]) -> Evidence:
    row = _row(fact.body, name) if isinstance(fact.body, LogEvents) else None
    return Evidence(
        id=name,
        at=_time(row, fact.at),
        source=fact.source,
        level=int(fact.level),
        text=line_of(row) if row else worded(fact.body),
        body=None if isinstance(fact.body, LogEvents) else to_builtins(fact.body),
        raw=None if row is None else without_marks(row),
        lease=fact.lease,
        late=fact.late,
        matched=office.marks.matched(rules, fact, row) if office.marks is not None and rules else (),
    )


def _time(row: Mapping[str, Any] | None, otherwise: float) -> float:
    """When a line of a log says it happened: a batch has only the time of its newest line."""
    at = None if row is None else row.get("at")
    return float(at) if isinstance(at, int | float) else otherwise


def _row(body: LogEvents, name: str) -> dict[str, Any] | None:
    rows = dict(zip(map(str, body.offsets), body.rows, strict=False))
    return rows.get(name.rpartition("+")[2])


def line_of(row: Mapping[str, Any]) -> str:
    """A row of a log in one line: what, between whom or where, in which words.

    >>> line_of({"log": "conn", "id.orig_h": "10.0.0.7", "id.resp_h": "10.0.0.9"})
    'conn: 10.0.0.7 → 10.0.0.9'
    >>> line_of({"EventID": 4625, "Computer": "pc-7"}), line_of({"program": "sshd", "host": "door", "message": "hello"})
    ('event 4625 on pc-7', 'sshd on door: hello')
    """
    alert = row.get("alert")
    signature = alert.get("signature") if isinstance(alert, dict) else None
    what = str(signature or _first(row, WHAT) or "log line")
    if not signature and "EventID" in row:
        what = f"event {row['EventID']}"
    ends = [_first(row, FROM), _first(row, TO)]
    if any(ends):
        return f"{what}: {' → '.join(end or '?' for end in ends)}"
    where, said = _first(row, WHERE), _first(row, SAID)[:LINE_CHARS_MAX]
    return what + (f" on {where}" if where else "") + (f": {said}" if said else "")


def _first(row: Mapping[str, Any], names: Sequence[str]) -> str:
    """The first of some fields that a row has, as text; empty where it has none."""
    found = (row.get(name) for name in names)
    return str(next((one for one in found if one not in (None, "") and not isinstance(one, dict | list)), ""))
