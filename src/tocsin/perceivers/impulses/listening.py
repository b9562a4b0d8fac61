"""A microphone's stream, block by block: bangs are measured once enough of what follows them has come."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tocsin.contract.bodies import Alive
from tocsin.contract.protocols import Perceived
from tocsin.contract.sounds import CLIP_S_MAX, AudioBlock, Impulse, SoundClasses, SoundClip, likeliest
from tocsin.formats import flac
from tocsin.model import BadInput, Body, NotFound, Reading
from tocsin.perceivers.impulses.parameters import Hearing
from tocsin.physics.sound import Measured, impulses_of, voiced_s, whistled

if TYPE_CHECKING:
    from tocsin.inference.sound.tagger import Tagger

Floats = NDArray[np.float64]

AFTER_S = 1.5
"""A bang is measured when so much of what follows has come: the window of the sound model."""

PAST_S = 2.0
"""So much of what was before stays in memory: for the level before a bang, shock waves and whistles."""

BLOCK_S_MAX = 30.0
RATES_HZ = (4_000.0, 192_000.0)
LEAD_S_MAX = 1.0
BEFORE_CLIP_S = 0.05
TAG_HZ = 16_000.0
CLIPPED = 0.999


@dataclass(frozen=True, slots=True)
class Tail:
    """What is remembered of a stream: its last seconds, the number of the first of them, and up to where it is told."""

    samples: Floats
    first: int
    rate_hz: float
    told: int
    named: int
    alive: int
    clipped: float = float("-inf")


@dataclass(frozen=True, slots=True)
class Listening:
    """The declaration at work, with the sound model where there is one."""

    declared: Hearing
    tagger: "Tagger | None"

    @classmethod
    def of(cls, declared: Hearing) -> "Listening":
        """With the model that is declared; without one where it is not on this machine."""
        if not declared.model:
            return cls(declared, None)
        from tocsin.inference.sound.tagger import open_tagger

        try:
            return cls(declared, open_tagger(declared.model))
        except NotFound:
            return cls(declared, None)

    @property
    def accepts(self) -> tuple[type[Body], ...]:
        """As declared."""
        return (AudioBlock,)

    @property
    def gives(self) -> tuple[type[Body], ...]:
        """As declared."""
        return (Impulse, SoundClasses, SoundClip, Alive)

    def perceive(self, reading: Reading[AudioBlock]) -> Perceived:
        """A block alone, without what was before."""
        return self.look(None, reading)[1]

    def look(self, memory: Tail | None, reading: Reading[AudioBlock]) -> tuple[Tail | None, Perceived]:
        """Take the next block of a stream."""
        try:
            tail = _joined(memory, reading.body)
        except BadInput as error:
            return memory, Perceived(rejected=((b"", str(error)),))
        end = tail.first + len(tail.samples)
        ready = end - round(AFTER_S * tail.rate_hz)
        bangs = self._bangs(tail, reading, ready)
        told = [*bangs, *self._names(tail, reading, ready)]
        lives = end - tail.alive >= self.declared.alive_every_s * tail.rate_hz
        if lives:
            told.append(_reading(reading, tail, float(len(tail.samples)), Alive()))
        clipped = max([tail.clipped, *(one.at for one in bangs if isinstance(one.body, SoundClip))])
        named = ready if ready - tail.named >= self.declared.classes_every_s * tail.rate_hz else tail.named
        keep = max(tail.first, ready - round(PAST_S * tail.rate_hz))
        kept = Tail(
            tail.samples[keep - tail.first :].copy(),
            keep,
            tail.rate_hz,
            max(tail.told, ready),
            named,
            end if lives else tail.alive,
            clipped,
        )
        return kept, Perceived(readings=tuple(told))

    # --- bangs ---

    def _bangs(self, tail: Tail, reading: Reading[AudioBlock], ready: int) -> list[Reading[Body]]:
        found = impulses_of(tail.samples, tail.rate_hz, rise_db=self.declared.rise_db, snr_db=self.declared.snr_db)
        told: list[Reading[Body]] = []
        for number, one in enumerate(found):
            if tail.told <= tail.first + one.onset < ready:
                told += self._told(tail, reading, number, found)
                tail = replace(
                    tail, clipped=max([tail.clipped, *(x.at for x in told if isinstance(x.body, SoundClip))])
                )
        return told

    def _told(
        self, tail: Tail, reading: Reading[AudioBlock], number: int, found: list[Measured]
    ) -> list[Reading[Body]]:
        """The reading of one bang, and its clip where it may go."""
        one = found[number]
        onset = int(one.onset)
        followed = any(0.0 < later.onset - one.onset <= LEAD_S_MAX * tail.rate_hz for later in found[number + 1 :])
        piece = _clip(tail, one, self.declared.clip_s_max)
        voiced = voiced_s(piece, tail.rate_hz) if len(piece) else 0.0
        speaks = voiced > self.declared.voiced_s_max
        flags = ("n-wave",) * (one.n_wave_s is not None and followed) + ("speech",) * speaks
        head = tail.samples[onset : onset + round(0.05 * tail.rate_hz)]
        flags += ("clipped",) * bool(np.abs(head).max(initial=0.0) >= CLIPPED)
        body = named_by(_impulse(tail, one, found[:number], flags), self._scores(tail, one.onset), self.tagger)
        told: list[Reading[Body]] = [_reading(reading, tail, one.onset, body)]
        due = reading.at - tail.clipped >= self.declared.clip_every_s
        if len(piece) and due and not speaks and round(tail.rate_hz) in flac.RATES_HZ:
            sound = flac.encode(piece, round(tail.rate_hz))
            clip = SoundClip(flac=sound, rate_hz=tail.rate_hz, before_s=BEFORE_CLIP_S, speech=round(voiced, 3))
            told.append(_reading(reading, tail, one.onset, clip))
        return told

    def _scores(self, tail: Tail, onset: float) -> dict[str, float]:
        if self.tagger is None:
            return {}
        begin = max(0, int(onset - PAST_S / 2 * tail.rate_hz))
        piece = _at_16_khz(tail.samples[begin : int(onset) + round(AFTER_S * tail.rate_hz)], tail.rate_hz)
        return self.tagger.scores(piece, bang_at_s=(onset - begin) / tail.rate_hz)

    # --- stretches without a bang ---

    def _names(self, tail: Tail, reading: Reading[AudioBlock], ready: int) -> list[Reading[Body]]:
        """What the last stretch sounded like, where it is one of the classes that matter."""
        if self.tagger is None or ready - tail.named < self.declared.classes_every_s * tail.rate_hz:
            return []
        piece = tail.samples[max(0, ready - tail.first - round(2.0 * tail.rate_hz)) : ready - tail.first]
        if len(piece) < tail.rate_hz / 2:
            return []
        scores = self.tagger.scores(_at_16_khz(piece, tail.rate_hz))
        best = likeliest({name: score for name, score in scores.items() if name != "casual"})
        if best.score < self.declared.classes_score_min:
            return []
        level = 10.0 * float(np.log10(np.mean(piece**2) + 1e-12))
        body = SoundClasses(
            scores=scores,
            seconds_long=round(len(piece) / tail.rate_hz, 3),
            level_db=round(level, 1),
            model=self.tagger.card.name,
        )
        return [_reading(reading, tail, float(ready - tail.first - len(piece)), body)]


def _joined(memory: Tail | None, block: AudioBlock) -> Tail:
    """The stream with its new block; begun anew behind a gap. Raises BadInput for what is no audio."""
    samples = np.asarray(block.samples.array, float)
    if samples.ndim != 1 or not RATES_HZ[0] <= block.rate_hz <= RATES_HZ[1]:
        raise BadInput(f"a block of audio is one row of samples at {RATES_HZ[0]:.0f} to {RATES_HZ[1]:.0f} Hz")
    if len(samples) > BLOCK_S_MAX * block.rate_hz or not np.isfinite(samples).all():
        raise BadInput(f"a block of audio is at most {BLOCK_S_MAX:g} s long, and all its samples are numbers")
    follows = (
        memory is not None and memory.rate_hz == block.rate_hz and memory.first + len(memory.samples) == block.first
    )
    if memory is None or not follows or "gap" in block.flags:
        return Tail(samples, block.first, block.rate_hz, block.first, block.first, block.first)
    return replace(memory, samples=np.concatenate([memory.samples, samples]))


def _reading(reading: Reading[AudioBlock], tail: Tail, onset: float, body: Body) -> Reading[Body]:
    """As the microphone's reading, at the moment of a sample of the tail."""
    off_s = (tail.first + onset - reading.body.first) / tail.rate_hz
    return Reading(
        at=round(reading.at + off_s, 6),
        origin=reading.origin,
        source=reading.source,
        seq=max(0, int(tail.first + onset)),
        boot=reading.boot,
        body=body,
        via=reading.via,
        place=reading.place,
    )


def _impulse(tail: Tail, one: Measured, earlier: list[Measured], flags: tuple[str, ...]) -> Impulse:
    waves = [past for past in earlier if past.n_wave_s is not None and one.n_wave_s is None]
    leads = [(one.onset - past.onset) / tail.rate_hz for past in waves]
    lead = min((seconds for seconds in leads if 0.0 < seconds <= LEAD_S_MAX), default=None)
    begin = max(0, int(one.onset - PAST_S * tail.rate_hz))
    before = tail.samples[begin : max(0, int(one.onset) - round(0.02 * tail.rate_hz))]
    return Impulse(
        onset_sd_s=round(one.onset_sd / tail.rate_hz, 7),
        level_db=round(one.level_db, 1),
        snr_db=round(one.snr_db, 1),
        crest_db=round(one.crest_db, 1),
        rise_db=round(one.rise_db, 1),
        positive_ms=round(1e3 * one.positive_s, 3),
        duration_ms=round(1e3 * one.duration_s, 1),
        centroid_hz=round(one.centroid_hz, 1),
        low_share=round(one.low_share, 3),
        n_wave_ms=None if one.n_wave_s is None else round(1e3 * one.n_wave_s, 3),
        lead_ms=None if lead is None else round(1e3 * lead, 2),
        whistle=whistled(before, tail.rate_hz),
        flags=flags,
    )


def named_by(body: Impulse, scores: dict[str, float], tagger: "Tagger | None") -> Impulse:
    """The impulse with the classes that the model gives it, and the model's name."""
    from msgspec.structs import replace as other

    return body if tagger is None else other(body, scores=scores, model=tagger.card.name)


def _clip(tail: Tail, one: Measured, longest_s: float) -> Floats:
    """The bang alone: from just before it until it has died away, no longer than may be."""
    most = min(longest_s, CLIP_S_MAX)
    if most <= BEFORE_CLIP_S:
        return np.zeros(0)
    begin = max(0, int(one.onset - BEFORE_CLIP_S * tail.rate_hz))
    lasts = min(most, BEFORE_CLIP_S + one.duration_s + 0.1)
    return tail.samples[begin : begin + int(lasts * tail.rate_hz)]


def _at_16_khz(samples: Floats, rate_hz: float) -> Floats:
    """Brought to the sound model's rate: averaged where it is a multiple, else drawn straight between samples."""
    factor = rate_hz / TAG_HZ
    if factor == 1.0:
        return samples
    if factor > 1.0:
        width = int(factor)
        samples = np.convolve(samples, np.full(width, 1.0 / width), "same")
    count = int(len(samples) / factor)
    found: Floats = np.interp(np.arange(count) * factor, np.arange(len(samples)), samples)
    return found
