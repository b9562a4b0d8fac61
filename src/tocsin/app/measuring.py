"""`tocsin evaluate` and `tocsin bench`: quality on recorded or simulated data, and speed."""

from pathlib import Path
from typing import Annotated

import typer

Seeds = Annotated[list[str] | None, typer.Option("--seed", help="A seed or a range such as 101-105; may be repeated.")]
Sets = Annotated[list[str] | None, typer.Option("--set", help="A parameter of the suite: name=value; may be repeated.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def evaluate(
    suite: Annotated[str, typer.Argument(help="scenarios, false-alarms …; docs/reference/suites.md has them all.")],
    *,
    data: Annotated[Path | None, typer.Option(help="Folder with the recorded data of the suite.")] = None,
    test: Annotated[Path | None, typer.Option(help="Data to report on, where the suite learns from --data.")] = None,
    seed: Seeds = None,
    parameter: Sets = None,
    as_json: AsJson = False,
) -> None:
    """Measure quality: how much is found, how much is false, how well it is placed."""
    from tocsin.app.suites import run_evaluate

    raise typer.Exit(run_evaluate(suite, data, test, seed or [], as_json, parameters=parameter or []))


def bench(
    name: Annotated[str, typer.Argument(help="flow, kill …; docs/reference/suites.md has them all.")],
    *,
    data: Annotated[Path | None, typer.Option(help="Folder with the recorded data of the suite.")] = None,
    seed: Seeds = None,
    parameter: Sets = None,
    as_json: AsJson = False,
) -> None:
    """Measure speed, growth and endurance, against a peer in the same run."""
    from tocsin.app.suites import run_bench

    raise typer.Exit(run_bench(name, data, as_json, parameters=parameter or [], seeds=seed or []))
