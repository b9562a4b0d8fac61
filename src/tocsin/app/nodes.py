"""`tocsin add sapient`: wait for nodes, say what they are, write the input and the sensors; or name a parent."""

import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from tocsin.app.config import FILE, load_settings
from tocsin.app.edit import put_entry
from tocsin.app.layout import city_folder, free_name
from tocsin.app.registering import RANGE_M, SEES, register
from tocsin.city.context import City
from tocsin.city.registry import Coverage, Sensor
from tocsin.contract.bodies import Introduction
from tocsin.contract.protocols import Delivered
from tocsin.contract.resources import Resources
from tocsin.engine.parent import Papers, way_to
from tocsin.model import Level, Place, Reading, SourceState
from tocsin.sources.sapient import SapientNodes

KIND = "feed.sapient"
PREFIX = "sapient-"
"""How a node that nobody knows is called as a source: with its UUID behind it."""

SILENT_S = 60.0
"""How long a node's promise holds that was not heard yet; from then on its own counts."""


class Met(Struct, frozen=True, kw_only=True):
    """A node that registered while we listened: its UUID, what it says of itself, and where it is."""

    node: str
    said: Introduction
    place: Place | None = None


def meet(declared: SapientNodes, wait_s: float) -> list[Met]:
    """The nodes that register within `wait_s`, by name; raises ConfigError where the port cannot be had."""
    running = declared.start(Resources(token_key=b"tocsin add sapient"))
    met: dict[str, Met] = {}
    try:
        end = time.monotonic() + wait_s
        while (left_s := end - time.monotonic()) > 0:
            delivered = running.next_batch(min(left_s, 0.5))
            met |= {one.node: one for one in _introduced(delivered)}
    finally:
        running.close()
    return sorted(met.values(), key=lambda one: (one.said.name, one.node))


def _introduced(delivered: Delivered | None) -> list[Met]:
    readings: Sequence[Reading[Any]] = delivered.readings if delivered is not None else ()
    return [
        Met(node=one.source.removeprefix(PREFIX), said=one.body, place=one.place)
        for one in readings
        if isinstance(one.body, Introduction)
    ]


def sensor_named(met: Met, id: str, centre: Place) -> Sensor:
    """The sensor that a node is: place and coverage are its own word, and marked as assumed."""
    said = met.said
    family: Any = said.family
    return Sensor(
        id=id,
        family=family,
        name=said.name,
        place=met.place or Place(lon=centre.lon, lat=centre.lat, radius_m=500.0),
        coverage=Coverage(
            range_m=said.range_m or RANGE_M.get(said.family, 100.0),
            bearing_deg=said.bearing_deg,
            field_deg=said.field_deg,
            p_detect=0.6,
            assumed=("place", "range_m", "bearing_deg", "p_detect"),
        ),
        sees=SEES.get(said.family, ()),
        silent_after_s=SILENT_S,
        state=SourceState.IN_SERVICE,
        level_max=Level.ANONYMOUS,
        purpose="public safety",
    )


def write_input(folder: Path, declared: SapientNodes, accepted: Sequence[Met]) -> tuple[str, list[Sensor]]:
    """Write the input with its nodes, and their sensors; gives the input's name and the new sensors.

    An input that listens to this port already is extended.
    """
    settings = load_settings(folder)
    known = {name: plan for name, plan in settings.inputs.items() if plan.kind == KIND}
    name = next((one for one, plan in known.items() if plan.parameters.get("port", 0) == declared.port), "")
    parameters = dict(known[name].parameters) if name else {}
    name = name or free_name("sapient", set(settings.inputs))
    parameters |= _listening(declared)
    nodes = dict(parameters.get("nodes", {}))
    city = City.load(city_folder(folder))
    taken = set(city.sensors)
    sensors = []
    for met in accepted:
        source = nodes.get(met.node, {}).get("source") or free_name(_slug(met.said.name), taken)
        taken.add(source)
        nodes[met.node] = {**nodes.get(met.node, {}), "source": source}
        sensors.append(sensor_named(met, source, city.centre))
    put_entry(folder / FILE, "inputs", name, {"kind": KIND, "parameters": {**parameters, "nodes": nodes}})
    return name, register(folder, sensors)


def _listening(declared: SapientNodes) -> dict[str, Any]:
    papers = {name: getattr(declared, name) for name in ("certificate", "private_key", "client_ca")}
    return {"host": declared.host, "port": declared.port, **{key: value for key, value in papers.items() if value}}


def _slug(name: str) -> str:
    """A name as an id.

    >>> _slug("Roof radar #2")
    'roof-radar-2'
    """
    return "-".join(re.findall(r"[a-z0-9]+", name.lower()))[:60] or "node"


def add_parent(folder: Path, url: str, papers: Papers) -> str:
    """Write the outlet to a parent fusion node, and that it is told of incidents; gives the outlet's name.

    Raises ConfigError for an address that cannot work.
    """
    settings = load_settings(folder)
    way_to(url, papers)
    known = [name for name, plan in settings.outlets.items() if plan.kind == "sapient" and plan.url == url]
    name = known[0] if known else free_name("parent", set(settings.outlets))
    paths = {"ca_file": papers.ca_file, "certificate": papers.certificate, "private_key": papers.private_key}
    plan = {"kind": "sapient", "url": url, **{key: value for key, value in paths.items() if value}}
    put_entry(folder / FILE, "outlets", name, plan)
    put_entry(folder / FILE, "members", "export.sapient", {"outlet": name})
    return name
