"""Which topics speak of something with two sides, and which side it is on: motion, doors, inputs, failures."""

from typing import NamedTuple

from tocsin.formats.onvif_events.messages import Message


class Side(NamedTuple):
    """A two-state sensor of a device: its name in words, and whether it is on the alarm side."""

    name: str
    active: bool


_KNOWN: tuple[tuple[str, str, str], ...] = (
    ("RuleEngine/CellMotionDetector/Motion", "IsMotion", "motion"),
    ("RuleEngine/MotionRegionDetector/Motion", "State", "motion"),
    ("VideoSource/MotionAlarm", "State", "motion"),
    ("VideoAnalytics/Motion", "State", "motion"),
    ("RuleEngine/FieldDetector/ObjectsInside", "IsInside", "object inside a field"),
    ("RuleEngine/LoiteringDetector/ObjectIsLoitering", "IsLoitering", "loitering"),
    ("RuleEngine/TamperDetector/Tamper", "IsTamper", "camera tampered with"),
    ("VideoSource/GlobalSceneChange", "State", "scene changed"),
    ("VideoSource/ImageTooDark", "State", "picture too dark"),
    ("VideoSource/ImageTooBright", "State", "picture too bright"),
    ("VideoSource/ImageTooBlurry", "State", "picture blurred"),
    ("VideoSource/SignalLoss", "State", "picture lost"),
    ("VideoSource/VideoLoss", "State", "picture lost"),
    ("AudioAnalytics/Audio/DetectedSound", "IsSoundDetected", "sound"),
    ("Device/Trigger/DigitalInput", "LogicalState", "input"),
    ("Device/Trigger/Relay", "LogicalState", "relay"),
    ("Device/HardwareFailure/FanFailure", "Failed", "fan failed"),
    ("Device/HardwareFailure/PowerSupplyFailure", "Failed", "power supply failed"),
    ("Device/HardwareFailure/StorageFailure", "Failed", "storage failed"),
    ("Device/HardwareFailure/TemperatureCritical", "Critical", "temperature critical"),
    ("Device/HardwareFailure", "", "hardware failed"),
    ("Door/State/DoorAlarm", "State", "door alarm"),
    ("Door/State/DoorTamper", "State", "door tampered with"),
    ("Door/State/DoorFault", "State", "door fault"),
    ("Door/State/DoorPhysicalState", "State", "door open"),
    ("DoorControl/DoorState", "State", "door open"),
    ("DoorControl/DoorAlarm", "State", "door alarm"),
    ("DoorControl/DoorForced", "State", "door alarm"),
    ("AccessPoint/State/Tampering", "Active", "reader tampered with"),
    ("UserAlarm", "", "user alarm"),
)
"""Topic (or how it begins), item that holds the state (empty: any that has two sides), name; the first that fits."""

_ACTIVE = frozenset(
    {
        "true",
        "1",
        "on",
        "active",
        "open",
        "dooropen",
        "doorforcedopen",
        "forcedopen",
        "dooropentoolong",
        "opentoolong",
        "forced",
        "tamperdetected",
        "faultdetected",
        "fault",
    }
)
_QUIET = frozenset(
    {"false", "0", "off", "inactive", "closed", "doorclosed", "normal", "notintamper", "notinfault", "none"}
)


def side_of(message: Message) -> Side | None:
    """The side that a message reports, or None where its topic has none, or its value is neither (`Unknown`).

    Inputs and relays of one device are told apart by their token.

    >>> side_of(Message(topic="Door/State/DoorAlarm", source={"DoorToken": "d1"}, data={"State": "DoorForcedOpen"}))
    Side(name='door alarm d1', active=True)
    """
    found = next((row for row in _KNOWN if f"{message.topic}/".startswith(f"{row[0]}/")), None)
    if found is None or message.operation == "Deleted":
        return None
    _, item, name = found
    values = message.data.values() if not item else [message.data.get(item, "")]
    active = next((side for value in values if (side := _side(value)) is not None), None)
    return None if active is None else Side(f"{name} {part_of(message)}".strip(), active)


def _side(value: str) -> bool | None:
    word = value.strip().lower()
    return True if word in _ACTIVE else False if word in _QUIET else None


def part_of(message: Message) -> str:
    """The token of the part that a message is about: a door, an input, a channel; empty where it names none."""
    tokens = [value for name, value in message.source.items() if "Token" in name or name in ("Source", "Index")]
    return tokens[0][:64] if tokens else ""
