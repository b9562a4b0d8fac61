"""The library of nuclides of the content, as the physics takes it."""

from typing import Any

from tocsin.contract.resources import Resources
from tocsin.model import ConfigError
from tocsin.physics.radiation.nuclides import Nuclide

TABLE = "radiation/nuclides.yaml"

USES = ("industry", "medicine", "nature", "special")
"""Where a nuclide is met with: `special` is nuclear material."""


def nuclides_from(resources: Resources) -> tuple[Nuclide, ...]:
    """Every nuclide of the table, strongest line first; raises ConfigError naming what is wrong.

    >>> [one.lines for one in nuclides_from(Resources()) if one.name == "Cs-137"]
    [((661.657, 85.1),)]
    """
    document = resources.document(TABLE)
    return tuple(_nuclide(name, row) for name, row in document["nuclides"].items())


def doses_from(resources: Resources) -> dict[str, float]:
    """Ambient dose rate at 1 m of 1 MBq, µSv/h, per nuclide."""
    return {name: float(row["dose_uSv_h_m2_MBq"]) for name, row in resources.document(TABLE)["nuclides"].items()}


def doubt_of(resources: Resources) -> str:
    """What to say of the table while nobody has verified it; empty where somebody has."""
    status = str(resources.document(TABLE).get("status", "unverified"))
    return "" if status.startswith("read ") else status


def _nuclide(name: str, row: dict[str, Any]) -> Nuclide:
    try:
        lines = sorted(((float(a), float(b)) for a, b in row["lines"].items()), key=lambda line: (-line[1], line[0]))
        use = str(row["use"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigError(f"{TABLE}: {name} needs use, dose_uSv_h_m2_MBq and lines: {error!r}.") from error
    if use not in USES or not lines:
        raise ConfigError(f"{TABLE}: {name} needs lines, and a use of {', '.join(USES)}.")
    return Nuclide(name, tuple(lines), use)
