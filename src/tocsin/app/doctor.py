"""`tocsin doctor` and `tocsin check-config`: what is wrong, in plain words, and what to do."""

import dataclasses
import os
import shutil
import socket
import sqlite3
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from tocsin.app.config import EMBEDDED, MemberPlan, Settings, load_settings
from tocsin.app.layout import secrets_of
from tocsin.city.context import City
from tocsin.contract.resources import Resources, content_folder
from tocsin.contract.walk import configured, member_of, members
from tocsin.engine.outlets import is_loopback
from tocsin.model import ConfigError, SourceState, TocsinError

FREE_BYTES_MIN = 2 * 2**30
"""Below this much free disk the doctor worries: a day of a busy city is about as much."""

REFUSED_TOLD_MAX = 10
"""Most refused rules that are told one by one."""


@dataclass(frozen=True)
class Complaint:
    """One thing that is wrong (`bad`) or worth knowing, with what to do."""

    text: str
    bad: bool = True


def check_config(folder: Path) -> list[Complaint]:
    """Everything in the configuration that would not work, without starting anything."""
    try:
        settings = load_settings(folder)
    except TocsinError as error:
        return [Complaint(str(error))]
    return [complaint for check in CONFIG_CHECKS for complaint in _tried(check, folder, settings)]


def doctor(folder: Path) -> list[Complaint]:
    """The configuration, and the machine that shall run it."""
    complaints = check_config(folder)
    if not any(complaint.bad for complaint in complaints):
        settings = load_settings(folder)
        for check in MACHINE_CHECKS:
            complaints.extend(_tried(check, folder, settings))
    return complaints


def _tried(check: Callable[[Path, Settings], Iterator[Complaint]], folder: Path, settings: Settings) -> list[Complaint]:
    try:
        return list(check(folder, settings))
    except TocsinError as error:
        return [Complaint(str(error))]


def _members(_folder: Path, settings: Settings) -> Iterator[Complaint]:
    from tocsin.app.house import check_members, declared

    check_members(settings)
    for package in ("detectors", "fusion", "perceivers", "responders"):
        declared(package, settings)
    yield from ()


def _city(folder: Path, settings: Settings) -> Iterator[Complaint]:
    city = City.load(folder / settings.city)
    if not city.map.buildings.features:
        yield Complaint("There is no map yet: `tocsin add map FILE.osm.pbf` imports one.", bad=False)
    if not city.sensors:
        yield Complaint("There are no sensors yet: `tocsin add mqtt` listens and proposes some.", bad=False)
    staged = [sensor.id for sensor in city.sensors.values() if sensor.state is SourceState.STAGED]
    if staged:
        waiting = f"{len(staged)} sensors wait to be accepted on the Devices page, such as {staged[0]}."
        yield Complaint(waiting, bad=False)
    for sensor in city.sensors.values():
        if not sensor.purpose and sensor.level_max > 0:
            yield Complaint(f"Sensor {sensor.id} looks at people but states no purpose: add `purpose`.")
    unplaced = [sensor.id for sensor in city.sensors.values() if "place" in sensor.coverage.assumed]
    if unplaced:
        text = (
            f"Sensors with an assumed place: {len(unplaced)}, such as {unplaced[0]}. Correct `place` in sensors.yaml."
        )
        yield Complaint(text, bad=False)


def _inputs(folder: Path, settings: Settings) -> Iterator[Complaint]:
    for name, plan in settings.inputs.items():
        try:
            source = configured(member_of("sources", plan.kind), {"name": name, **plan.parameters})
            _check_input(folder, settings, plan)
            if hasattr(source, "check"):
                source.check(Resources(secrets=secrets_of(folder)))
        except TocsinError as error:
            yield Complaint(f"Input {name!r}: {error}")
            continue
        if _lacks_file(plan):
            text = f"Input {name!r}: there is no file {plan.parameters['path']} (yet): start what writes it."
            yield Complaint(text, bad=False)
        yield from _in_clear(name, source)
    if not settings.inputs:
        yield Complaint("Nothing is listened to yet: `tocsin add mqtt` or `tocsin add log`.", bad=False)


def _in_clear(name: str, source: object) -> Iterator[Complaint]:
    """One that listens beyond this machine, and could do so by TLS, should."""
    host, certificate = getattr(source, "host", ""), getattr(source, "certificate", None)
    if host and certificate == "" and not is_loopback(host):
        text = f"Input {name!r} listens on {host} without TLS: anybody there can speak for its nodes. Set certificate."
        yield Complaint(text, bad=False)


def _cameras(folder: Path, settings: Settings) -> Iterator[Complaint]:
    """Cameras that would not start: without a record of processing, or without the models that look at pictures."""
    from tocsin.app.reporting import unrecorded

    if not any(plan.kind == "camera.video" for plan in settings.inputs.values()):
        return
    for name in unrecorded(folder):
        yield Complaint(f"Camera {name} does not start: `tocsin add camera` writes the record that it lacks.")
    for kind, model in _models_of(settings):
        if not model.is_file():
            yield Complaint(f"{kind} needs the model {model.stem}: `tocsin models fetch {model.stem}` gets it.")


def _models_of(settings: Settings) -> Iterator[tuple[str, Path]]:
    """The perceivers of pictures, each with the models that it opens."""
    from tocsin.app.house import declared
    from tocsin.engine.setting_up import of_pictures
    from tocsin.inference.folder import models_folder

    for kind, member in declared("perceivers", settings).items():
        named = (getattr(member, "model", ""), *getattr(member, "models", ()), getattr(member, "faces", ""))
        for name in filter(None, named if of_pictures(member) else ()):
            yield kind, models_folder() / f"{name}.onnx"


def _lacks_file(plan: MemberPlan) -> bool:
    return plan.kind == "tail" and not Path(plan.parameters["path"]).exists()


def _check_input(folder: Path, settings: Settings, plan: MemberPlan) -> None:
    """What its declaration alone does not show: folders, mappings, secrets, the broker."""
    given = plan.parameters
    if plan.kind == "tail" and not Path(given["path"]).parent.is_dir():
        message = f"There is no folder {Path(given['path']).parent}: correct `path`."
        raise ConfigError(message)
    if plan.kind != "mqtt":
        return
    from tocsin.contract.intake import Routes
    from tocsin.sources.mqtt import address_of

    Routes(given["routes"], given.get("mappings", {}), Resources())
    if given["url"] != EMBEDDED:
        address_of(given["url"])
    elif not settings.broker.enabled:
        message = "It listens to the embedded broker, which is off: set `enabled: true` under `broker`."
        raise ConfigError(message)
    if given.get("secret"):
        Resources(secrets=secrets_of(folder)).secret(given["secret"])


def _devices(_folder: Path, settings: Settings) -> Iterator[Complaint]:
    """Devices need topics that the broker can take, and somebody who listens to them."""
    from tocsin.engine.broker import subjects_of

    for name, device in settings.devices.items():
        try:
            _ = [subjects_of(topic) for topic in device.publish]
        except TocsinError as error:
            yield Complaint(f"Device {name!r}: {error}")
    urls = [plan.parameters.get("url") for plan in settings.inputs.values()]
    if settings.devices and EMBEDDED not in urls:
        text = (
            "Devices may publish, but nobody listens to them yet: `tocsin add mqtt embedded` proposes how to read them."
        )
        yield Complaint(text, bad=False)


def _outlets(_folder: Path, settings: Settings) -> Iterator[Complaint]:
    for name, plan in settings.outlets.items():
        if plan.kind not in ("folder", "http", "syslog", "sapient"):
            yield Complaint(f"Outlet {name!r} has kind {plan.kind!r}: choose folder, http, syslog or sapient.")
        elif plan.kind == "folder" and not plan.folder:
            yield Complaint(f"Outlet {name!r} is a folder but names none: add `folder: out`.")
        elif plan.kind != "folder" and not plan.url:
            yield Complaint(f"Outlet {name!r} has no address: add `url`.")


def _policies(_folder: Path, settings: Settings) -> Iterator[Complaint]:
    from tocsin.gate.policy import Policies

    Policies.load(content_folder() / "policies", *(Path(name) for name in settings.policies))
    yield from ()


def _listening(_folder: Path, settings: Settings) -> Iterator[Complaint]:
    web, broker = settings.web, settings.broker
    for what, plan in (("web", web), ("broker", broker)):
        if plan.host not in ("127.0.0.1", "::1", "localhost") and not (plan.certificate and plan.private_key):
            yield Complaint(f"{what} would listen on {plan.host} without TLS: set certificate and private_key.")


def _tables(_folder: Path, _settings: Settings) -> Iterator[Complaint]:
    for name in ("fusion/hazards.yaml", "fusion/relations.yaml", "agents/aegl.yaml"):
        Resources().document(name)
    yield from ()


def _rules(folder: Path, _settings: Settings) -> Iterator[Complaint]:
    """Rules that cannot be used are worth knowing, and no reason not to start: the others run."""
    from tocsin.app.rulefiles import book_of

    book = book_of(folder)
    for one in book.loaded.refused[:REFUSED_TOLD_MAX]:
        yield Complaint(
            f"{one.path}, line {one.line}: this rule is not in force ({one.feature}: {one.reason})", bad=False
        )
    if len(book.loaded.refused) > REFUSED_TOLD_MAX:
        more = len(book.loaded.refused) - REFUSED_TOLD_MAX
        yield Complaint(f"{more} more rules are not in force: `tocsin sigma list --city {folder}` has all.", bad=False)


def _ports(_folder: Path, settings: Settings) -> Iterator[Complaint]:
    wanted = [("console", settings.web.host, settings.web.port)]
    if settings.broker.enabled:
        wanted.append(("MQTT", settings.broker.host, settings.broker.port))
    for what, host, port in wanted:
        with socket.socket() as probe:
            if port and probe.connect_ex((host, port)) == 0:
                yield Complaint(f"Port {port} for {what} is taken: is Tocsin running already? Else choose another.")


def _disk(folder: Path, _settings: Settings) -> Iterator[Complaint]:
    free = shutil.disk_usage(folder).free
    if free < FREE_BYTES_MIN:
        yield Complaint(f"Only {free / 2**30:.1f} GiB of disk are free at {folder}: make room.")
    if not os.access(folder, os.W_OK):
        yield Complaint(f"{folder} cannot be written by this account.")


def _private(folder: Path, _settings: Settings) -> Iterator[Complaint]:
    from tocsin.app.layout import data_of

    private = data_of(folder) / "private"
    if private.exists() and private.stat().st_mode & 0o077:
        yield Complaint(f"{private} is open to other accounts: chmod 700 {private}.")


def _versions(_folder: Path, _settings: Settings) -> Iterator[Complaint]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Complaint(f"Python {version}, SQLite {sqlite3.sqlite_version}.", bad=False)


CONFIG_CHECKS = (_members, _city, _inputs, _cameras, _devices, _outlets, _policies, _listening, _tables, _rules)
MACHINE_CHECKS = (_versions, _ports, _disk, _private)


def member_rows() -> list[dict[str, Any]]:
    """Every member with its parameters and their defaults, as the code declares them."""
    rows = []
    for package in ("sources", "perceivers", "detectors", "fusion", "responders"):
        for member in members(package):
            fields = dataclasses.fields(cast("Any", member))
            rows.append(
                {
                    "package": package,
                    "kind": cast("Any", member).kind,
                    "needs": int(cast("Any", member).needs),
                    "parameters": {field.name: _default(field) for field in fields},
                }
            )
    return rows


def _default(field: "dataclasses.Field[Any]") -> str:
    if field.default is not dataclasses.MISSING:
        return repr(field.default)
    return "required" if field.default_factory is dataclasses.MISSING else repr(field.default_factory())
