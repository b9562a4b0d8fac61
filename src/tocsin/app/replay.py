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
from tocsin.app.footage import KIND, camera_named, clip_input, is_clip
from tocsin.app.house import House, open_house, settled
from tocsin.city.context import City
from tocsin.contract.walk import configured, member_of
from tocsin.engine.rerun import Rerun
from tocsin.model import Fact, Finding, Incident, Origin, Place, SourceState

SETTLE_S = 300.0
"""Event time given after the end of a recording for what is still deciding."""

LISTED_MAX = 20
"""Most findings without an incident that are printed as text; JSON has them all."""


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


@dataclass(frozen=True, kw_only=True)
class Order:
    """What shall be replayed, and how: `rules` is the folder of the city's own rules, where it has one.

    Clips are looked at as the camera named `camera` (else one named for the file), `frames_per_s` times a
    second; `annotated` is where the masked video with boxes and findings goes.
    """

    files: Sequence[Path]
    city: Path | None = None
    out: Path | None = None
    rules: Path | None = None
    camera: str = ""
    frames_per_s: float = 5.0
    annotated: Path | None = None

    def camera_of(self, clip: Path) -> str:
        """The camera as which a clip is looked at."""
        return self.camera or clip.stem


def replay_files(order: Order, *, as_json: bool) -> int:
    """Replay the files in order and print what was concluded, what was left out, and the counts."""
    place = City.load(order.city) if order.city is not None else City.empty("replay", Place(lon=0.0, lat=0.0))
    clips = [path for path in order.files if is_clip(path)]
    for path in clips:
        place = camera_named(place, order.camera_of(path))
    with _folder(order.out) as folder:
        opened = open_house(folder, _settings(order), place, recorded=True, pictures=bool(clips), rules=order.rules)
        house = settled(opened)
        rerun = Rerun(house.flow)
        try:
            with _annotating(order, house):
                concluded = run(rerun, order, house)
            rows = [*_rows(concluded), {"type": "counts", **_counts(house)}]
        finally:
            house.close(rerun.now)
    (_print_json if as_json else _print_text)(rows)
    return 0


def _settings(order: Order) -> Settings:
    """As shipped, with every source accepted; an annotated video gets every picture that is looked at."""
    every = {"vision.masking": {"pictures_per_s": order.frames_per_s}} if order.annotated is not None else {}
    return Settings(origin=Origin.REPLAY, newcomers=SourceState.IN_SERVICE, members=every)


@contextlib.contextmanager
def _annotating(order: Order, house: House) -> Iterator[None]:
    """Meanwhile, masked pictures and what is found in them go into a video."""
    if order.annotated is None:
        yield
        return
    from tocsin.app.annotating import Annotator

    annotator = Annotator(order.annotated)
    house.flow.show(annotator.take)
    house.flow.listen(annotator)
    try:
        yield
    finally:
        annotator.close()


def run(rerun: Rerun, order: Order, house: House) -> Concluded:
    """Drive every file through the flow of a house."""
    concluded = Concluded()
    for path in order.files:
        kind, parameters = _input(path, order)
        source = configured(member_of("sources", kind), parameters)
        for fact in rerun.run(source.start(house.resources), kind):
            concluded.take(fact)
    for fact in rerun.settle(SETTLE_S):
        concluded.take(fact)
    return concluded


def _input(path: Path, order: Order) -> tuple[str, dict[str, Any]]:
    if is_clip(path):
        return KIND, clip_input(path, order.camera_of(path), order.frames_per_s)
    return "replay", {"paths": [str(path)]}


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
    findings = {row["id"]: row for row in rows if row["type"] == "finding"}
    _print_left_out([findings[row["finding"]] for row in rows if row["type"] == "left-out"])
    incidents = sum(row["type"] == "incident" for row in rows)
    counts = rows[-1]
    print(f"{counts['accepted']} accepted, {counts['rejected']} rejected, {counts['duplicates']} doubled.")
    print(f"{_counted(len(findings), 'finding')} became {_counted(incidents, 'incident')}; --json tells all of them.")
    for reason, count in counts["quarantine"].items():
        print(f"  quarantined {count}: {reason}")


def _print_left_out(findings: Sequence[dict[str, Any]]) -> None:
    if not findings:
        return
    print("Too weak for an incident:")
    for row in findings[:LISTED_MAX]:
        at = datetime.fromtimestamp(row["at"], UTC)
        print(f"   {at:%Y-%m-%d %H:%M:%S} UTC  {row['detector']} {row['grade']}: {row['because']}")
    if len(findings) > LISTED_MAX:
        print(f"   … and {len(findings) - LISTED_MAX} more; --json tells them.")
    print()


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


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
