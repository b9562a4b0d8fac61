"""Weapon-like things in people's hands, found by any detector of the registry; a slot, not a weapon model."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from tocsin.contract.pictures import Postures, Scene, WeaponCrop, Weapons
from tocsin.contract.protocols import Perceived
from tocsin.contract.resources import Resources
from tocsin.model import Body, ConfigError, ContractBroken, Level, NotFound, Reading
from tocsin.perceivers.weapons.parameters import ANALYTIC, Slot

if TYPE_CHECKING:
    from tocsin.inference.detector import Detector
    from tocsin.perceivers.weapons.looking import Looking


@dataclass(frozen=True, slots=True, kw_only=True)
class WeaponSlot(Slot):
    """Look at people's hands, at full resolution, with a model of the registry.

    A thing counts only with a person, and is confirmed where it was seen in `confirm_frames` of the last
    `confirm_of` looks at that person. Then the picture of it alone may be shown, all around it filled; the person
    stays masked. The model that comes with Tocsin knows kitchen knives on photos, poorly: bring your own.

    >>> WeaponSlot(model="city-weapons", labels=()).kind, [body.__name__ for body in WeaponSlot.gives]
    ('vision.weapons', ['Weapons', 'WeaponCrop'])
    """

    kind: ClassVar[str] = "vision.weapons"
    needs: ClassVar[Level] = Level.CLEAR
    accepts: ClassVar[tuple[type[Body], ...]] = (Scene, Postures)
    gives: ClassVar[tuple[type[Body], ...]] = (Weapons, WeaponCrop)

    def start(self, resources: Resources) -> "Looking":
        """Open the model, if any camera has it switched on.

        Raises ConfigError where the model is not on this machine, or does not know a label.
        """
        from tocsin.perceivers.weapons.looking import Looking

        return Looking(self, self._opened() if _wanted(resources) else None, resources)

    def _opened(self) -> "Detector":
        from tocsin.inference.opening import open_detector

        try:
            detector = open_detector(self.model, threads=self.threads, backend=self.backend)
        except NotFound as error:
            raise ConfigError(f"{error} Nobody is looked at for weapons without it.") from error
        if unknown := sorted(set(self.labels) - set(detector.names)):
            raise ConfigError(f"The model {self.model} does not know {unknown[0]!r}: take it out of `labels`.")
        return detector

    def perceive(self, reading: Reading[Scene]) -> Perceived:
        """A declaration looks at nobody: start it."""
        raise ContractBroken(f"vision.weapons was asked about {reading.source} before it was started: call start().")


def _wanted(resources: Resources) -> bool:
    """Whether any camera of the city has it switched on."""
    sensors = () if resources.city is None else resources.city.sensors.values()
    return any(sensor.camera is not None and ANALYTIC in sensor.camera.analytics for sensor in sensors)
