"""The `tocsin models` commands: fetch, list, check and measure models, and add one of your own."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tocsin.inference.cards import ModelCard
    from tocsin.suites import Report

models = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Fetch, check and measure the models that see, or add your own."
)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object per line, each with a type.")]
SHOWN_MAX = 200
"""Most characters of one entry of a file's metadata that are printed."""

Names = Annotated[list[str] | None, typer.Argument(help="Names of models, as `tocsin models list` shows them.")]


@models.command()
def fetch(
    names: Names = None,
    place: Annotated[
        Path | None, typer.Option("--from", help="Folder with packages that were downloaded elsewhere.")
    ] = None,
) -> None:
    """Get models (default: those that Tocsin uses), convert them, and try that each does as its card says."""
    from tocsin.app.tell import progress
    from tocsin.inference.fetching import fetch as get
    from tocsin.inference.folder import models_folder

    wanted = _cards(names) or [card for card in _all().values() if card.default]
    got = get(wanted, progress, place=place)
    print(f"{len(got)} models fetched, {len(wanted) - len(got)} were there; all lie in {models_folder()}.")
    for licence in sorted({f"{card.licence.spdx}: {card.licence.notice}" for card in got}):
        print(f"  {licence}")


@models.command(name="list")
def list_models(as_json: AsJson = False) -> None:
    """List all models: what each finds, its licence, whether it is here, what it was measured at."""
    from tocsin.app.tell import columns, print_json

    rows = [_row(card) for card in _all().values()]
    if as_json:
        print_json({"type": "model", **row} for row in rows)
        return
    heads = ("name", "finds", "decoder", "licence", "here", "measured")
    print(columns(heads, [_cells(row) for row in rows]))


def _row(card: "ModelCard") -> dict[str, Any]:
    from msgspec import to_builtins

    from tocsin.inference.fetching import present

    return {
        "name": card.name,
        "title": card.title,
        "finds": card.sense,
        "decoder": card.output.decoder,
        "licence": card.licence.spdx,
        "notice": card.licence.notice,
        "here": present(card),
        "default": card.default,
        "source": f"{card.source.kind} {card.source.package} {card.source.version}".strip(),
        "measured": to_builtins(card.measured),
    }


def _cells(row: "Mapping[str, Any]") -> tuple[str, ...]:
    numbers = ", ".join(f"{one['metric']} {one['value']:g}" for one in row["measured"])
    here = "yes" if row["here"] else "no"
    return row["name"], row["finds"], row["decoder"], row["licence"], here, numbers or "not measured"


@models.command()
def check(names: Names = None, as_json: AsJson = False) -> None:
    """Check digests, and run the fixed picture through each model that is here; exit status 1 where one differs."""
    from tocsin.app.tell import columns, print_json
    from tocsin.inference.checking import verdict

    rows = [verdict(card) for card in _cards(names) or _all().values()]
    if as_json:
        print_json({"type": "check", "name": row.name, "state": row.state, "text": row.text} for row in rows)
    else:
        print(columns(("name", "state", "what to do"), [(row.name, row.state, row.text) for row in rows]))
    raise typer.Exit(1 if any(row.state == "wrong" for row in rows) else 0)


@models.command()
def evaluate(
    name: Annotated[str, typer.Argument(help="Name of a model, as `tocsin models list` shows it.")],
    *,
    data: Annotated[Path, typer.Option(help="Folder with `images` and `labels`.")],
    parameter: Annotated[
        list[str] | None, typer.Option("--set", help="A parameter of the suite: name=value; may be repeated.")
    ] = None,
    save: Annotated[
        bool, typer.Option("--save", help="Write the numbers into the card of a model of your own.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Measure a model on labelled photos: by COCO's precision, or for faces by agreement with another model."""
    from tocsin.app.suites import measure, tell
    from tocsin.inference.adding import keep_card, own_card

    own = own_card(name) if save else None
    kind, sets = _suite(_cards([name])[0])
    report = measure("evaluate", kind, data=data, parameters=[*sets, *(parameter or [])])
    tell(report, as_json=as_json)
    if own is not None:
        keep_card(_measured(own, report))


def _suite(card: "ModelCard") -> tuple[str, list[str]]:
    """The suite that measures what a model finds, and its parameters."""
    if card.sense != "faces":
        return "coco", [f"model={card.name}"]
    other = "blazeface-back" if card.name == "centerface" else "centerface"
    return "face-agreement", [f"model={card.name}", f"other={other}"]


def _measured(card: "ModelCard", report: "Report") -> "ModelCard":
    """The card with the numbers of a report in place of those it had."""
    from msgspec.structs import replace

    from tocsin.inference.cards import Measured

    data = f"{Path(report.data).name}, {report.metrics['pictures']:g} photos"
    shown = {name: value for name, value in report.metrics.items() if name != "pictures"}
    rows = [
        Measured(data=data, metric=name, value=round(value, 4), command=report.command) for name, value in shown.items()
    ]
    return replace(card, measured=tuple(rows))


@models.command()
def add(
    file: Annotated[Path, typer.Argument(help="An ONNX file.")],
    *,
    decoder: Annotated[str, typer.Option(help="How its output reads: nanodet, yolox, yolov8, detr or centernet.")],
    classes: Annotated[
        str,
        typer.Option(help="Its classes in order, with commas, or a file with one per line (default: from the file)."),
    ] = "",
    name: Annotated[str, typer.Option(help="What it shall be called (default: the file's name).")] = "",
    size: Annotated[str, typer.Option(help="Width x height of its input, such as 640x640, where it is open.")] = "",
    colour: Annotated[str, typer.Option(help="Order of the colours that it was trained with: bgr or rgb.")] = "rgb",
    mean: Annotated[str, typer.Option(help="Subtracted from the three colours, such as 123.7,116.3,103.5.")] = "0,0,0",
    std: Annotated[str, typer.Option(help="What they are divided by, such as 255,255,255.")] = "255,255,255",
    fit: Annotated[
        str, typer.Option(help="centre, corner or stretch: how a picture is laid into the input.")
    ] = "centre",
    strides: Annotated[str, typer.Option(help="Steps of its grids in pixels (default: 8,16,32; centernet: 4).")] = "",
    licence: Annotated[str, typer.Option(help="Its licence, such as Apache-2.0, where the file does not say.")] = "",
    accept_licence: Annotated[
        bool, typer.Option("--accept-licence", help="Say that the terms in the file were read and are accepted.")
    ] = False,
) -> None:
    """Add a model of your own. Nothing in it is run before it was examined; nothing is ever unpickled."""
    from tocsin.inference.adding import Wanted
    from tocsin.inference.adding import add as keep
    from tocsin.inference.examining import examine

    found = examine(file)
    for key, text in found.words.items():
        print(f"the file says  {key}: {text[:SHOWN_MAX]}")
    width, height = _size(size)
    wanted = Wanted(
        name=name or file.stem.lower().replace("_", "-").replace(".", "-"),
        decoder=decoder,
        classes=_classes(classes, found.words),
        licence=licence,
        input={
            "width": width,
            "height": height,
            "colour": colour,
            "mean": _numbers(mean),
            "std": _numbers(std),
            "fit": fit,
        },
        output={"strides": _whole(strides or ("4" if decoder == "centernet" else "8,16,32"))},
    )
    card = keep(found, wanted, accepted=accept_licence)
    print(f"Added {card.name}: {len(card.classes)} classes, licence {card.licence.spdx}. It is not measured yet:")
    print(f"  tocsin models evaluate {card.name} --data DIR --save")


@models.command()
def train(
    what: Annotated[str, typer.Argument(help="What to train: sound.")],
    *,
    data: Annotated[Path, typer.Option(help="Folder with labelled sounds: files named CLASS_NUMBER.wav, or a CSV.")],
    out: Annotated[
        Path | None, typer.Option(help="ONNX file to write, its card beside it (default: the folder of models).")
    ] = None,
    licence: Annotated[str, typer.Option(help="Licence of the data, which the model inherits.")] = "to be confirmed",
    seed: Annotated[int, typer.Option(help="Seed of chance.")] = 1,
) -> None:
    """Train a model on data of your own: gunshot, explosion, siren and everything else from labelled sounds."""
    from tocsin.app.tell import progress
    from tocsin.app.training import train_sound
    from tocsin.model import ConfigError

    if what != "sound":
        raise ConfigError(f"There is nothing called {what!r} to train: write `tocsin models train sound`.")
    for line in train_sound(data, out, licence, seed, progress):
        print(line)


def _all() -> "dict[str, ModelCard]":
    from tocsin.inference.cards import all_cards
    from tocsin.inference.folder import models_folder

    return all_cards(models_folder())


def _cards(names: "Sequence[str] | None") -> "list[ModelCard]":
    from tocsin.inference.cards import card_of
    from tocsin.inference.folder import models_folder

    return [card_of(name, models_folder()) for name in names or ()]


def _size(text: str) -> tuple[int | None, int | None]:
    from tocsin.model import ConfigError

    if not text:
        return None, None
    width, cross, height = text.partition("x")
    if not (cross and width.isdigit() and height.isdigit()):
        raise ConfigError(f"{text!r} is no size: write width x height, such as 640x640.")
    return int(width), int(height)


def _numbers(text: str) -> list[float]:
    from tocsin.model import ConfigError

    try:
        return [float(part) for part in text.split(",")]
    except ValueError as error:
        raise ConfigError(f"{text!r} is no list of numbers such as 0,0,0.") from error


def _whole(text: str) -> list[int]:
    return [int(number) for number in _numbers(text)]


def _classes(text: str, words: "Mapping[str, str]") -> tuple[str, ...]:
    """The classes as they were given, else as the file has them; some are refused whoever names them."""
    from tocsin.contract.declared import NEVER_BUILT
    from tocsin.model import ConfigError, Refused

    path = Path(text)
    given = path.read_text(encoding="utf-8").splitlines() if text and path.is_file() else text.split(",")
    named = tuple(name for name in map(str.strip, given) if name) or _embedded(words.get("names", ""))
    if not named:
        raise ConfigError("Say what the classes of this model are called: --classes person,car,… or --classes FILE.")
    never = sorted({name for name in named if NEVER_BUILT & set(name.lower().replace("-", " ").split())})
    if never:
        raise Refused(f"Tocsin looks for no such thing as {', '.join(never)}, with whatever model.")
    return named


def _embedded(text: str) -> tuple[str, ...]:
    """Classes as some exporters write them: a Python dictionary of number and name."""
    import ast

    try:
        found = ast.literal_eval(text) if text else {}
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return ()
    if isinstance(found, dict):
        found = list(found.values())
    return tuple(str(name) for name in found) if isinstance(found, list) else ()
