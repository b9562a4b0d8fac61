"""What only the process around the perceivers knows of a camera's load: times per frame, pictures per second."""

from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from tocsin.contract.pictures import CameraLoad, MaskedPicture, Scene
from tocsin.model import Body, Reading

STEPS: dict[str, type[Body]] = {"detect_ms": Scene, "mask_ms": MaskedPicture}
"""Which body's makers take the time that is told under a name; who finds people also follows them."""

SHORT_S = 1.0
"""A shorter time tells no rate."""

SHORT = 0.9
"""Below this share of their rate, pictures are said to be few."""

REPORT_S = 30.0
"""So long without a report of the perceivers, and the process reports by itself, where pictures came."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the process knows when a report is made: of one camera its counts and problem, of all the time spent.

    `pictures` is the share of their rate at which masked pictures are made now.
    """

    counts: object
    problem: str
    looked: int
    spent_s: dict[str, float]
    pictures: float
    now: float

    def said(self, problem: str) -> str:
        """What keeps a camera short, of looks and of pictures."""
        few = f"Masked pictures come at {self.pictures:.0%} of their rate: looking comes first."
        return " ".join(filter(None, (problem or self.problem, few if self.pictures < SHORT else "")))


@dataclass(slots=True)
class Loads:
    """Counts of one input between two reports; completes those that perceivers make."""

    began: float
    frames: int = 0
    dropped: int = 0
    pictures: int = 0
    pictures_per_s: float = 0.0
    decoded: int = 0
    decode_s: float = 0.0
    spent_s: dict[str, float] = field(default_factory=dict)
    looked: int = 0
    last: Reading[Any] | None = field(default=None)
    reported: int = 0

    def count(self, reading: Reading[Any]) -> None:
        """A frame is about to be looked at."""
        self.frames += 1
        self.dropped += getattr(reading.body, "dropped", 0)
        self.last = reading

    def complete(self, readings: list[Reading[Any]], known: Known) -> list[Reading[Any]]:
        """The same readings, with what is known here written into a report of the load among them."""
        self.pictures += sum(isinstance(one.body, MaskedPicture) for one in readings)
        return [
            replace(one, body=self._report(one.body, known)) if isinstance(one.body, CameraLoad) else one
            for one in readings
        ]

    def overdue(self, known: Known) -> Reading[CameraLoad] | None:
        """A report of our own where frames came and no perceiver reports: a sign that the camera lives."""
        last, gone = self.last, known.now - self.began
        if last is None or gone < REPORT_S:
            return None
        blank = CameraLoad(frames_per_s=self.frames / gone, detections_per_s=0.0, pictures_per_s=0.0, dropped=0)
        body = self._report(replace(blank, dropped=self.dropped), known)
        self.reported += 1
        return replace(last, body=body, boot=f"{last.boot}/load", seq=self.reported)

    def _report(self, load: CameraLoad, known: Known) -> CameraLoad:
        gone, counts = known.now - self.began, known.counts
        if gone >= SHORT_S:  # else the rate before says more
            self.pictures_per_s = round(self.pictures / gone, 3)
        decoded = getattr(counts, "decoded", 0) - self.decoded
        decode_s = getattr(counts, "decode_s", 0.0) - self.decode_s
        looked = known.looked - self.looked
        steps = {name: _ms(spent - self.spent_s.get(name, 0.0), looked) for name, spent in known.spent_s.items()}
        made = replace(
            load,
            pictures_per_s=self.pictures_per_s,
            decode_ms=_ms(decode_s, decoded),
            width=load.width or getattr(counts, "width", 0),
            height=load.height or getattr(counts, "height", 0),
            problem=known.said(load.problem),
            **steps,
        )
        self.began, self.last = known.now, None
        self.frames = self.dropped = self.pictures = 0
        self.decoded, self.decode_s = self.decoded + decoded, self.decode_s + decode_s
        self.looked, self.spent_s = known.looked, dict(known.spent_s)
        return made


def _ms(seconds: float, count: int) -> float:
    return round(1000.0 * seconds / count, 3) if count > 0 else 0.0
