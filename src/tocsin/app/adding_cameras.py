"""The `tocsin add camera` command: asks what the law asks, writes it down, shows a masked picture at once."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tocsin.model import ConfigError, TocsinError

if TYPE_CHECKING:
    from tocsin.app.cameras import Added, Wanted
    from tocsin.city.cameras import Pose
    from tocsin.city.processing import Processing

City = Annotated[Path, typer.Option(help="Folder of the installation, as made by `tocsin init`.")]
ONVIF = "onvif"


def camera(
    url: Annotated[
        str,
        typer.Argument(
            help="rtsp://…, http://… (HLS, MJPEG), a file or folder of clips, /dev/video0; `onvif` looks around, "
            "onvif://HOST asks one device."
        ),
    ],
    *,
    city: City = Path(),
    name: Annotated[str, typer.Option(help="What the camera is called (default: its file's name, or camera-1).")] = "",
    place: Annotated[str, typer.Option(help="Longitude,latitude of the camera; else the centre, as assumed.")] = "",
    height_m: Annotated[float, typer.Option(min=0, help="Height above ground, metres: a first calibration.")] = 0.0,
    tilt_deg: Annotated[float, typer.Option(help="Degrees below the horizon, with --height-m.")] = 20.0,
    field_deg: Annotated[float, typer.Option(help="Horizontal field of view, degrees, with --height-m.")] = 70.0,
    bearing_deg: Annotated[float, typer.Option(help="Where it looks, degrees from north, with --height-m.")] = 0.0,
    user: Annotated[str, typer.Option(help="User at the camera; the password is asked for.")] = "",
    password_file: Annotated[Path | None, typer.Option(help="File that holds the password.")] = None,
    profile: Annotated[str, typer.Option(help="Profile of an ONVIF device (default: its first).")] = "",
    group: Annotated[str, typer.Option(help="Cameras of one group share a process.")] = "cameras",
    processing: Annotated[str, typer.Option(help="Id of the record of processing it runs under.")] = "",
    place_name: Annotated[str, typer.Option(help="New record: what the place is called.")] = "",
    purpose: Annotated[str, typer.Option(help="New record: why the place is looked at.")] = "",
    legal_basis: Annotated[str, typer.Option(help="New record: on which legal ground.")] = "",
    controller: Annotated[str, typer.Option(help="New record: who answers for it.")] = "",
    notice: Annotated[str, typer.Option(help="New record: what the sign on the spot says.")] = "",
    retention_h: Annotated[float, typer.Option(help="New record: hours that masked pictures are kept.")] = 72.0,
    look: Annotated[bool, typer.Option("--look/--no-look", help="Show a masked picture at once.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per line, each with a type.")] = False,
) -> None:
    """Add a camera: nothing starts without purpose, legal basis, controller, retention and notice of its place."""
    from tocsin.app.cameras import Wanted, add_camera
    from tocsin.app.config import load_settings
    from tocsin.app.registering import spot_of

    load_settings(city)
    if url == ONVIF:
        _look_around(as_json=as_json)
        return
    password = _password(user, password_file)
    if url.startswith(f"{ONVIF}://"):
        url = _profile(url, user, password, profile)
    pose = _pose(height_m, tilt_deg, field_deg, bearing_deg)
    wanted = Wanted(url=url, name=name, user=user, password=password, group=group, pose=pose, processing=processing)
    told = {"purpose": purpose, "legal_basis": legal_basis, "controller": controller, "notice": notice}
    record = _record(city, wanted, place_name, told, retention_h)
    added = add_camera(city, wanted, spot_of(city, place), record)
    _tell(city, added, look=look, as_json=as_json)


def _pose(height_m: float, tilt_deg: float, field_deg: float, bearing_deg: float) -> "Pose | None":
    from tocsin.city.cameras import Pose

    if not height_m:
        return None
    return Pose(height_m=height_m, tilt_deg=tilt_deg, field_deg=field_deg, bearing_deg=bearing_deg % 360.0)


def _record(city: Path, wanted: "Wanted", place_name: str, told: dict[str, str], retention_h: float) -> "Processing":
    """The record that is named, the only one there is, or a new one: asked for where somebody sits there."""
    from tocsin.app.cameras import record_named, records_of

    known = records_of(city)
    if wanted.processing:
        if wanted.processing not in known:
            raise ConfigError(f"No record {wanted.processing!r}: there are {', '.join(known) or 'none'}.")
        return known[wanted.processing]
    if len(known) == 1 and not place_name:
        return next(iter(known.values()))
    if sys.stdin.isatty():
        place_name, told, retention_h = _asked(place_name, told, retention_h)
    return record_named(place_name, told, retention_h)


def _asked(place_name: str, told: dict[str, str], retention_h: float) -> tuple[str, dict[str, str], float]:
    """Ask once per place what a camera may not start without."""
    from tocsin.app.cameras import ASKED, EXAMPLES

    print("A camera does not start without these; they are asked once per place, and stand on `tocsin policy report`.")
    place_name = place_name or str(typer.prompt("What is the place called"))
    for key in ASKED:
        if not told[key]:
            print(f"\n{key.replace('_', ' ').capitalize()}, for example:\n  {EXAMPLES[key]}")
            told[key] = str(typer.prompt("Yours"))
    return place_name, told, float(typer.prompt("Hours that masked pictures are kept", default=retention_h))


def _tell(city: Path, added: "Added", *, look: bool, as_json: bool) -> None:
    from tocsin.app.cameras import preview
    from tocsin.app.tell import print_json, progress

    row: dict[str, Any] = {"type": "camera", "input": added.input, "processing": added.processing.id}
    if not as_json:
        print(f"Written: camera {added.input!r}, under the record {added.processing.name!r}.")
    if look:
        progress("Looking through it once, everybody masked …")
        try:
            shown = preview(city, added)
        except TocsinError as error:
            row["problem"] = str(error)
            print(f"No preview: {error}", file=sys.stderr)
        else:
            row |= {"preview": str(shown.path), "persons": shown.persons, "filled": round(shown.filled, 3)}
            if not as_json:
                print(f"Masked preview: {shown.path} ({shown.width}×{shown.height}, {shown.persons} people masked).")
    if as_json:
        print_json([row])
    else:
        print(f"Next: `tocsin serve {city}`, then Cameras: place it on the map, draw areas, choose analytics.")


def _password(user: str, file: Path | None) -> str:
    from tocsin.app.people import password_in

    if file is not None:
        return password_in(file)
    return str(typer.prompt(f"Password of {user}", hide_input=True)) if user else ""


def _look_around(*, as_json: bool) -> None:
    """List the ONVIF devices that answer on this network."""
    from tocsin.app.discovering import discover
    from tocsin.app.tell import columns, print_json, progress

    progress("Asking the network for ONVIF devices …")
    found = discover(4.0)
    if as_json:
        print_json({"type": "device", "address": one.address, "name": one.name} for one in found)
        return
    print(columns(("address", "name"), [(one.address, one.name) for one in found]) if found else "Nobody answered.")
    print("Next: `tocsin add camera onvif://ADDRESS --user NAME` asks one for its streams.")


def _profile(url: str, user: str, password: str, wanted: str) -> str:
    """The stream of an ONVIF device: the profile of that name, else its first; raises ConfigError listing them."""
    from tocsin.app.discovering import profiles

    found = profiles(url.removeprefix(f"{ONVIF}://"), user, password)
    named = [one for one in found if wanted in ("", one.name)]
    if not named:
        raise ConfigError(f"No profile {wanted!r}: the device has {', '.join(one.name for one in found) or 'none'}.")
    return str(named[0].url)
