"""What only the process around the perceivers knows of a camera's load: times per frame, pictures per second."""

from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from tocsin.contract.pictures import CameraLoad, MaskedPicture
from tocsin.model import Reading

REPORT_S = 15.0
"""So long without a report of the perceivers, and the process reports by itself, where pictures came."""


@dataclass(slots=True)
class Loads:
    """Counts of one input between two reports; completes those that perceivers make."""

    began: float
    frames: int = 0
    dropped: int = 0
    pictures: int = 0
    decoded: int = 0
    decode_s: float = 0.0
    last: Reading[Any] | None = field(default=None)
    reported: int = 0

    def count(self, reading: Reading[Any]) -> None:
        """A frame is about to be looked at."""
        self.frames += 1
        self.dropped += getattr(reading.body, "dropped", 0)
        self.last = reading

    def complete(self, readings: list[Reading[Any]], counts: object, problem: str, now: float) -> list[Reading[Any]]:
        """The same readings, with what is known here written into a report of the load among them."""
        self.pictures += sum(isinstance(one.body, MaskedPicture) for one in readings)
        return [
            replace(one, body=self._report(one.body, counts, problem, now)) if isinstance(one.body, CameraLoad) else one
            for one in readings
        ]

    def overdue(self, counts: object, problem: str, now: float) -> Reading[CameraLoad] | None:
        """A report of our own where frames came and no perceiver reports: a sign that the camera lives."""
        last, gone = self.last, now - self.began
        if last is None or gone < REPORT_S:
            return None
        blank = CameraLoad(frames_per_s=self.frames / gone, detections_per_s=0.0, pictures_per_s=0.0, dropped=0)
        body = self._report(replace(blank, dropped=self.dropped), counts, problem, now)
        self.reported += 1
        return replace(last, body=body, boot=f"{last.boot}/load", seq=self.reported)

    def _report(self, load: CameraLoad, counts: object, problem: str, now: float) -> CameraLoad:
        gone = max(now - self.began, 1e-3)
        decoded = getattr(counts, "decoded", 0) - self.decoded
        decode_s = getattr(counts, "decode_s", 0.0) - self.decode_s
        made = replace(
            load,
            pictures_per_s=round(self.pictures / gone, 3),
            decode_ms=round(1000.0 * decode_s / decoded, 3) if decoded > 0 else 0.0,
            width=load.width or getattr(counts, "width", 0),
            height=load.height or getattr(counts, "height", 0),
            problem=load.problem or problem,
        )
        self.began, self.last = now, None
        self.frames = self.dropped = self.pictures = 0
        self.decoded, self.decode_s = self.decoded + decoded, self.decode_s + decode_s
        return made
