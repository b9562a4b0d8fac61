"""What stands in the city and senses: Sensor, its Coverage, and the asset that it also is."""

from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from tocsin.city.cameras import Camera
from tocsin.model import Asset, Level, Place, SourceState, Validity

Family = Literal["gas", "radiation", "crowd", "camera", "network", "wind", "contact", "sound", "screening", "other"]
"""The classes of sensors; they choose glyph, silence time and counter-evidence."""


class Coverage(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a healthy sensor can see: a disc, or the sector of `field_deg` around `bearing_deg`.

    `bearing_deg` is clockwise from north, None where unknown. `p_detect` is the probability
    that an event of its hazards right beside it is noticed. `assumed` names the fields that
    nobody measured, such as `bearing_deg`: they are shown as assumed and can be edited.
    """

    range_m: float
    bearing_deg: float | None = None
    field_deg: float = 360.0
    p_detect: float = 0.9
    assumed: tuple[str, ...] = ()


class Sensor(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One sensor of the city, by the id that its readings carry as `source`.

    `sees` names hazards (toxic, radiation, crowd, cyber, …) on which its silence is evidence;
    empty where it delivers no observation of its own. `serves` names assets or services that
    depend on it, `level_max` the highest level of intrusion that it may ever be asked for. `camera` is
    what is set up for one whose pictures we take.
    """

    id: str
    family: Family
    name: str
    place: Place
    coverage: Coverage
    sees: tuple[str, ...] = ()
    silent_after_s: float = 60.0
    state: SourceState = SourceState.STAGED
    addresses: tuple[str, ...] = ()
    serves: tuple[str, ...] = ()
    level_max: Level = Level.AMBIENT
    purpose: str = ""
    mapping: str = ""
    invented: bool = False
    validity: Validity = Validity()
    camera: Camera | None = None

    def aimed(self, bearing_deg: float, field_deg: float) -> "Sensor":
        """The same sensor as a person aimed it: direction and field are no longer assumed."""
        kept = tuple(name for name in self.coverage.assumed if name not in {"bearing_deg", "field_deg"})
        coverage = replace(self.coverage, bearing_deg=bearing_deg % 360.0, field_deg=field_deg, assumed=kept)
        return replace(self, coverage=coverage)

    def asset(self) -> Asset:
        """The same sensor as a thing that can be attacked or hurt."""
        return Asset(
            id=self.id,
            kind=f"sensor.{self.family}",
            name=self.name,
            place=self.place,
            addresses=self.addresses,
            serves=self.serves,
            validity=self.validity,
            assumed=self.coverage.assumed,
        )
