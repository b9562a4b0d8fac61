"""Short films for vision.people: pictures as readings, and what it says of them, one after the other."""

from tests.perceivers.blobs import picture
from tocsin.contract.examples import START_AT
from tocsin.contract.pictures import Frame
from tocsin.contract.raster import Raster
from tocsin.contract.resources import Resources
from tocsin.model import Origin, Reading


def frames(pictures, every_s=0.2, source="cam-1"):
    """Pictures of one camera at a steady pace."""
    return [
        Reading(
            at=START_AT + every_s * number,
            origin=Origin.SIMULATED,
            source=source,
            seq=number,
            body=Frame(picture=Raster.of(one), number=number, every_s=every_s),
        )
        for number, one in enumerate(pictures)
    ]


def walk(count, *, start=(151, 135), step=(4, 0)):
    """One person walking."""
    return [picture([(start[0] + n * step[0], start[1] + n * step[1])]) for n in range(count)]


class Film:
    """A running form, what it remembers, and how often its model ran per frame."""

    def __init__(self, member, resources=None):
        self.stage = member.start(resources or Resources())
        self.memory = None
        self.runs = []
        self._count()

    def show(self, readings):
        """The bodies made of each reading, by class."""
        said = []
        for reading in readings:
            self.runs.append(0)
            self.memory, perceived = self.stage.look(self.memory, reading)
            said.append({type(one.body): one.body for one in perceived.readings})
        return said

    def _count(self):
        detector = self.stage._detector

        class Counted:
            model, names = detector.model, detector.names

            def detect(_, crops, *, score_min):  # noqa: N805
                self.runs[-1] += len(crops)
                return detector.detect(crops, score_min=score_min)

        self.stage._detector = Counted()
