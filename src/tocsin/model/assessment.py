"""What a finding knows beyond its place: regions on the map, and numbers with their uncertainty."""

from msgspec import Struct

Ring = tuple[tuple[float, float], ...]
"""A closed line of (lon, lat), degrees (WGS 84), the first point again as the last."""


class Extent(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A region or line on the map that a finding is about, as it is thought to be at `at` (seconds UTC).

    `kind` is what it means: region (where something is, with the given `probability`), footprint (where a level is
    exceeded), plume, isolation, protective-action, ellipse, path (`rings` are open lines), error. `label` is short and
    plain ("AEGL-2 in 10 min"). `rings` are one or more closed outlines; a ring inside another is a hole.
    """

    kind: str
    label: str
    rings: tuple[Ring, ...]
    at: float | None = None
    probability: float | None = None
    measure: float | None = None
    unit: str = ""
    people: int | None = None


class Figure(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A number that a finding concludes, with its 90 % interval where one is known.

    `name` is the field's own word ("released amount"); `unit` a UCUM code; `field_value` and `field_unit` the same in
    the unit that responders use, where it is another; `note` says what to think of it.
    """

    name: str
    value: float
    unit: str
    low: float | None = None
    high: float | None = None
    field_value: float | None = None
    field_unit: str = ""
    note: str = ""
