"""The picture without masks, for the minutes in which a person was cleared to see it; private areas stay filled."""

from dataclasses import dataclass
from typing import Any, ClassVar

from msgspec.structs import replace

from tocsin.contract.camera_views import Views, views
from tocsin.contract.pictures import ClearPicture, Scene
from tocsin.contract.protocols import Perceived
from tocsin.contract.resources import Resources
from tocsin.model import Body, ConfigError, ContractBroken, Level, Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearView:
    """Make clear pictures of a scene. It is not even run unless a clearance of level 4 holds for the camera.

    >>> ClearView().kind, [body.__name__ for body in ClearView.gives]
    ('vision.clear-view', ['ClearPicture'])
    """

    kind: ClassVar[str] = "vision.clear-view"
    needs: ClassVar[Level] = Level.CLEAR
    accepts: ClassVar[tuple[type[Body], ...]] = (Scene,)
    gives: ClassVar[tuple[type[Body], ...]] = (ClearPicture,)

    pictures_per_s: float = 2.0
    quality: int = 80

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        if not (self.pictures_per_s > 0 and 1 <= self.quality <= 100):
            raise ConfigError("vision.clear-view needs pictures_per_s above 0 and quality from 1 to 100.")

    def start(self, resources: Resources) -> "RunningClearView":
        """Ready to encode; raises ConfigError where OpenCV is missing."""
        try:
            import cv2
        except ImportError as error:
            raise ConfigError("Pictures need OpenCV: pip install 'tocsin[vision]'.") from error
        return RunningClearView(self, views(resources), cv2)

    def perceive(self, reading: Reading[Scene]) -> Perceived:
        """A declaration looks at nothing: start it."""
        raise ContractBroken(f"vision.clear-view was asked about {reading.source} before it was started: call start().")


class RunningClearView:
    """The perceiver at work. Its memory of a source is when it last gave a picture."""

    accepts: ClassVar[tuple[type[Body], ...]] = ClearView.accepts
    gives: ClassVar[tuple[type[Body], ...]] = ClearView.gives

    def __init__(self, declared: ClearView, seen_as: Views, cv2: Any) -> None:  # noqa: ANN401  # a module
        self._declared = declared
        self._views = seen_as
        self._cv2 = cv2

    def look(self, memory: float | None, reading: Reading[Scene]) -> tuple[float | None, Perceived]:
        """One picture, if it is time for one."""
        every_s = 1.0 / self._declared.pictures_per_s
        if memory is not None and memory <= reading.at < memory + every_s:
            return memory, Perceived()
        since_s = every_s if memory is None else min(max(reading.at - memory, 0.0), 2 * every_s)
        body = self._picture(reading.body, reading.source, since_s)
        return reading.at, Perceived(readings=(replace(reading, body=body),))

    def _picture(self, scene: Scene, source: str, every_s: float) -> ClearPicture:
        import numpy as np

        picture = np.array(scene.frame.array)
        height, width = picture.shape[:2]
        for ring in self._views.of(source).camera.private:
            corners = np.rint(np.asarray(ring) * (width, height)).astype(np.int32)
            self._cv2.fillPoly(picture, [corners], (40, 40, 40))
        _, encoded = self._cv2.imencode(".jpg", picture, [self._cv2.IMWRITE_JPEG_QUALITY, self._declared.quality])
        count = scene.labels.count("person")
        return ClearPicture(
            jpeg=encoded.tobytes(), width=width, height=height, of=scene.frame.number, count=count, every_s=every_s
        )
