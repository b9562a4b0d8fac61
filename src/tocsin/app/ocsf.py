"""`tocsin export ocsf`: recorded logs as OCSF events, one JSON object per line, as admission leaves them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tocsin.contract.bodies import LogEvents
    from tocsin.contract.resources import Resources
    from tocsin.formats.ocsf import Templates

MAPPINGS = "sigma/mappings/"
"""Where the content says, per format, what becomes of its rows in OCSF."""

MILLISECONDS = 1_000


@dataclass(slots=True)
class Told:
    """How an export went: events written, lines that could not be read by reason, rows of no OCSF class."""

    events: int = 0
    rejected: dict[str, int] = field(default_factory=dict)
    passed_over: int = 0


def ocsf_lines(files: Sequence[Path], told: Told, *, per_s: int = MILLISECONDS) -> Iterator[bytes]:
    """Every row of the files as an OCSF object in JSON; names in it are tokens of this export alone.

    Raises ConfigError for a file that is none that can be read.
    """
    import secrets

    from tocsin.contract.resources import Resources
    from tocsin.contract.walk import configured, member_of

    resources = Resources(token_key=secrets.token_bytes(32))
    perceiver = member_of("perceivers", "log.rows")().start(resources)
    templates = _templates(resources)
    source = configured(member_of("sources", "replay"), {"paths": [str(path) for path in files]}).start(resources)
    while (delivered := source.next_batch(0.0)) is not None:
        _count(told, delivered.rejected)
        for reading in delivered.readings:
            perceived = perceiver.perceive(reading)
            _count(told, perceived.rejected)
            for one in perceived.readings:
                yield from _lines(one.body, templates[one.body.format], told, per_s)


def _templates(resources: "Resources") -> "dict[str, Templates]":
    """What each family of log formats becomes."""
    from tocsin.contract.loglines import FORMATS
    from tocsin.formats.ocsf import Templates

    families = dict.fromkeys(name.partition("-")[0] for name in FORMATS)
    return {family: Templates.of(resources.document(f"{MAPPINGS}{family}.yaml")) for family in families}


def _lines(body: "LogEvents", templates: "Templates", told: Told, per_s: int) -> Iterator[bytes]:
    import msgspec

    for row in body.rows:
        record = templates.record(row, per_s)
        if record is None:
            told.passed_over += 1
            continue
        told.events += 1
        yield msgspec.json.encode(record)


def _count(told: Told, rejected: Sequence[tuple[bytes, str]]) -> None:
    for _, reason in rejected:
        told.rejected[reason] = told.rejected.get(reason, 0) + 1


def _write(lines: Iterator[bytes], out: Path | None) -> None:
    if out is None:
        for line in lines:
            print(line.decode())
    else:
        with out.open("wb") as file:
            file.writelines(line + b"\n" for line in lines)


def export_logs(
    files: Annotated[list[Path], typer.Argument(help="Logs and recordings, as `tocsin replay` takes them.")],
    out: Annotated[Path | None, typer.Option(help="Write to this file (default: print).")] = None,
    seconds: Annotated[
        bool, typer.Option(help="Times in seconds, as OCSF's own Zeek examples write them, not in milliseconds.")
    ] = False,
) -> None:
    """Write recorded logs as OCSF 1.3 events, one JSON object per line; names in them are tokens."""
    told = Told()
    lines = ocsf_lines(files, told, per_s=1 if seconds else MILLISECONDS)
    _write(lines, out)
    typer.echo(f"{told.events} events, {sum(told.rejected.values())} lines unread.", err=True)
    for reason, count in told.rejected.items():
        typer.echo(f"  {count}: {reason}", err=True)
