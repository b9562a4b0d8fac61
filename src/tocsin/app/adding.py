"""The `tocsin add` commands: a map, sensors that speak MQTT or SAPIENT, a log file."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tocsin.app.adding_cameras import camera
from tocsin.app.adding_nodes import sapient
from tocsin.model import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.app.listen import Access, Heard, Offer
    from tocsin.sigma.rule import Refusal

add = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Add a map, a camera, a sensor network or a log to your city."
)
add.command()(camera)
add.command()(sapient)

City = Annotated[Path, typer.Option(help="Folder of the installation, as made by `tocsin init`.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object per line, each with a type.")]
Where = Annotated[str, typer.Option(help="Longitude,latitude of the sensor; else the centre, marked as assumed.")]
EVERYTHING = "#"


@add.command(name="map")
def add_a_map(
    file: Annotated[Path, typer.Argument(help="OpenStreetMap extract (.osm.pbf or .osm).")],
    city: City = Path(),
    clip: Annotated[str, typer.Option(help="west,south,east,north in degrees: import this part only.")] = "",
    as_json: AsJson = False,
) -> None:
    """Import a map: buildings, streets, water, names and surveillance cameras."""
    from tocsin.app.init import add_map
    from tocsin.app.tell import print_json, progress

    progress(f"Reading {file.name} …")
    counts = add_map(city, file, _clip(clip))
    if as_json:
        print_json([{"type": "map", **counts}])
        return
    print(f"Imported {', '.join(f'{count:,} {what}' for what, count in counts.items())}.")
    print("Cameras wait as staged until you accept them; their directions are assumed where the map has none.")


def _clip(text: str) -> tuple[float, float, float, float] | None:
    if not text:
        return None
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError as error:
        message = f"--clip {text!r} is not written as west,south,east,north, such as 7.41,43.72,7.43,43.74."
        raise ConfigError(message) from error
    if not _is_area(west, south, east, north):
        message = f"--clip {text!r} is no area: west must be less than east, and south less than north."
        raise ConfigError(message)
    return west, south, east, north


def _is_area(west: float, south: float, east: float, north: float) -> bool:
    return -180 <= west < east <= 180 and -90 <= south < north <= 90


@add.command()
def mqtt(
    url: Annotated[str, typer.Argument(help="mqtt://host:1883, mqtts://host:8883, or `embedded`.")],
    *,
    city: City = Path(),
    topic: Annotated[
        str, typer.Option(help="Topic filter to listen to; with --device, what it publishes.")
    ] = EVERYTHING,
    listen_s: Annotated[float, typer.Option(min=0.1, max=3600, help="How long to listen, seconds.")] = 10.0,
    user: Annotated[str, typer.Option(help="User at the broker; the password is asked for.")] = "",
    password_file: Annotated[Path | None, typer.Option(help="File that holds the password.")] = None,
    ca_file: Annotated[str, typer.Option(help="Certificate authority of the broker (PEM).")] = "",
    place: Where = "",
    device: Annotated[
        str, typer.Option(help="With `embedded`: let in a device of this name, and make its password.")
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Write what is proposed without asking.")] = False,
    as_json: AsJson = False,
) -> None:
    """Listen to a broker, show what is published, propose how it is read, and write that on confirmation."""
    from tocsin.app.config import EMBEDDED, load_settings
    from tocsin.app.devices import listening
    from tocsin.app.listen import Access

    load_settings(city)
    if device and (url != EMBEDDED or not _let_in(city, device, topic, go_on=not yes, as_json=as_json)):
        if url != EMBEDDED:
            message = (
                "--device is for the broker that comes with Tocsin: write `tocsin add mqtt embedded --device NAME`."
            )
            raise ConfigError(message)
        return
    if url == EMBEDDED:
        with listening(city) as access:
            heard = _heard(access, EVERYTHING if device else topic, listen_s)
    else:
        access = Access(url=url, user=user, password=_password(user, password_file), ca_file=ca_file)
        heard = _heard(access, topic, listen_s)
    _propose(city, url, access, heard, place, yes=yes, as_json=as_json)


def _let_in(city: Path, device: str, topic: str, *, go_on: bool, as_json: bool) -> bool:
    """Make a device's credential and show it; whether to listen to the device now."""
    from dataclasses import asdict

    from tocsin.app.devices import add_device
    from tocsin.app.tell import columns, print_json

    made = add_device(city, device, "" if topic == EVERYTHING else topic)
    if as_json:
        print_json([{"type": "device", **asdict(made)}])
        return False
    shown = (("host", made.host), ("port", made.port), ("TLS", "yes" if made.tls else "no"))
    rows = [*shown, ("user", made.user), ("password", made.password), ("publish to", ", ".join(made.topics))]
    print(f"Put this into the device:\n\n{columns(('what', 'value'), rows)}\n")
    if go_on and sys.stdin.isatty() and typer.confirm("Listen to it now, and propose how it is read?", default=True):
        return True
    print("Once it publishes JSON: `tocsin add mqtt embedded` listens and proposes how it is read.")
    print("A server that runs already lets the device in after a restart.")
    return False


def _password(user: str, file: Path | None) -> str:
    from tocsin.app.people import password_in

    if file is not None:
        return password_in(file)
    return str(typer.prompt(f"Password of {user}", hide_input=True)) if user else ""


def _heard(access: "Access", topic: str, listen_s: float) -> "Heard":
    from tocsin.app.listen import listen
    from tocsin.app.tell import progress

    progress(f"Listening to {topic} at {access.url} for {listen_s:g} s …")
    return listen(access, topic, listen_s)


def _propose(city: Path, url: str, access: "Access", heard: "Heard", place: str, *, yes: bool, as_json: bool) -> None:
    from tocsin.app.listen import input_of, offer_row, offers, topic_rows, write
    from tocsin.app.registering import spot_of
    from tocsin.app.tell import columns, print_json

    spot = spot_of(city, place)
    rows, found = topic_rows(heard), offers(heard, spot, input_of(city, url)[1])
    if as_json:
        print_json([*rows, *map(offer_row, found)])
    else:
        print(columns(("topic", "messages", "last message"), [list(row.values())[1:] for row in rows]))
    accepted = [offer for offer in found if _accepted(offer, yes=yes, as_json=as_json)]
    if not accepted:
        print("Nothing was written.", file=sys.stderr)
        return
    name, sensors = write(city, url, access, accepted)
    if as_json:
        print_json([{"type": "written", "input": name, "sensors": [sensor.id for sensor in sensors]}])
        return
    print(f"\nWritten: input {name!r} in tocsin.yaml. New sensors in service: {len(sensors) or 'none'}.")
    _next(city, assumed=spot.assumed and bool(sensors))


def _accepted(offer: "Offer", *, yes: bool, as_json: bool) -> bool:
    if as_json:
        return yes
    print("\n".join(_offer_lines(offer)))
    return yes or typer.confirm("Write this?", default=False)


def _offer_lines(offer: "Offer") -> "Sequence[str]":
    from tocsin.app.listen import value_text

    ids = [sensor.id for sensor in offer.sensors]
    named = ", ".join(ids[:8]) + (f" and {len(ids) - 8} more" if len(ids) > 8 else "")
    return (
        f"\n{offer.filter}: {offer.messages} messages, read by the mapping {offer.name!r}",
        *(f"    {value_text(value)}" for value in offer.mapping.values),
        *(f"  ? a guess, please check: {guess}" for guess in offer.guesses),
        *([f"  - not used: {', '.join(offer.ignored)}"] if offer.ignored else []),
        *(f"  ! could not be read, {problem}" for problem in offer.unread),
        f"    sensors: {named or 'none'}",
    )


def _next(city: Path, *, assumed: bool) -> None:
    if assumed:
        print("Their place is not known: it is the centre, marked as assumed. Correct `place` in sensors.yaml.")
    print(f"Next: `tocsin check-config {city}`, then `tocsin serve {city}` (start it anew if it runs).")


@add.command()
def log(
    file: Annotated[Path, typer.Argument(help="The file that a sensor writes: Suricata EVE, Zeek (TSV or JSON).")],
    *,
    city: City = Path(),
    source: Annotated[
        str, typer.Option(help="Id of the sensor that writes it; one is made up where it is empty.")
    ] = "",
    place: Where = "",
    only_new: Annotated[bool, typer.Option("--only-new", help="Pass over what stands in the file already.")] = False,
    as_json: AsJson = False,
) -> None:
    """Follow a log file as it grows and rotates; shows what its first lines say."""
    from tocsin.app.config import load_settings
    from tocsin.app.logs import add_log, look, row_text
    from tocsin.app.registering import spot_of
    from tocsin.app.tell import print_json

    load_settings(city)
    seen, spot = look(file), spot_of(city, place)
    name, sensor = add_log(city, seen, spot, source=source, only_new=only_new)
    if as_json:
        print_json(
            [{"type": "log", "format": seen.format, "source": name, "rows": seen.rows, "problems": seen.problems}]
        )
        return
    print(f"{seen.path.name} is {seen.format}. Its first rows, names of accounts as tokens:")
    print("\n".join(f"  {row_text(row)}" for row in seen.rows))
    print("".join(f"  ! a line could not be read: {problem}\n" for problem in seen.problems[:3]), end="")
    print(f"\nWritten: an input that follows it, for {'the new' if sensor else 'the known'} network sensor {name!r}.")
    _next(city, assumed=spot.assumed and sensor is not None)


@add.command()
def rules(
    folder: Annotated[Path, typer.Argument(help="Folder (or one file) with Sigma rules.")],
    city: City = Path(),
    link: Annotated[bool, typer.Option("--link", help="Link to it instead of copying: changes there count.")] = False,
    as_json: AsJson = False,
) -> None:
    """Put detection rules into your city: how many load, and which do not and exactly why."""
    from msgspec.structs import asdict

    from tocsin.app.config import load_settings
    from tocsin.app.rulefiles import below, book_of, put_rules
    from tocsin.app.tell import print_json, progress

    load_settings(city)
    target = put_rules(folder, city, link=link)
    progress(f"Reading {target} …")
    loaded, refused = below(book_of(city), target, city)
    if as_json:
        print_json([*({"type": "refused", **asdict(one)} for one in refused), _rules_row(target, loaded, refused)])
        return
    print("".join(f"{one.path}:{one.line}: {one.feature}: {one.reason}\n" for one in refused), end="")
    print(f"{loaded} rules load, {len(refused)} do not. They lie in {target}.")
    print("A city that runs takes them up within seconds; `tocsin sigma list` shows what is in force.")


def _rules_row(target: Path, loaded: int, refused: "Sequence[Refusal]") -> dict[str, object]:
    return {"type": "rules", "folder": str(target), "loaded": loaded, "refused": len(refused)}
