"""`tocsin evaluate sound`: what the sound model calls recorded sounds, split by recording, and under bad conditions."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tocsin.contract.cards import poisson_upper
from tocsin.inference.sound.corpus import CLASSES, Clip, read_corpus
from tocsin.inference.sound.features import windows_of
from tocsin.inference.sound.grouping import recordings_of
from tocsin.inference.sound.learning import Learning, Material, Parts, gathered, learned, out_of_fold, split
from tocsin.inference.sound.mixing import GUNSHOT, mixed, tuned
from tocsin.inference.sound.pooling import pooled
from tocsin.inference.sound.spoiling import CONDITIONS
from tocsin.model import ConfigError
from tocsin.physics.sound import impulses_of
from tocsin.suites import Order, Report, Verb, Workshop
from tocsin.suites.sound.counting import Judged, judged
from tocsin.suites.sound.peer import PEER, peer_scores

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Figures = dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """Learn the classes of a corpus and judge them on clips of other recordings (`--data`), or on `--test`.

    Without `--test`, folds hold whole recordings (see `grouping`), and the threshold of each fold is chosen inside its
    own training part. Robustness is judged on the clean model's answers to spoiled clips: every `every`-th clip.
    """

    kind: ClassVar[str] = "sound"
    verb: ClassVar[Verb] = "evaluate"

    learning: Learning = field(default_factory=Learning)
    robustness: bool = True
    every: int = 4
    peer: bool = True

    def run(self, order: Order, workshop: Workshop) -> Report:  # noqa: ARG002  # needs no installation
        """Learn, judge, spoil, judge again."""
        if order.data is None:
            raise ConfigError("Give --data with a folder of labelled sounds: files named CLASS_NUMBER.wav, or a CSV.")
        how = self.learning
        if how.folds < 3:
            raise ConfigError("Thresholds are chosen inside folds: give 3 or more (learning.folds).")
        clips, rejected = read_corpus(order.data)
        recordings = recordings_of(clips)
        order.say(f"{len(clips)} clips of {len(set(recordings.tolist()))} recordings")
        material = gathered(clips, recordings, how, order.say)
        if order.test is None:
            found = self._folds(clips, material, order)
        else:
            test, more = read_corpus(order.test)
            rejected += more
            found = self._tested(clips, material, test, order)
        return Report(
            suite=self.kind,
            command=order.command,
            data=str(order.data),
            seed=(how.seed,),
            metrics=found.metrics,
            peers=found.peers,
            detail={**found.detail, "rejected": rejected, "recordings": _counts(clips, recordings)},
        )

    def _folds(self, clips: list[Clip], material: Material, order: Order) -> "_Found":
        """Each clip judged by a model that knows no clip of its recording, at a threshold of that model's own."""
        scores, thresholds = np.zeros((len(clips), len(CLASSES))), np.ones(len(clips))
        plain, spoiled = np.zeros_like(scores), {name: np.zeros_like(scores) for name in CONDITIONS}
        models: dict[bytes, Parts] = {}
        shares: list[float] = []
        for number, (learn, judge) in enumerate(split(material, self.learning)):
            inner = out_of_fold(material, learn, self.learning, models)
            share, thresholds[judge] = tuned(material.windows, inner, material.kinds, learn)
            model = Learned(learned(material, learn, self.learning), share)
            own = np.isin(material.windows.clip, judge) & (material.windows.copy == 0)
            probabilities = np.zeros((len(material.rows), len(CLASSES)))
            probabilities[own] = model.probabilities(material.rows[own])
            scores[judge] = material.windows.scores(probabilities, judge)
            shares.append(share)
            if self.robustness:
                self._spoil(model, clips, judge[:: self.every], spoiled)
            if self.peer:
                plain[judge] = peer_scores(
                    [clips[one] for one in learn], [clips[one] for one in judge], self.learning.seed
                )
            order.say(f"fold {number + 1} of {self.learning.folds} judged")
        quiet = without_bang(clips)
        told = judged(clips, scores, thresholds, quiet)
        chosen = np.flatnonzero(next(iter(spoiled.values())).sum(axis=1) > 0.0)
        metrics = told.metrics | self._robust(clips, (scores, spoiled), thresholds, chosen)
        peers = {PEER: judged(clips, plain, None, quiet).metrics} if self.peer else {}
        return _Found(metrics, peers, {"worst": told.worst, "levels_shares": shares})

    def _tested(self, clips: list[Clip], material: Material, test: list[Clip], order: Order) -> "_Found":
        """The whole corpus learned, the other one judged; the threshold is from folds of the first alone."""
        everything = np.arange(len(clips))
        inner = out_of_fold(material, everything, self.learning)
        share, threshold = tuned(material.windows, inner, material.kinds, everything)
        model = Learned(learned(material, everything, self.learning), share)
        order.say(f"learned; share of levels {share:g}; threshold {threshold:.3f}")
        scores = np.stack([scores_of(model, one.samples) for one in test])
        test_quiet, thresholds = without_bang(test), np.full(len(test), threshold)
        told = judged(test, scores, thresholds, test_quiet)
        metrics = told.metrics
        if self.robustness:
            spoiled = {name: np.zeros_like(scores) for name in CONDITIONS}
            chosen = np.arange(0, len(test), self.every)
            self._spoil(model, test, chosen, spoiled)
            metrics |= self._robust(test, (scores, spoiled), thresholds, chosen)
        peers = {}
        if self.peer:
            peers = {PEER: judged(test, peer_scores(clips, test, self.learning.seed), None, test_quiet).metrics}
        return _Found(metrics, peers, {"worst": told.worst})

    def _spoil(self, model: "Learned", clips: Sequence[Clip], chosen: Ints, into: dict[str, Floats]) -> None:
        """Score some clips under every condition."""
        for name, spoil in CONDITIONS.items():
            for index in chosen:
                samples = spoil(clips[index].samples, np.random.default_rng([7, int(index)]))
                into[name][index] = scores_of(model, samples)

    def _robust(
        self, clips: list[Clip], answers: tuple[Floats, dict[str, Floats]], thresholds: Floats, chosen: Ints
    ) -> Figures:
        """Accuracy and gunshots under each condition, and of the same clips as recorded."""
        found: Figures = {}
        if not self.robustness or not len(chosen):
            return found
        some = [clips[index] for index in chosen]
        quiet = without_bang(some)
        for name, scores in {"as_recorded": answers[0], **answers[1]}.items():
            told = judged(some, scores[chosen], thresholds[chosen], quiet).metrics
            kept = (
                "accuracy",
                "gunshot_ap",
                "gunshot_recall",
                "false_alarms_per_hour",
                "false_alarms_everyday",
                "false_alarms_everyday_hours",
            )
            found |= {f"{figure}_{name}": told[figure] for figure in kept if figure in told}
        return found | _summed(found)


def _summed(found: Figures) -> Figures:
    """Over all conditions: mean recall; false alarms on everyday and sirens with their exposure and its 95 % bound."""
    recalls = [found[key] for name in CONDITIONS if (key := f"gunshot_recall_{name}") in found]
    false, hours = (
        sum(found.get(f"false_alarms_everyday{unit}_{name}", 0.0) for name in CONDITIONS) for unit in ("", "_hours")
    )
    told = {"spoiled_recall": float(np.mean(recalls))} if recalls else {}
    bound = {"spoiled_false_alarms_per_hour_upper95": poisson_upper(int(false)) / hours} if hours > 0.0 else {}
    return told | {"spoiled_false_alarms": false, "spoiled_false_alarms_hours": hours} | bound


@dataclass(frozen=True, slots=True)
class _Found:
    metrics: Figures
    peers: dict[str, Figures]
    detail: dict[str, Any]


class Learned(NamedTuple):
    """What was learned, and how much of its word is from levels."""

    parts: Parts
    levels_share: float

    def probabilities(self, rows: Floats) -> Floats:
        """Probabilities (n, 4) of windows."""
        return mixed(self.parts.answers(rows), self.levels_share)


def scores_of(model: Learned, samples: Floats) -> Floats:
    """The scores (4,) of one piece."""
    found = windows_of(samples)
    return pooled(model.probabilities(found.rows), found.bangs)


def without_bang(clips: Sequence[Clip]) -> NDArray[np.bool_]:
    """Which clips hold no impulse, by the same measure that a microphone goes by."""
    return np.array([not impulses_of(one.samples, 16_000.0) for one in clips])


def _counts(clips: Sequence[Clip], recordings: Ints) -> dict[str, dict[str, int]]:
    kinds = np.array([one.kind for one in clips])
    return {
        name: {"clips": int((kinds == name).sum()), "recordings": len(set(recordings[kinds == name].tolist()))}
        for name in CLASSES
    }


__all__ = ["GUNSHOT", "Judged", "Sound", "scores_of", "without_bang"]
