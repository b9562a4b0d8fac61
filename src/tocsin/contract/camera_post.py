"""What a detector at a camera asks before it judges: may it run here, is this seen well enough, where is it."""

from dataclasses import dataclass, field
from math import hypot, isfinite, sqrt
from typing import Any, Protocol

from msgspec.structs import replace

from tocsin.contract.analytics import VEHICLES, Analytic, Analytics, Density, seen_well_enough
from tocsin.contract.camera_views import CameraView, Views, views
from tocsin.contract.pictures import Box, Track
from tocsin.contract.resources import Resources
from tocsin.model import Observation, Place

PERSON, VEHICLE, OTHER = "person", "vehicle", "other"
"""Grades of what a track is."""

UNSURE_M = 2.0
"""Radius of a place on the ground where a track says nothing of its own uncertainty."""

AXES_95 = 2.45
"""Standard deviations that hold 95 % of a round normal distribution in the plane."""


def sort_of(label: str) -> str:
    """What a track is, in one of three words.

    >>> sort_of("person"), sort_of("truck"), sort_of("dog")
    ('person', 'vehicle', 'other')
    """
    return PERSON if label == PERSON else VEHICLE if label in VEHICLES else OTHER


def is_named(label: str, names: tuple[str, ...]) -> bool:
    """Whether a class is among names; `vehicle` names all that is driven or ridden.

    >>> is_named("truck", ("vehicle",)), is_named("person", ("vehicle",))
    (True, False)
    """
    return label in names or (label in VEHICLES and VEHICLE in names)


class OfCameras(Protocol):
    """A declaration that can be switched on and off for each camera."""

    @property
    def kind(self) -> str:
        """What it is called."""
        ...

    @property
    def on_by_default(self) -> bool:
        """Whether it runs where nobody chose."""
        ...


class Labelled(Protocol):
    """What has a class and a box."""

    @property
    def label(self) -> str:
        """Its class."""
        ...

    @property
    def box(self) -> Box:
        """Its box in the picture."""
        ...


@dataclass(frozen=True)
class Post:
    """One kind of detector at all cameras: its views are read once and never change."""

    kind: str
    by_default: bool
    analytic: Analytic
    views: Views
    _densities: dict[str, Density] = field(default_factory=dict)

    @classmethod
    def of(cls, member: OfCameras, resources: Resources) -> "Post":
        """The post of a member that starts."""
        analytic = Analytics.load(resources).of(member.kind)
        return cls(member.kind, member.on_by_default, analytic, views(resources))

    def view(self, source: str) -> CameraView | None:
        """The view of a camera; None where this analytic may not run, or is not switched on."""
        view = self.views.of(source)
        return view if view.allows(self.kind, by_default=self.by_default) else None

    def sees(self, view: CameraView, of: Labelled) -> bool:
        """Whether a track (or the visit that it is of) stands where the picture has pixels enough for this analytic."""
        density = self._densities.get(view.source)
        if density is None:
            density = self._densities[view.source] = Density(view)
        return seen_well_enough(density, view, self.analytic, of.label, of.box)

    def sees_spot(self, view: CameraView, x: float, y: float) -> bool:
        """The same for a point on the ground that nothing of known size stands on."""
        if view.ground is None:
            return True
        density = self._densities.setdefault(view.source, Density(view)).near((x, y))
        return density is not None and density >= self.analytic.least("")


def where(view: CameraView, fact: Observation[Any], track: Track, name: str = "") -> Place | None:
    """Where a track stands, with its uncertainty, else where its camera stands; `name` is what people call it."""
    place = fact.place
    stands = stands_at(track)
    if stands is not None and view.camera.calibrated:
        place = view.at(*stands, radius_m(track))
        if fact.place is not None:
            place = replace(place, building=fact.place.building, floor=fact.place.floor)
            name = name or fact.place.name
    return replace(place, name=name) if place is not None and name else place


def stands_at(track: Track) -> tuple[float, float] | None:
    """Metres east and north of its camera; None where a track says none, or no numbers."""
    if track.east_m is None or track.north_m is None or not isfinite(track.east_m + track.north_m):
        return None
    return track.east_m, track.north_m


def radius_m(track: Track) -> float:
    """The radius around a track's place that holds it with 95 %."""
    return UNSURE_M if track.covariance_m2 is None else AXES_95 * unsure_m(track)


def unsure_m(track: Track) -> float:
    """Standard deviation of a track's place along its less certain axis, metres; 0 where it says nothing of it."""
    ee, en, nn = track.covariance_m2 or (0.0, 0.0, 0.0)
    return sqrt(max(0.0, (ee + nn) / 2 + hypot((ee - nn) / 2, en)))
