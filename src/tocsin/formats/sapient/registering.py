"""What an edge node says of itself and reports: registration, status, detection, as contents of messages."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from tocsin.formats.sapient.messages import ICD

_DEGREES = {
    "location_units": "LOCATION_COORDINATE_SYSTEM_LAT_LNG_DEG_M",
    "location_datum": "LOCATION_DATUM_WGS84_E",
}


class Role(Struct, frozen=True, kw_only=True):
    """What a node is: its type by the standard's name (`CAMERA`, `FUSION_NODE`), what it detects, what it takes.

    `classes` are the classes that it may report, `values` those of numbers beside a detection with their units,
    `commands` what it may be asked for, by the standard's names (`REQUEST`, `LOOK_AT`).
    """

    name: str
    type: str
    short_name: str = ""
    interval_s: float = 5.0
    classes: tuple[str, ...] = ()
    values: Mapping[str, str] = {}
    commands: tuple[str, ...] = ("REQUEST",)
    maker: str = "Tocsin"
    model: str = "Tocsin"
    version: str = ""


def registration(role: Role) -> dict[str, Any]:
    """The registration of a node with one mode, in degrees (WGS 84)."""
    told: dict[str, Any] = {
        "node_definition": [{"node_type": f"NODE_TYPE_{role.type}"}],
        "icd_version": ICD,
        "name": role.name,
        "capabilities": [{"category": "Detection", "type": one} for one in role.classes or ("None",)],
        "status_definition": {
            "status_interval": _seconds(role.interval_s),
            "location_definition": _DEGREES,
            "status_report": [{"category": "STATUS_REPORT_CATEGORY_STATUS", "type": "System"}],
        },
        "mode_definition": [_mode(role)],
        "config_data": [{"manufacturer": role.maker, "model": role.model, "software_version": role.version or "0"}],
    }
    if role.short_name:
        told["short_name"] = role.short_name
    return {"registration": told}


def _seconds(value: float) -> dict[str, Any]:
    return {"units": "TIME_UNITS_SECONDS", "value": value}


def _mode(role: Role) -> dict[str, Any]:
    commands = [
        {"type": f"COMMAND_TYPE_{one}", "units": "-", "completion_time": _seconds(5.0)} for one in role.commands
    ]
    region = {"region_type": ["REGION_TYPE_AREA_OF_INTEREST"], "region_area": [_DEGREES]}
    return {
        "mode_name": "Default",
        "mode_type": "MODE_TYPE_PERMANENT",
        "settle_time": _seconds(0.0),
        "detection_definition": [_detects(role)] if role.classes else [],
        "task": {"concurrent_tasks": 1, "region_definition": region, "command": commands},
    }


def _detects(role: Role) -> dict[str, Any]:
    values = [
        {"category": "DETECTION_REPORT_CATEGORY_OBJECT", "type": name, "units": unit}
        for name, unit in role.values.items()
    ]
    return {
        "location_type": _DEGREES,
        "detection_report": values,
        "detection_class_definition": [
            {
                "confidence_definition": "CONFIDENCE_DEFINITION_MULTI_CLASS",
                "class_definition": [{"type": one, "units": "probability"} for one in role.classes],
            }
        ],
    }


def status(
    report_id: str,
    *,
    system: str = "OK",
    new: bool = True,
    mode: str = "Default",
    location: Mapping[str, Any] | None = None,
    coverage: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A status report; `location` is the place of the node, as `at_lon_lat` makes it, `coverage` a `sector`."""
    told: dict[str, Any] = {
        "report_id": report_id,
        "system": f"SYSTEM_{system}",
        "info": "INFO_NEW" if new else "INFO_UNCHANGED",
        "mode": mode,
    }
    if location is not None:
        told["node_location"] = dict(location)
    if coverage is not None:
        told["coverage"] = [{"range_bearing": dict(coverage)}]
    return {"status_report": told}


def detection(
    report_id: str,
    object_id: str,
    location: Mapping[str, Any],
    classes: Sequence[tuple[str, float]],
    values: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """A detection report at a location, with classes and their confidence, and values beside it."""
    told: dict[str, Any] = {
        "report_id": report_id,
        "object_id": object_id,
        "location": dict(location),
        "classification": [{"type": name, "confidence": confidence} for name, confidence in classes],
    }
    if classes:
        told["detection_confidence"] = max(confidence for _, confidence in classes)
    if values:
        told["object_info"] = [{"type": name, "value": value} for name, value in values.items()]
    return {"detection_report": told}
