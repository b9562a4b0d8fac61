"""How a camera's analysis keeps up, counted between two reports."""

from dataclasses import dataclass

from tocsin.contract.pictures import CameraLoad, Frame


@dataclass(slots=True)
class Load:
    """Counts since the last report; it has no clock: time is that of the frames."""

    since: float
    frames: int = 0
    detections: int = 0
    dropped: int = 0

    def count(self, frame: Frame, runs: int) -> None:
        """One frame was looked at, with so many runs of the detector."""
        self.frames += 1
        self.detections += runs
        self.dropped += frame.dropped

    def report(self, at: float, size: tuple[int, int], *, budget: float, problem: str) -> CameraLoad:
        """What was counted, as rates; the count begins anew. Times per frame are known to the process around it."""
        lasting_s = max(at - self.since, 1e-3)
        made = CameraLoad(
            frames_per_s=self.frames / lasting_s,
            detections_per_s=self.detections / lasting_s,
            pictures_per_s=0.0,
            dropped=self.dropped,
            budget=budget,
            width=size[1],
            height=size[0],
            problem=problem,
        )
        self.since, self.frames, self.detections, self.dropped = at, 0, 0, 0
        return made
