"""`tocsin evaluate left-objects`: clips through people, things that stand still and the detector of things left."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from msgspec import Struct, ValidationError, json

from tocsin.contract.cards import poisson_upper
from tocsin.contract.folding import Folding
from tocsin.contract.pictures import Box, Frame, Still, Stills
from tocsin.contract.resources import Resources
from tocsin.contract.walk import configured, member_of, start
from tocsin.engine.perceiving import Perception
from tocsin.model import ConfigError, Finding, Level, Observation, Reading
from tocsin.suites import Order, Report, Verb, Workshop

CLIPS = frozenset({".avi", ".mp4", ".mkv", ".mov", ".mpg", ".mpeg", ".webm", ".m4v"})

TRUTH = "left-objects.json"
"""Where a folder of clips says what is left in which: name of the clip → list of `{box, left_s, alone_s}`."""

SAME_OVERLAP = 0.2
"""A finding is about an object where their boxes share at least so much (intersection over union)."""


class Left(Struct, frozen=True, forbid_unknown_fields=True):
    """One object that is left: its box (shares of the picture), when it is let go, when its owner goes away."""

    box: Box
    left_s: float
    alone_s: float


KNOWN: Mapping[str, tuple[Left, ...]] = {"left_bag": (Left((0.625, 0.765, 0.697, 0.871), 15.4, 19.7),)}
"""Clips of public sets that carry no annotation: looked at by us, frame by frame."""


@dataclass(frozen=True, slots=True)
class Told:
    """A finding with the thing it is about, seconds into its clip."""

    at_s: float
    grade: str
    still: Still


@dataclass(slots=True)
class Judged:
    """What became of the objects of one clip, and what was told of nothing."""

    seconds: float = 0.0
    objects: int = 0
    errors_px: list[float] = field(default_factory=list)
    delays_s: list[float] = field(default_factory=list)
    false: list[Told] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftObjects:
    """Clips as a camera would deliver them, one after the other, each with a fresh memory.

    `--data DIR` holds clips; what is left in them is known for `left_bag`, and told by a `left-objects.json` in
    DIR for others. A finding at an object is right (once; told again as lasting it is the same), any other is
    false. `delay_s` counts from when the owner went away. `labels` are what `model` is asked for (empty: the usual).
    """

    kind: ClassVar[str] = "left-objects"
    verb: ClassVar[Verb] = "evaluate"

    model: str = "nanodet"
    labels: tuple[str, ...] = ()
    frames_per_s: float = 5.0

    def run(self, order: Order, _workshop: Workshop) -> Report:
        """Watch every clip; raises ConfigError where there is none, or no model."""
        clips = clips_of(order.data)
        truth = truth_of(order.data)
        resources = Resources()
        wanted: dict[str, object] = {"model": self.model} | ({"labels": self.labels} if self.labels else {})
        people = configured(member_of("perceivers", "vision.people"), wanted)
        looks = [people, member_of("perceivers", "vision.stills")()]
        perception = Perception([start(one, resources) for one in looks])
        judged = {}
        for clip in clips:
            order.say(f"{clip.name}: watching")
            judged[clip.stem] = self._watch(clip, perception, truth.get(clip.stem, ()))
        return Report(
            suite=self.kind,
            command=order.command,
            data=str(order.data),
            seed=(),
            metrics=metrics(list(judged.values())),
            peers={},
            detail={name: _detail(one) for name, one in judged.items()},
        )

    def _watch(self, clip: Path, perception: Perception, objects: Sequence[Left]) -> Judged:
        """One clip from its first frame to its last."""
        detector = member_of("detectors", "vision.left-object")()
        folding = Folding(start(detector, Resources()), detector.key)
        judged, size, told = Judged(objects=len(objects)), (1, 1), []
        for frame in self._frames(clip):
            judged.seconds, size = frame.at, (frame.body.picture.shape[1], frame.body.picture.shape[0])
            for reading in perception.perceive(frame, Level.ANONYMOUS).readings:
                if isinstance(reading.body, Stills):
                    said = folding.feed(_observed(reading))
                    told += [_told(one, reading.body) for one in said if isinstance(one, Finding)]
        judge(judged, told, objects, size)
        return judged

    def _frames(self, clip: Path) -> Iterator[Reading[Frame]]:
        source = configured(
            member_of("sources", "camera.video"),
            {"url": str(clip), "source": clip.stem, "frames_per_s_max": self.frames_per_s, "start_at": 0.0},
        ).start(Resources())
        try:
            while (delivered := source.next_batch(5.0)) is not None:
                yield from delivered.readings
        finally:
            source.close()


def clips_of(folder: Path | None) -> list[Path]:
    """The clips of a folder; raises ConfigError where there is none."""
    if folder is None or not folder.is_dir():
        raise ConfigError("evaluate left-objects needs --data DIR with clips.")
    clips = sorted(path for path in folder.rglob("*") if path.suffix.lower() in CLIPS)
    if not clips:
        raise ConfigError(f"No clips in {folder}: put some there ({', '.join(sorted(CLIPS))}).")
    return clips


def truth_of(folder: Path | None) -> dict[str, tuple[Left, ...]]:
    """What is left in which clip: as the folder says, else as is known of public clips."""
    path = None if folder is None else folder / TRUTH
    if path is None or not path.is_file():
        return dict(KNOWN)
    try:
        return {**KNOWN, **json.decode(path.read_bytes(), type=dict[str, tuple[Left, ...]])}
    except ValidationError as error:
        raise ConfigError(f"{path.name}: {error}. It maps names of clips to lists of box, left_s, alone_s.") from error


def judge(judged: Judged, told: Sequence[Told], objects: Sequence[Left], size: tuple[int, int]) -> None:
    """Give each finding to its object; each object is found by the first."""
    found: dict[int, Told] = {}
    for one in told:
        owners = [n for n, left in enumerate(objects) if overlap(left.box, one.still.box) >= SAME_OVERLAP]
        if not owners or one.grade == "removed" or one.at_s < objects[owners[0]].left_s:
            judged.false.append(one)
        else:
            found.setdefault(owners[0], one)
    for n, one in sorted(found.items()):
        off = np.subtract(_middle(one.still.box), _middle(objects[n].box)) * size
        judged.errors_px.append(float(np.hypot(*off)))
        judged.delays_s.append(one.at_s - objects[n].alone_s)


def metrics(judged: Sequence[Judged]) -> dict[str, float]:
    """Objects found, how far off and how late; false findings with their exposure and the 95 % bound of their rate."""
    hours = sum(one.seconds for one in judged) / 3600.0
    false = sum(len(one.false) for one in judged)
    told = {
        "clips": float(len(judged)),
        "objects": float(sum(one.objects for one in judged)),
        "found": float(sum(len(one.errors_px) for one in judged)),
        "false_findings": float(false),
        "exposure_h": hours,
        "false_per_hour": false / max(hours, 1e-9),
        "false_per_hour_upper95": poisson_upper(false) / max(hours, 1e-9),
    }
    errors, delays = ([one for each in judged for one in getattr(each, name)] for name in ("errors_px", "delays_s"))
    if errors:
        told |= {"position_error_px": float(np.mean(errors)), "delay_s": float(np.mean(delays))}
    return told


def overlap(a: Box, b: Box) -> float:
    """Intersection over union.

    >>> overlap((0.0, 0.0, 0.2, 0.2), (0.0, 0.0, 0.2, 0.4))
    0.5
    """
    wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    both = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    shared = max(wide, 0.0) * max(high, 0.0)
    return shared / max(both - shared, 1e-12)


def _middle(box: Box) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def _observed(reading: Reading[Any]) -> Observation[Any]:
    """A reading as the gate would have admitted it."""
    return Observation(
        at=reading.at,
        origin=reading.origin,
        source=reading.source,
        seq=reading.seq,
        boot=reading.boot,
        body=reading.body,
        level=type(reading.body).level,
    )


def _told(finding: Finding, stills: Stills) -> Told:
    """A finding with the thing of that moment that began when it says."""
    still = min(stills.stills, key=lambda one: abs(one.since - (finding.since or 0.0)))
    return Told(finding.at, finding.grade, still)


def _detail(one: Judged) -> dict[str, Any]:
    return {
        "seconds": one.seconds,
        "objects": one.objects,
        "found": len(one.errors_px),
        "position_error_px": one.errors_px,
        "delay_s": one.delays_s,
        "false": [{"at_s": f.at_s, "grade": f.grade, "box": f.still.box, "label": f.still.label} for f in one.false],
    }
