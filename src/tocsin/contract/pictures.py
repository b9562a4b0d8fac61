"""Bodies of cameras: what never leaves admission (Frame, Scene), and what may (tracks, masked pictures, measures).

Boxes are x1, y1, x2, y2, and points x, y, as shares of width and height (0 to 1) unless a name ends in `_px`.
Identities of tracks are pseudonyms: they end with the visit and say nothing of who it was.
"""

from typing import Any, ClassVar

from msgspec import Struct

from tocsin.contract.raster import EMPTY, Raster
from tocsin.model import Body, Level

Box = tuple[float, float, float, float]
Point = tuple[float, float]


class Frame(Body, frozen=True, tag="picture.frame/1"):
    """One decoded picture, unmasked (height, width, 3; BGR, 8 bit). It never leaves the admission process.

    `number` counts the frames of this run, `dropped` those since the last one that were passed over,
    `every_s` how far apart the camera takes them. `flags` tell what the decoder noticed: `keyframe`,
    `corrupt`, `resized`, `time-jump`; and `again`: a recording begins again, as its source was told to let it.
    """

    level: ClassVar[Level] = Level.CLEAR
    picture: Raster
    number: int
    dropped: int = 0
    every_s: float = 0.0
    flags: tuple[str, ...] = ()

    @property
    def array(self) -> Any:  # noqa: ANN401  # NDArray[uint8], and NumPy is imported only where pictures are
        """The picture as an array, read-only."""
        return self.picture.array


class Scene(Body, frozen=True, tag="picture.scene/1"):
    """A frame with what was found in it, for the perceivers behind the first: masking, weapons, things left.

    Per track, in one order: `ids`, `labels`, `boxes_px` (N,4), `scores`, `seen` (found in this very frame;
    else held over from earlier ones), `confirmed`. `detected` says whether the detector ran on this very
    frame; `extra_px` are boxes below the tracker's threshold, of persons only, for masking alone;
    `moving` is a small raster (rows, columns; 255 where something moves), `motion` how the whole
    picture moved since the last frame (2,3 affine, px).
    """

    level: ClassVar[Level] = Level.CLEAR
    frame: Frame
    ids: tuple[int, ...] = ()
    labels: tuple[str, ...] = ()
    boxes_px: Raster = EMPTY
    scores: tuple[float, ...] = ()
    seen: tuple[bool, ...] = ()
    confirmed: tuple[bool, ...] = ()
    detected: bool = True
    extra_px: Raster = EMPTY
    moving: Raster = EMPTY
    motion: Raster = EMPTY


class Track(Struct, frozen=True, omit_defaults=True):
    """One thing that moves: a pseudonym, its class, its box, and where it stands if the camera is calibrated.

    `east_m`, `north_m` are metres from the camera's place, with the covariance `ee`, `en`, `nn` (m²);
    speeds in m/s (or picture heights per second where nothing is calibrated). `since` is when the visit
    began; `held` that it was not seen in this very frame.
    """

    id: int
    label: str
    box: Box
    since: float
    score: float = 1.0
    east_m: float | None = None
    north_m: float | None = None
    covariance_m2: tuple[float, float, float] | None = None
    speed_east: float = 0.0
    speed_north: float = 0.0
    held: bool = False


class Tracks(Body, frozen=True, tag="vision.tracks/1"):
    """Who and what moves in one camera's picture, without appearance: told at every analysed frame.

    `ended` are visits that are over since the last one. `every_s` is the time since then. `calibrated`
    says whether speeds are metres per second (else picture heights per second).
    """

    level: ClassVar[Level] = Level.ANONYMOUS
    tracks: tuple[Track, ...]
    ended: tuple[int, ...] = ()
    every_s: float = 0.0
    calibrated: bool = False
    number: int = 0

    @property
    def persons(self) -> float:
        """How many people it looks at."""
        return float(sum(track.label == "person" for track in self.tracks))

    @property
    def seconds(self) -> float:
        """For how long it looks at them."""
        return self.every_s


class AreaFlow(Struct, frozen=True, omit_defaults=True):
    """How people move in one area: numbers of them, never one of them.

    `pressure_s2` is density times the variance of velocity (Helbing 2007, 1/s²); `toward_deg` the mean
    direction (bearing on the map), `order` how much all go the same way (0 to 1). `cells` are arrows of a
    small grid for the console: x, y, east m/s, north m/s, persons/m².
    """

    area: str
    persons: float
    area_m2: float | None = None
    persons_per_m2: float | None = None
    speed_m_s: float | None = None
    velocity_variance: float | None = None
    pressure_s2: float | None = None
    toward_deg: float | None = None
    order: float | None = None
    cells: tuple[tuple[float, float, float, float, float], ...] = ()


class Passages(Struct, frozen=True, omit_defaults=True):
    """How many crossed a line since the last report; `width_m` is how long the line is, if the camera is calibrated."""

    line: str
    forward: int
    backward: int
    width_m: float | None = None


class CrowdFlow(Body, frozen=True, tag="crowd.flow/1"):
    """Density, flow and pressure per area, and passages per line, over `every_s`: level 1, no tracks in it."""

    level: ClassVar[Level] = Level.AGGREGATE
    areas: tuple[AreaFlow, ...] = ()
    passages: tuple[Passages, ...] = ()
    every_s: float = 0.0
    calibrated: bool = False

    @property
    def persons(self) -> float:
        """How many people it counts."""
        return sum(area.persons for area in self.areas)

    @property
    def seconds(self) -> float:
        """For how long."""
        return self.every_s


class MaskedPicture(Body, frozen=True, tag="vision.picture/1"):
    """A picture with every person filled solid, as JPEG. It is shown and put into clips, never into the log.

    `of` is the number of the frame for which its mask was computed, `filled` the share of it that is
    masked, `count` how many people are behind the masks. `outlines` are stick figures drawn instead of
    people: per person 17 points (COCO order) as x, y, confidence. `kind` says what it is: `masked`, or
    `background` where masks would fill the picture and the last clean background is shown instead.
    """

    level: ClassVar[Level] = Level.REDACTED
    kept: ClassVar[bool] = False
    jpeg: bytes
    width: int
    height: int
    of: int
    filled: float
    count: int = 0
    every_s: float = 0.0
    kind: str = "masked"
    outlines: tuple[tuple[tuple[float, float, float], ...], ...] = ()

    @property
    def persons(self) -> float:
        """How many people it looks at, masked."""
        return float(self.count)

    @property
    def seconds(self) -> float:
        """For how long."""
        return self.every_s


class ClearPicture(Body, frozen=True, tag="vision.clear-picture/1"):
    """A picture without masks, but for private areas: made only while a clearance of level 4 runs, and never kept."""

    level: ClassVar[Level] = Level.CLEAR
    kept: ClassVar[bool] = False
    under_clearance: ClassVar[bool] = True
    jpeg: bytes
    width: int
    height: int
    of: int
    count: int = 0
    every_s: float = 0.0

    @property
    def persons(self) -> float:
        """How many people it shows."""
        return float(self.count)

    @property
    def seconds(self) -> float:
        """For how long."""
        return self.every_s


class PictureState(Body, frozen=True, tag="vision.state/1"):
    """Measures of the picture itself, by which tampering is noticed; none of them shows anybody.

    `edges` and `focus` relative to what is usual for this camera (1 is usual), `brightness` 0-255,
    `histogram` the distance from the usual one (0-1), `shift_px` and `turn_deg` how far the whole picture
    moved from its reference beyond its usual sway, `size` how much larger it shows things, `agreement` how well
    the reference still fits (0-1), `hidden` the share of it that has been behind something smooth for some seconds (of
    three quarters of the picture, where less of it shows anything), `noise` the sensor noise that is fresh in this
    frame relative to the least that is usual (a frozen picture has none), `repeats` frames in a row that equal earlier
    ones, `replayed_s` how long ago the same stretch was seen, where it was. `width` is the picture's, in pixels.
    `flags` tell what else was noticed: `other-view`, `no-grain`.
    """

    level: ClassVar[Level] = Level.AMBIENT
    number: int
    edges: float = 1.0
    focus: float = 1.0
    brightness: float = 128.0
    contrast: float = 1.0
    histogram: float = 0.0
    shift_px: float = 0.0
    turn_deg: float = 0.0
    size: float = 1.0
    agreement: float = 1.0
    hidden: float = 0.0
    noise: float = 1.0
    repeats: int = 0
    replayed_s: float | None = None
    learned: bool = False
    width: int = 0
    flags: tuple[str, ...] = ()


class Still(Struct, frozen=True, omit_defaults=True):
    """Something that stands still and was not there before (or is gone): where, since when, how sure.

    `removed` where background appeared, `label` what a detector calls it (empty: nothing it knows),
    `person_near_s` how long ago somebody stood beside it, `owner` the pseudonym of the track that left it.
    """

    id: int
    box: Box
    since: float
    removed: bool = False
    label: str = ""
    share: float = 0.0
    person_near_s: float | None = None
    owner: int = 0


class Stills(Body, frozen=True, tag="vision.stills/1"):
    """Things in one picture that stand still and do not belong to its background."""

    level: ClassVar[Level] = Level.ANONYMOUS
    stills: tuple[Still, ...]
    every_s: float = 0.0


class Posture(Struct, frozen=True):
    """How one track stands: 17 joints (COCO order) as x, y, confidence."""

    track: int
    joints: tuple[tuple[float, float, float], ...]


class Postures(Body, frozen=True, tag="vision.postures/1"):
    """Stick figures of the people in one picture: enough to see a fall or a fight, not a person."""

    level: ClassVar[Level] = Level.ANONYMOUS
    postures: tuple[Posture, ...]
    every_s: float = 0.0

    @property
    def persons(self) -> float:
        """How many people it looks at."""
        return float(len(self.postures))

    @property
    def seconds(self) -> float:
        """For how long."""
        return self.every_s


class Armed(Struct, frozen=True, omit_defaults=True):
    """A weapon-like thing with a person: what the model calls it, in how many of the last frames, its box."""

    track: int
    label: str
    score: float
    frames: int
    of: int
    box: Box
    confirmed: bool = False


class Weapons(Body, frozen=True, tag="vision.weapons/1"):
    """Weapon-like things seen with a person; no picture of anybody."""

    level: ClassVar[Level] = Level.ANONYMOUS
    weapons: tuple[Armed, ...]
    model: str = ""

    @property
    def persons(self) -> float:
        """How many people it looks at."""
        return float(len(self.weapons))


class WeaponCrop(Body, frozen=True, tag="vision.weapon-crop/1"):
    """The picture of a confirmed weapon alone (JPEG), the person around it filled."""

    level: ClassVar[Level] = Level.REDACTED
    kept: ClassVar[bool] = False
    track: int
    label: str
    jpeg: bytes


class CameraLoad(Body, frozen=True, tag="vision.load/1"):
    """How a camera's analysis keeps up: rates per second, frames passed over, time per frame in ms.

    `detect_ms` is for finding people and following them. `budget` is the share of the wished detector rate that this
    camera gets under the present load (1 is all).
    """

    level: ClassVar[Level] = Level.AMBIENT
    frames_per_s: float
    detections_per_s: float
    pictures_per_s: float
    dropped: int
    budget: float = 1.0
    decode_ms: float = 0.0
    detect_ms: float = 0.0
    mask_ms: float = 0.0
    width: int = 0
    height: int = 0
    problem: str = ""
