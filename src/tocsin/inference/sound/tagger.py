"""A sound model that runs: windows of audio to scores per class."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tocsin.inference.sessions import Session, session
from tocsin.inference.sound.cards import SoundCard, sound_model
from tocsin.inference.sound.corpus import CLASSES
from tocsin.inference.sound.features import BEFORE_S, FEATURES, windows_of
from tocsin.inference.sound.pooling import pooled
from tocsin.inference.sound.spectra import RATE_HZ, Floats
from tocsin.model import ConfigError


@dataclass(frozen=True, slots=True)
class Tagger:
    """A model with its card; `scores` answers for a piece of audio."""

    card: SoundCard
    running: Session

    def scores(self, samples: Floats, *, bang_at_s: float | None = None) -> dict[str, float]:
        """A score (0 to 1) per class for a piece at RATE_HZ; around one bang alone where its moment is given."""
        if self.card.form == "waveform":
            begin = 0 if bang_at_s is None else max(0, round((bang_at_s - BEFORE_S) * RATE_HZ))
            return self._waveform(samples[begin:])
        found = windows_of(samples)
        chosen = found.bangs
        if bang_at_s is not None:
            off = np.abs(found.begins / RATE_HZ + BEFORE_S - bang_at_s)
            chosen = found.bangs & (off < 0.15)
        return self._named(pooled(self._probabilities(found.rows), chosen if chosen.any() else found.bangs))

    def _probabilities(self, rows: Floats) -> Floats:
        outputs = self.running.run(np.ascontiguousarray(rows, np.float32))
        found: Floats = np.asarray(outputs[-1], float)
        return found

    def _waveform(self, samples: Floats) -> dict[str, float]:
        count = round(self.card.window_s * self.card.rate_hz)
        at = np.arange(count) * RATE_HZ / self.card.rate_hz
        piece: NDArray[np.float32] = np.interp(at, np.arange(len(samples)), samples, right=0.0).astype(np.float32)
        outputs = self.running.run(piece[None])
        return self._named(np.asarray(outputs[-1], float).reshape(-1, len(self.card.classes)).max(axis=0))

    def _named(self, probabilities: Floats) -> dict[str, float]:
        own = dict(zip(self.card.classes, map(float, probabilities), strict=True))
        named = {}
        for name in CLASSES:
            words = self.card.says.get(name, (name,))
            named[name] = max((own[one] for one in words if one in own), default=0.0)
        return {name: round(min(max(score, 0.0), 1.0), 4) for name, score in named.items()}


def open_tagger(name: str, *, threads: int = 1) -> Tagger:
    """The sound model of that name (or path); raises NotFound or ConfigError where there is none that can be used."""
    card, content = sound_model(name)
    if card.form == "rows" and (card.features != FEATURES or card.rate_hz != RATE_HZ):
        raise ConfigError(
            f"The sound model {card.name} was trained for {card.features} features, not {FEATURES}: train it anew."
        )
    unknown = sorted(set(card.says) - set(CLASSES))
    if unknown:
        raise ConfigError(f"The sound model {card.name} says {unknown[0]!r}, which is none of {', '.join(CLASSES)}.")
    return Tagger(card, session(content, threads=threads))
