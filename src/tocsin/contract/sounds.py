"""Bodies of microphones: audio, which never leaves admission, and what may: bangs as numbers, classes, a clip."""

from typing import ClassVar

from msgspec import Struct, field

from tocsin.contract.raster import Raster
from tocsin.model import Body, Level

CLASSES = ("casual", "explosion", "gunshot", "siren")
"""What a sound can be called; `casual` is everything else. Speech is none of them and has no class."""

CLIP_S_MAX = 2.0
"""Longest piece of audio that may ever leave a microphone's admission."""


class AudioBlock(Body, frozen=True, tag="sound.audio/1"):
    """A piece of audio (n,), mono, full scale 1.0. It may hold speech: it never leaves admission and is never kept.

    `first` is the number of its first sample since the stream began; `flags` tell what was noticed:
    `gap` (samples are missing before it), `clipped`, `again` (a recording begins again).
    """

    level: ClassVar[Level] = Level.CLEAR
    kept: ClassVar[bool] = False
    samples: Raster
    rate_hz: float
    first: int = 0
    flags: tuple[str, ...] = ()


class Impulse(Body, frozen=True, tag="sound.impulse/1"):
    """One bang at one microphone, as numbers: the moment of the observation is its onset. No audio, no speech.

    `onset_sd_s` is how exactly the onset is known (the clock comes on top). Levels in dB (re full scale, or sound
    pressure where `calibrated`). Shape: `crest_db`, `rise_db`, `positive_ms` (first swing), `duration_ms` (to -20 dB),
    `centroid_hz`, `low_share` (power below 500 Hz). `n_wave_ms` is how long a bullet's shock wave lasts where it has
    that shape, `lead_ms` how long before the bang such a wave came. `scores` are per class 0 to 1, by `model` (empty:
    none was asked, or the device does not say). `whistle` (0 to 1) is how much a rising tone preceded it. `flags`:
    `n-wave` (it is a shock wave, no source), `clipped`, `speech` (somebody spoke: no audio was let out).
    """

    level: ClassVar[Level] = Level.ANONYMOUS
    onset_sd_s: float = 0.0
    level_db: float | None = None
    calibrated: bool = False
    snr_db: float | None = None
    crest_db: float | None = None
    rise_db: float | None = None
    positive_ms: float | None = None
    duration_ms: float | None = None
    centroid_hz: float | None = None
    low_share: float | None = None
    n_wave_ms: float | None = None
    lead_ms: float | None = None
    whistle: float | None = None
    scores: dict[str, float] = field(default_factory=dict)
    model: str = ""
    flags: tuple[str, ...] = ()


class SoundClasses(Body, frozen=True, tag="sound.classes/1"):
    """What one stretch of `seconds` sounded like: a score per class (0 to 1), by `model`; no audio in it."""

    level: ClassVar[Level] = Level.ANONYMOUS
    scores: dict[str, float]
    seconds_long: float
    level_db: float
    model: str = ""


class SoundClip(Body, frozen=True, tag="sound.clip/1"):
    """At most CLIP_S_MAX of audio around one impulse, where nobody was found to speak (FLAC, mono).

    Made only where level 3 may be observed; kept as long as everything of that level.
    """

    level: ClassVar[Level] = Level.REDACTED
    flac: bytes
    rate_hz: float
    before_s: float
    speech: float = 0.0


class Scored(Struct, frozen=True):
    """A class and how likely it is."""

    name: str
    score: float


def likeliest(scores: dict[str, float]) -> Scored:
    """The class with the highest score (the first by name of equals); `casual` where nothing is scored.

    >>> likeliest({"gunshot": 0.7, "explosion": 0.2})
    Scored(name='gunshot', score=0.7)
    """
    if not scores:
        return Scored("casual", 0.0)
    name = min(scores, key=lambda one: (-scores[one], one))
    return Scored(name, scores[name])
