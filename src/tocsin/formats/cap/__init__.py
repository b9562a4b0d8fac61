"""CAP 1.2, the Common Alerting Protocol (OASIS Standard, 1 July 2010): nouns, XML, checks beyond the schema."""

from tocsin.formats.cap.alert import (
    Alert,
    Area,
    Circle,
    Info,
    Named,
    Resource,
    Ring,
    Status,
    cap_time,
    reference,
    seconds,
)
from tocsin.formats.cap.check import advice, check, problems
from tocsin.formats.cap.xml import BYTES_MAX, NAMESPACE, decode, encode

__all__ = [
    "BYTES_MAX",
    "NAMESPACE",
    "Alert",
    "Area",
    "Circle",
    "Info",
    "Named",
    "Resource",
    "Ring",
    "Status",
    "advice",
    "cap_time",
    "check",
    "decode",
    "encode",
    "problems",
    "reference",
    "seconds",
]
