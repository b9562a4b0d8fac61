"""A JSON payload of a device as typed values, by a declared mapping with units."""

from tocsin.formats.mapping.declare import Condition, Mapping, Value, checked
from tocsin.formats.mapping.guess import Proposal, propose
from tocsin.formats.mapping.read import Mapped, Reader
from tocsin.formats.mapping.units import possible_units, ppm_of

__all__ = [
    "Condition",
    "Mapped",
    "Mapping",
    "Proposal",
    "Reader",
    "Value",
    "checked",
    "possible_units",
    "ppm_of",
    "propose",
]
