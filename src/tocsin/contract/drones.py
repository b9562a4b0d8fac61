"""A drone that says where it is: what Remote ID tells of the aircraft, and nothing of who flies it."""

from typing import ClassVar

from tocsin.model import Body, Level


class Drone(Body, frozen=True, tag="drone.remote-id/1"):
    """One report of one aircraft; the place of its reading is where it says it is.

    `aircraft` is a pseudonym of its id (empty: it tells none), `height_m` above take-off, or above ground where
    `over_ground`. The pilot's id, text and place are broadcast as well, and never taken in.
    """

    level: ClassVar[Level] = Level.ANONYMOUS
    aircraft: str
    id_kind: str = ""
    type: str = "undeclared"
    state: str = "undeclared"
    height_m: float | None = None
    over_ground: bool = False
    altitude_m: float | None = None
    speed_m_s: float | None = None
    direction_deg: float | None = None
    climb_m_s: float | None = None
    category: str = ""
