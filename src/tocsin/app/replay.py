"""`tocsin replay`: recorded files through the whole flow, told as text or NDJSON."""

import contextlib
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from tocsin.app.config import Settings
from tocsin.app.house import House, open_house, settled
from tocsin.city.context import City
from tocsin.contract.walk import configured, member_of
from tocsin.engine.rerun import Rerun
from tocsin.model import Fact, Finding, Incident, Origin, Place, SourceState

SETTLE_S = 300.0
"""Event time given after the end of a recording for what is still deciding."""


@dataclass
class Concluded:
    """The newest form of everything that a replay concluded."""

    findings: dict[str, Finding] = field(default_factory=dict)
    incidents: dict[str, Incident] = field(default_factory=dict)

    def take(self, fact: Fact) -> None:
        """Keep a finding with all its evidence so far, an incident at its newest revision."""
        match fact:
            case Finding():
                known = self.findings.get(fact.id)
                ids = dict.fromkeys((*(known.evidence if known else ()), *fact.evidence))
                self.findings[fact.id] = replace(fact, evidence=tuple(ids))
            case Incident():
                self.incidents[fact.id] = fact

    def left_out(self) -> list[Finding]:
        """Findings that are part of no incident."""
        used = {part.id for one in self.incidents.values() for stage in one.stages for part in stage.contributions}
        return [finding for finding in self.findings.values() if finding.id not in used]


def replay_files(
    files: Sequence[Path], *, as_json: bool, city: Path | None, out: Path | None, rules: Path | None = None
) -> int:
    """Replay the files in order and print what was concluded, what was left out, and the counts.

    `rules` is the folder of the city's own rules, where it has one.
    """
    place = City.load(city) if city is not None else City.empty("replay", Place(lon=0.0, lat=0.0))
    settings = Settings(origin=Origin.REPLAY, newcomers=SourceState.IN_SERVICE)
    with _folder(out) as folder:
        house = settled(open_house(folder, settings, place, recorded=True, rules=rules))
        rerun = Rerun(house.flow)
        try:
            concluded = run(rerun, files, house)
            rows = [*_rows(concluded), {"type": "counts", **_counts(house)}]
        finally:
            house.close(rerun.now)
    (_print_json if as_json else _print_text)(rows)
    return 0


def run(rerun: Rerun, files: Sequence[Path], house: House) -> Concluded:
    """Drive every file through the flow of a house."""
    concluded = Concluded()
    for path in files:
        source = configured(member_of("sources", "replay"), {"paths": [str(path)]})
        for fact in rerun.run(source.start(house.resources), "replay"):
            concluded.take(fact)
    for fact in rerun.settle(SETTLE_S):
        concluded.take(fact)
    return concluded


@contextlib.contextmanager
def _folder(out: Path | None) -> Iterator[Path]:
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        yield out
        return
    with tempfile.TemporaryDirectory(prefix="tocsin-replay-") as made:
        yield Path(made)


def _rows(concluded: Concluded) -> list[dict[str, Any]]:
    rows = [msgspec.to_builtins(fact) for fact in (*concluded.findings.values(), *concluded.incidents.values())]
    return rows + [
        {
            "type": "left-out",
            "finding": finding.id,
            "evidence": list(finding.evidence),
            "because": f"Too weak for an incident: {finding.because}",
        }
        for finding in concluded.left_out()
    ]


def _counts(house: House) -> dict[str, Any]:
    counts = house.flow.counts
    return {
        "accepted": counts.accepted,
        "rejected": counts.rejected,
        "duplicates": counts.duplicates,
        "staged": counts.staged,
        "stored": house.log.last_pos,
        "quarantine": house.quarantine.count_by_reason(),
        "ledger": house.ledger.size,
    }


def _print_json(rows: Sequence[dict[str, Any]]) -> None:
    for row in rows:
        sys.stdout.buffer.write(msgspec.json.encode(row, order="sorted") + b"\n")
    sys.stdout.buffer.flush()


def _print_text(rows: Sequence[dict[str, Any]]) -> None:
    for row in rows:
        if row["type"] == "incident":
            _print_incident(row)
    findings = sum(row["type"] == "finding" for row in rows)
    incidents = sum(row["type"] == "incident" for row in rows)
    counts = rows[-1]
    print(f"{counts['accepted']} accepted, {counts['rejected']} rejected, {counts['duplicates']} doubled.")
    print(f"{findings} findings became {incidents} incidents; --json tells all of them.")
    for reason, count in counts["quarantine"].items():
        print(f"  quarantined {count}: {reason}")


def _print_incident(row: dict[str, Any]) -> None:
    since = datetime.fromtimestamp(row["since"], UTC)
    print(f"P{row['priority']} {row['title']}  [{row['id']}]")
    print(f"   since {since:%Y-%m-%d %H:%M:%S} UTC · {row['score_label']}: {row['score']:.2f} · {row['state']}")
    print(f"   {row['sentence']}")
    for stage in row["stages"]:
        print(f"   {stage['title']}: {stage['log_odds']:+.2f} nats")
        for part in stage["contributions"]:
            note = f"  ({part['note']})" if part.get("note") else ""
            print(f"     {part['nats']:+6.2f}  {part['because']} [{part['weight']['basis']}]{note}")
    print()
