"""`tocsin evaluate weapons`: a weapon model in the slot, on scenes with whose threshold they had nothing to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from tocsin.contract.cards import poisson_upper
from tocsin.inference.opening import open_detector
from tocsin.inference.photos import label_names
from tocsin.model import ConfigError
from tocsin.suites import Order, Report, Verb, Workshop
from tocsin.suites.weapons.bounds import at_least
from tocsin.suites.weapons.looks import Eyes, Look, Rules, looks_of
from tocsin.suites.weapons.scenes import Recorded, scenes_in


@dataclass(frozen=True, slots=True, kw_only=True)
class WeaponTrials:
    """Recall on each scene with the threshold chosen on all the others, for a number of false alarms an hour.

    `--data DIR` holds a folder per scene, each with `images` or `clips` and YOLO `labels`; where DIR itself holds
    `images`, each picture is a scene. Frames are never split at random: those of one scene are all alike, and a model
    that saw some of them seems to know the rest. `weapons` are the words of the labels that are weapons, `labels`
    those of the model (all where empty). A picture stands for a look that lasts: k of n looks say nothing about it.
    """

    kind: ClassVar[str] = "weapons"
    verb: ClassVar[Verb] = "evaluate"

    model: str = "nanodet"
    labels: tuple[str, ...] = ("knife",)
    weapons: tuple[str, ...] = ("knife",)
    people_model: str = "nanodet"
    people_score_min: float = 0.3
    persons_max: int = 4
    score_min: float = 0.05
    false_per_hour: float = 0.1
    looks_per_s: float = 2.0
    confirm_frames: int = 3
    confirm_of: int = 5
    overlap_min: float = 0.3
    only: tuple[str, ...] = ()

    def run(self, order: Order, workshop: Workshop) -> Report:  # noqa: ARG002  # no installation is needed
        """Look at every scene, choose, count; raises ConfigError where there are no two scenes."""
        scenes = [one for one in scenes_in(order.data) if not self.only or one.name in self.only]
        if len(scenes) < 2:
            raise ConfigError("Leave one out needs two scenes or more: put each into a folder of its own below --data.")
        slot, whole = self._looked(scenes, order, in_hands=True), self._looked(scenes, order, in_hands=False)
        left_out = self._left_out(slot)
        return Report(
            suite=self.kind,
            command=order.command,
            data=str(order.data),
            seed=order.seeds,
            metrics=self._metrics(left_out, slot),
            peers={"the model on whole pictures, without people": self._metrics(self._left_out(whole), whole)},
            detail={"scenes": left_out},
        )

    def _looked(self, scenes: Sequence[Recorded], order: Order, *, in_hands: bool) -> dict[str, list[Look]]:
        """What the model says of each scene: of people's hands, or of everything."""
        names = label_names(order.data)
        if missing := sorted(set(self.weapons) - set(names)):
            raise ConfigError(f"The labels know no {missing[0]!r}: set `weapons` to words of classes.txt.")
        people = open_detector(self.people_model) if in_hands else None
        rules = Rules(
            weapons=frozenset(names.index(name) for name in self.weapons),
            labels=self.labels,
            people_score_min=self.people_score_min,
            persons_max=self.persons_max,
            score_min=self.score_min,
            looks_per_s=self.looks_per_s,
            confirm=(self.confirm_frames, self.confirm_of),
            overlap_min=self.overlap_min,
        )
        eyes = Eyes(open_detector(self.model), people, rules)
        found = {}
        for number, scene in enumerate(scenes, start=1):
            found[scene.name] = looks_of(scene, eyes)
            if number % 32 == 0:
                order.say(f"{number} of {len(scenes)} scenes looked at")
        return found

    def _left_out(self, looks: dict[str, list[Look]]) -> dict[str, dict[str, Any]]:
        """Each scene by itself, with the threshold that the others call for."""
        return {name: self._scene(name, looks) for name in looks}

    def _scene(self, name: str, looks: dict[str, list[Look]]) -> dict[str, Any]:
        threshold = self._threshold([look for other, many in looks.items() if other != name for look in many])
        mine = looks[name]
        with_weapon = [look for look in mine if look.weapon]
        return {
            "threshold": threshold,
            "weapons": len(with_weapon),
            "found": sum(look.true_score >= threshold for look in with_weapon),
            "false": sum(score >= threshold for look in mine for score in look.false_scores),
        }

    def _threshold(self, looks: Sequence[Look]) -> float:
        """The least score with no more false alarms than asked for, in so many hours."""
        hours = sum(look.hours for look in looks)
        scores = sorted((score for look in looks for score in look.false_scores), reverse=True)
        allowed = int(self.false_per_hour * hours)
        return max(self.score_min, scores[allowed] + 1e-6) if len(scores) > allowed else self.score_min

    def _metrics(self, left_out: dict[str, dict[str, Any]], looks: dict[str, list[Look]]) -> dict[str, float]:
        weapons, found, false = (sum(one[name] for one in left_out.values()) for name in ("weapons", "found", "false"))
        hours = sum(look.hours for many in looks.values() for look in many)
        return {
            "scenes": float(len(left_out)),
            "scenes_with_weapon": float(sum(one["weapons"] > 0 for one in left_out.values())),
            "weapons": float(weapons),
            "found": float(found),
            "recall": found / weapons if weapons else 0.0,
            "recall_lower95": at_least(found, weapons),
            "false_per_hour_asked": self.false_per_hour,
            "false_alarms": float(false),
            "camera_hours": hours,
            "false_per_hour_upper95": poisson_upper(false) / hours if hours else 0.0,
        }
