"""What `tocsin add camera` writes: the record it runs under, its entry in the register, its input; a masked preview."""

import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from tocsin.app.config import FILE, Settings, load_settings
from tocsin.app.edit import add_row, put_entry, replace_text, set_key
from tocsin.app.layout import city_folder, data_of, free_name, keep_secret, private_of
from tocsin.app.registering import Spot, register, sensor_of
from tocsin.city.cameras import Camera, Pose, check_camera
from tocsin.city.context import City
from tocsin.city.folder import CityFile
from tocsin.city.processing import Processing
from tocsin.city.registry import Sensor
from tocsin.contract.camera_views import seeing
from tocsin.contract.pictures import MaskedPicture, Tracks
from tocsin.contract.resources import Resources
from tocsin.contract.walk import configured, member_of, start
from tocsin.engine.perceiving import Perception
from tocsin.engine.setting_up import of_pictures
from tocsin.model import ConfigError, Level, Reading, SourceState

KIND = "camera.video"
SIGHTING = "vision.sighting/1"
PREVIEW_S_MAX = 20.0
"""So long a camera may take to show its first masked picture."""

ASKED = ("purpose", "legal_basis", "controller", "notice")
"""What a record of processing must say, and nobody can say for the city."""

EXAMPLES: Mapping[str, str] = {
    "purpose": "Safety of people on the square: crowding, people where none may be at night, things left behind.",
    "legal_basis": "Art. 6(1)(e) GDPR with the law that gives your city this task (name it).",
    "controller": "City of Example, Security Department, Main Street 1; dpo@city.example.",
    "notice": "The city watches this square with cameras. Nobody is recognised: people are masked before pictures are "
    "stored or shown. Pictures are kept 72 hours at most.",
}
"""What such a record may say, to begin from."""


class Wanted(Struct, frozen=True, kw_only=True):
    """A camera as somebody wants to add it."""

    url: str
    name: str = ""
    user: str = ""
    password: str = ""
    group: str = "cameras"
    pose: Pose | None = None
    processing: str = ""


class Added(Struct, frozen=True, kw_only=True):
    """What was written: the input, the sensor, and the record that it runs under."""

    input: str
    sensor: Sensor
    processing: Processing


class Preview(Struct, frozen=True, kw_only=True):
    """The first masked picture: where it lies, how many people it shows, how much of it is masked."""

    path: Path
    persons: int
    filled: float
    width: int
    height: int


def records_of(folder: Path) -> dict[str, Processing]:
    """The records of processing of a city, by id."""
    return City.load(city_folder(folder)).processing


def record_named(name: str, answers: Mapping[str, str], retention_h: float) -> Processing:
    """A new record for a place; raises ConfigError naming what it does not say."""
    missing = [key for key in ASKED if not answers.get(key, "").strip()]
    if missing or not name:
        named = ", ".join(f"--{key.replace('_', '-')}" for key in ([] if name else ["place-name"]) + missing)
        raise ConfigError(f"A camera does not start without its record of processing: give {named}.")
    document = {key: answers[key].strip() for key in ASKED}
    made = {"id": slug(name), "name": name, "retention_h": retention_h, "forbidden": ["vision.loitering"], **document}
    try:
        record = msgspec.convert(made, Processing)
    except msgspec.ValidationError as error:
        raise ConfigError(f"This record of processing cannot stand: {error}.") from error
    if record.faults:
        raise ConfigError(record.faults[0])
    return record


def slug(name: str) -> str:
    """A name as an id.

    >>> slug("Main Square (north)")
    'main-square-north'
    """
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "place"


def add_record(folder: Path, record: Processing) -> None:
    """Write a record into the city's file, which is begun where there is none; one of that id stays as it is."""
    city = city_folder(folder)
    if record.id in City.load(city).processing:
        return
    name = msgspec.yaml.decode((city / "city.yaml").read_bytes(), type=CityFile).processing or "processing.yaml"
    _name_file(city, name)
    if not (city / name).exists():
        replace_text(city / name, "# Records of processing, one per place with cameras.\n[]\n")
    add_row(city / name, record)


def _name_file(city: Path, name: str) -> None:
    text = (city / "city.yaml").read_text(encoding="utf-8")
    if not re.search(r"^processing:", text, flags=re.MULTILINE):
        replace_text(city / "city.yaml", f"{text.rstrip()}\nprocessing: {name}\n")
    elif not re.search(rf"^processing:\s*[\"']?{re.escape(name)}", text, flags=re.MULTILINE):
        set_key(city / "city.yaml", "processing", name)


def add_camera(folder: Path, wanted: Wanted, spot: Spot, record: Processing) -> Added:
    """Write record, sensor and input of a camera; a sensor of that name in the register keeps its place."""
    settings = load_settings(folder)
    city = City.load(city_folder(folder))
    name = slug(wanted.name) if wanted.name else _name_of(wanted.url, settings, city)
    camera = Camera(processing=record.id, pose=wanted.pose)
    check_camera(camera, name)
    made = sensor_of(name, [SIGHTING], spot, often=True)
    sensor = seeing(
        replace(
            made,
            name=wanted.name or made.name,
            level_max=Level.REDACTED,
            purpose="public safety",
            state=SourceState.IN_SERVICE,
            camera=camera,
        )
    )
    add_record(folder, record)
    if not register(folder, [sensor]):
        raise ConfigError(f"There is a sensor {name!r} already: choose another --name, or set it up in the console.")
    parameters: dict[str, Any] = {"url": wanted.url, "source": name, "group": wanted.group}
    if Path(wanted.url).exists() and not wanted.url.startswith("/dev/"):
        parameters |= {"url": str(Path(wanted.url).resolve()), "pace": "live", "loop": True}  # as if it were filmed now
    if wanted.user:
        keep_secret(folder, f"camera-{name}", wanted.password)
        parameters |= {"user": wanted.user, "secret": f"camera-{name}"}
    put_entry(folder / FILE, "inputs", name, {"kind": KIND, "parameters": parameters})
    return Added(input=name, sensor=sensor, processing=record)


def _name_of(url: str, settings: Settings, city: City) -> str:
    """A name for a camera that got none: that of its file, else camera-1 and so on."""
    taken = {*settings.inputs, *city.sensors}
    if "://" not in url and not url.startswith("/dev/"):
        return free_name(slug(Path(url).stem), taken)
    return free_name("camera-1", taken) if "camera-1" not in taken else free_name("camera", taken)


def preview(folder: Path, added: Added, wait_s: float = PREVIEW_S_MAX) -> Preview:
    """Look through the camera once, masked, and keep that picture beside the data.

    Raises ConfigError where pictures cannot be looked at here, or where none came in time.
    """
    resources = _resources(folder)
    settings = load_settings(folder)
    running = configured(
        member_of("sources", KIND), {"name": added.input, **settings.inputs[added.input].parameters}
    ).start(resources)
    perception = Perception(_perceivers(settings, resources))
    try:
        shown = _first(running, perception, wait_s)
    finally:
        running.close()
    body: MaskedPicture = shown.body
    path = data_of(folder) / "previews" / f"{added.input}.jpg"
    private_of(folder)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.write_bytes(body.jpeg)
    return Preview(path=path, persons=body.count, filled=body.filled, width=body.width, height=body.height)


def _first(running: Any, perception: Perception, wait_s: float) -> Reading[MaskedPicture]:  # noqa: ANN401  # any source
    end = time.monotonic() + wait_s
    seen = 0
    while time.monotonic() < end:
        delivered = running.next_batch(0.5)
        for reading in delivered.readings if delivered is not None else ():
            found = perception.perceive(reading, Level.REDACTED).readings
            seen += sum(isinstance(one.body, Tracks) for one in found)
            if shown := next((one for one in found if isinstance(one.body, MaskedPicture)), None):
                return cast("Reading[MaskedPicture]", shown)
    why = running.problem() or (f"{seen} pictures came, none with a sound mask" if seen else "no picture came")
    raise ConfigError(
        f"No masked picture within {wait_s:g} s: {why}. The camera is written down; `tocsin serve` retries."
    )


def _perceivers(settings: Settings, resources: Resources) -> list[Any]:
    from tocsin.app.house import declared

    return [start(one, resources) for one in declared("perceivers", settings).values() if of_pictures(one)]


def _resources(folder: Path) -> Resources:
    from tocsin.app.layout import secrets_of

    return Resources(city=City.load(city_folder(folder)), folder=data_of(folder), secrets=secrets_of(folder))
