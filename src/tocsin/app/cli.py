"""The command line: verbs people know. Every command imports what it needs when it runs."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from tocsin.model import TocsinError

app = typer.Typer(
    name="tocsin",
    help="Turns a city's sensors, cameras and network logs into few, explained incidents.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
add = typer.Typer(no_args_is_help=True, help="Add a map, a sensor network or a log file to your city.")
ledger = typer.Typer(no_args_is_help=True, help="Prove what was allowed and done.")
export = typer.Typer(no_args_is_help=True, help="Write incidents in the formats that others read.")
app.add_typer(add, name="add")
app.add_typer(ledger, name="ledger")
app.add_typer(export, name="export")

Folder = Annotated[Path, typer.Argument(help="Folder of the installation, as made by `tocsin init`.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object per line, each with a type.")]


@app.command()
def demo(
    port: Annotated[int, typer.Option(help="Port of the console on this machine; 0 picks a free one.")] = 8420,
    scenario: Annotated[str, typer.Option(help="Name or file of what happens.")] = "chlorine-at-the-station",
    seed: Annotated[int, typer.Option(help="Chooses wind, place and time of it.")] = 1,
    folder: Annotated[Path | None, typer.Option(help="Keep log, ledger and warnings here.")] = None,
    browse: Annotated[bool, typer.Option("--open/--no-open", help="Open the browser.")] = False,
) -> None:
    """Show a living, simulated city and its first incident."""
    from tocsin.app.demo import demo as run

    raise typer.Exit(run(port=port, scenario=scenario, seed=seed, folder=folder, browse=browse))


@app.command()
def serve(folder: Folder = Path()) -> None:
    """Run your city: sources, engine and console, until stopped."""
    from tocsin.app.serve import serve as run

    raise typer.Exit(run(folder))


@app.command()
def replay(
    files: Annotated[list[Path], typer.Argument(help="Suricata EVE, Zeek, NDJSON readings, or a capture.")],
    as_json: AsJson = False,
    city: Annotated[Path | None, typer.Option(help="City folder to place things in (default: an empty city).")] = None,
    out: Annotated[Path | None, typer.Option(help="Keep log and ledger of the run here.")] = None,
) -> None:
    """Run recorded input through the whole flow; print findings, incidents and counts."""
    from tocsin.app.replay import replay_files

    raise typer.Exit(replay_files(files, as_json=as_json, city=city, out=out))


def main() -> None:
    """Run the command line; an error of ours is one plain sentence and exit code 2."""
    try:
        app()
    except TocsinError as error:
        typer.echo(f"tocsin: {error}", err=True)
        sys.exit(2)
