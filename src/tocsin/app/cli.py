"""The command line: verbs people know. Every command imports what it needs when it runs."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tocsin.app.adding import add
from tocsin.app.admitting import account, token
from tocsin.app.measuring import bench, evaluate
from tocsin.app.models import models
from tocsin.app.planning import plan
from tocsin.app.policy import policy
from tocsin.app.proving import export, ledger
from tocsin.app.sapient import sapient
from tocsin.app.sigma import sigma
from tocsin.model import TocsinError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.app.doctor import Complaint

app = typer.Typer(
    name="tocsin",
    help="Turns a city's sensors, cameras and network logs into few, explained incidents.",
    no_args_is_help=True,
    rich_markup_mode=None,  # rich is slow to import, and `--help` should be instant
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(add, name="add")
app.add_typer(ledger, name="ledger")
app.add_typer(export, name="export")
app.add_typer(account, name="account")
app.add_typer(token, name="token")
app.add_typer(policy, name="policy")
app.add_typer(sigma, name="sigma")
app.add_typer(models, name="models")
app.add_typer(sapient, name="sapient")
app.add_typer(plan, name="plan")

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
def init(
    folder: Annotated[Path, typer.Argument(help="Folder to make.")],
    name: Annotated[str, typer.Option(help="What the city is called (default: the folder's name).")] = "",
    lon: Annotated[float, typer.Option(help="Longitude of its centre, degrees; a map sets it too.")] = 0.0,
    lat: Annotated[float, typer.Option(help="Latitude of its centre, degrees.")] = 0.0,
    timezone: Annotated[str, typer.Option(help="IANA name, such as Europe/Helsinki.")] = "UTC",
) -> None:
    """Make an empty city of your own: a commented configuration and a folder for its map and sensors."""
    from tocsin.app.init import init_city

    init_city(folder, name=name or folder.resolve().name, lon=lon, lat=lat, timezone=timezone)
    print(f"Made {folder}: every key of tocsin.yaml is explained in it. Next:")
    print(f"  tocsin add map FILE.osm.pbf --city {folder}     the map, from any OpenStreetMap extract")
    print(f"  tocsin add mqtt URL --city {folder}             sensors that speak MQTT (`embedded`: our own broker)")
    print(f"  tocsin add sapient --city {folder}              sensors that speak SAPIENT, or a parent fusion node")
    print(f"  tocsin add camera URL --city {folder}           a camera, a file or a folder of clips")
    print(f"  tocsin add log FILE --city {folder}             a Suricata or Zeek log")
    print(f"  tocsin add rules RULES --city {folder}          detection rules (Sigma); {folder / 'rules'} holds yours")
    print(f"  tocsin check-config {folder}                    what is still wrong or missing")
    print(f"  tocsin serve {folder}                           run it")


@app.command()
def serve(folder: Folder = Path()) -> None:
    """Run your city: sources, engine and console, until stopped."""
    from tocsin.app.serve import serve as run

    raise typer.Exit(run(folder))


@app.command()
def replay(
    files: Annotated[list[Path], typer.Argument(help="Suricata EVE, Zeek, NDJSON readings, a capture, or a clip.")],
    *,
    as_json: AsJson = False,
    city: Annotated[Path | None, typer.Option(help="City folder to place things in (default: an empty city).")] = None,
    out: Annotated[Path | None, typer.Option(help="Keep log, ledger and clips of the run here.")] = None,
    camera: Annotated[
        str, typer.Option(help="Look at clips as this camera of the city (default: the file's name).")
    ] = "",
    annotated: Annotated[
        Path | None, typer.Option(help="Write a video with everybody masked, boxes and findings (.mp4).")
    ] = None,
    frames_per_s: Annotated[
        float, typer.Option(min=0.1, max=60, help="Pictures of a clip looked at per second.")
    ] = 5.0,
) -> None:
    """Run recorded input through the whole flow; print findings, incidents and counts."""
    from tocsin.app.layout import city_folder
    from tocsin.app.replay import Order, replay_files
    from tocsin.app.rulefiles import own_folder

    order = Order(
        files=files,
        city=city_folder(city) if city is not None else None,
        out=out,
        rules=own_folder(city),
        camera=camera,
        frames_per_s=frames_per_s,
        annotated=annotated,
    )
    raise typer.Exit(replay_files(order, as_json=as_json))


@app.command()
def simulate(
    scenario: Annotated[str, typer.Argument(help="Name of a scenario that ships, or a file.")],
    out: Annotated[Path, typer.Option(help="Folder for the capture and the truth.")],
    seed: Annotated[int, typer.Option(help="Chooses wind, place and time of it.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Let a simulated city live, and keep what its devices sent and what really happened."""
    from tocsin.app.scenario import simulate as run
    from tocsin.app.tell import print_json, progress

    progress(f"Simulating {scenario}, seed {seed} …")
    count, _ = run(scenario, seed, out)
    if as_json:
        print_json([{"type": "run", "scenario": scenario, "seed": seed, "messages": count, "folder": str(out)}])
    else:
        print(f"{count:,} messages in {out}. What Tocsin makes of them: `tocsin score {out}`.")


@app.command()
def score(
    run: Annotated[Path, typer.Argument(help="Folder that `tocsin simulate` wrote.")], as_json: AsJson = False
) -> None:
    """Replay a simulated run through the whole flow, and compare the incidents with what really happened."""
    from tocsin.app.scenario import score_run
    from tocsin.app.tell import columns, print_json, progress

    progress(f"Replaying {run} …")
    metrics = score_run(run)
    if as_json:
        print_json([{"type": "score", **metrics}])
    else:
        print(columns(("metric", "value"), [(name, f"{value:g}") for name, value in metrics.items()]))


@app.command(name="check-config")
def check_config(folder: Folder = Path(), as_json: AsJson = False) -> None:
    """Say in plain words what in the configuration would not work; exit status 1 where something would not."""
    from tocsin.app.doctor import check_config as check

    raise typer.Exit(_tell_complaints(check(folder), as_json=as_json))


@app.command()
def doctor(
    folder: Folder = Path(),
    members: Annotated[bool, typer.Option("--members", help="List all kinds with their parameters instead.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check the configuration and the machine that shall run it; exit status 1 where something is wrong."""
    from tocsin.app.doctor import doctor as check
    from tocsin.app.doctor import member_rows
    from tocsin.app.tell import print_json

    if not members:
        raise typer.Exit(_tell_complaints(check(folder), as_json=as_json))
    rows = member_rows()
    if as_json:
        print_json({"type": "member", **row} for row in rows)
        return
    for row in rows:
        print(f"{row['package']}: {row['kind']} (level {row['needs']})")
        print("".join(f"    {name} = {default}\n" for name, default in row["parameters"].items()), end="")


def _tell_complaints(complaints: "Sequence[Complaint]", *, as_json: bool) -> int:
    """Print what is wrong, the worst first; the exit status."""
    from tocsin.app.tell import print_json

    bad = sum(one.bad for one in complaints)
    ordered = sorted(complaints, key=lambda one: not one.bad)
    if as_json:
        print_json({"type": "complaint", "bad": one.bad, "text": one.text} for one in ordered)
    else:
        print("\n".join(f"{'wrong' if one.bad else 'note '}  {one.text}" for one in ordered))
        print(f"What is wrong: {bad}." if bad else "Nothing is wrong.")
    return 1 if bad else 0


app.command()(evaluate)
app.command()(bench)


def main() -> None:
    """Run the command line; an error of ours is one plain sentence and exit code 2."""
    try:
        app()
    except TocsinError as error:
        typer.echo(f"tocsin: {error}", err=True)
        sys.exit(2)
