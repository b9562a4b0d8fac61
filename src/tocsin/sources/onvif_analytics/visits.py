"""Objects that a camera numbers become tracks under pseudonyms that end with the visit."""

from dataclasses import dataclass

from tocsin.contract.camera_views import CameraView, foot
from tocsin.contract.pictures import Box, Track, Tracks
from tocsin.formats.onvif_metadata import OBJECTS_MAX, Moment, Seen
from tocsin.model import Place, offset_m

SD_SHARE = 0.05
"""Standard deviation of where somebody stands, in shares of the box's height."""

SMOOTH_S = 0.5
"""Over about so long speeds are averaged."""

Point = tuple[float, float]
Covariance = tuple[float, float, float]


@dataclass(slots=True)
class Visit:
    """One object that is here: where it was last, since when, how fast it goes."""

    id: int
    label: str
    box: Box
    since: float
    at: float
    score: float
    here: Point
    metres: bool = False
    covariance: Covariance | None = None
    speed: Point = (0.0, 0.0)


class Visits:
    """What is in front of one camera now. `unplaced` counts objects of which no box is told."""

    def __init__(self, view: CameraView, held_s: float) -> None:
        self._view = view
        self._held_s = held_s
        self._known: dict[int, Visit] = {}
        self._ended: list[int] = []
        self._last_id = 0
        self.unplaced = 0

    def __len__(self) -> int:
        return len(self._known) + len(self._ended)

    def take(self, moment: Moment, at: float) -> None:
        """Take one frame of the camera's into account."""
        for before, after in moment.renamed:
            if before in self._known and after not in self._known:
                self._known[after] = self._known.pop(before)
        for seen in moment.seen:
            if seen.gone:
                self._end(seen.id)
            else:
                self._see(seen, at)
        for number in moment.deleted:
            self._end(number)
        for number in [number for number, one in self._known.items() if at - one.at > self._held_s]:
            self._end(number)

    def told(self, at: float, number: int, every_s: float) -> Tracks:
        """All that is here, and what is over since it was told last."""
        ended, self._ended = tuple(self._ended), []
        calibrated = any(one.metres for one in self._known.values()) or self._view.ground is not None
        tracks = tuple(_track(one, at) for one in self._known.values())
        return Tracks(tracks=tracks, ended=ended, every_s=round(every_s, 6), calibrated=calibrated, number=number)

    def _end(self, number: int) -> None:
        gone = self._known.pop(number, None)
        if gone is not None:
            self._ended.append(gone.id)

    def _see(self, seen: Seen, at: float) -> None:
        known = self._known.get(seen.id)
        box = seen.box or (known.box if known is not None else None)
        if box is None:
            self.unplaced += 1
            return
        here, metres, covariance = self._placed(seen, box)
        if known is None:
            if len(self._known) < OBJECTS_MAX:
                self._last_id += 1
                label, score = seen.label or "object", round(seen.likelihood, 3)
                self._known[seen.id] = Visit(self._last_id, label, box, at, at, score, here, metres, covariance)
            return
        if metres == known.metres:
            known.speed = _smoothed(known, here, at)
        known.label, known.score = seen.label or known.label, round(seen.likelihood, 3)
        known.box, known.at, known.here, known.metres, known.covariance = box, at, here, metres, covariance

    def _placed(self, seen: Seen, box: Box) -> tuple[Point, bool, Covariance | None]:
        """Where it is: metres from the camera as the camera says or as we calibrated it, else picture heights."""
        view = self._view
        if seen.lon is not None and seen.lat is not None and view.city is not None:
            return offset_m(view.place, Place(lon=seen.lon, lat=seen.lat)), True, None
        width, height = view.camera.picture
        x, y = foot(box)
        if view.ground is None:
            return (x * width / height, -y), False, None
        sd_px = SD_SHARE * (box[3] - box[1]) * height
        metres, spread = view.ground.to_ground([(x * width, y * height)], sd_px)
        east, north = metres[0].tolist()
        if not abs(east) + abs(north) < float("inf"):  # above the horizon
            return (x * width / height, -y), False, None
        (ee, en), (_, nn) = spread[0].tolist()
        return (east, north), True, (ee, en, nn)


def _smoothed(known: Visit, here: Point, at: float) -> Point:
    gone = at - known.at
    if gone <= 0.0:
        return known.speed
    share = gone / (gone + SMOOTH_S)
    raw = ((here[0] - known.here[0]) / gone, (here[1] - known.here[1]) / gone)
    return (known.speed[0] + share * (raw[0] - known.speed[0]), known.speed[1] + share * (raw[1] - known.speed[1]))


def _track(one: Visit, at: float) -> Track:
    east, north = one.here if one.metres else (None, None)
    return Track(
        id=one.id,
        label=one.label,
        box=one.box,
        since=one.since,
        score=one.score,
        east_m=east,
        north_m=north,
        covariance_m2=one.covariance,
        speed_east=one.speed[0],
        speed_north=one.speed[1],
        held=one.at < at,
    )
