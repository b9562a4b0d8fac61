"""`tocsin evaluate mot`: our tracker on public detections of the MOT Challenge, beside SORT, ByteTrack and OC-SORT."""

import configparser
import json
import os
import random
import subprocess
import tempfile
import time
from bisect import bisect_left, insort
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tocsin.model import ConfigError
from tocsin.physics.tracking import Tracker, Tracking
from tocsin.suites import Order, Report, Verb, Workshop

Floats = NDArray[np.float64]
Parameters = dict[str, Any]
Figures = dict[str, float]

DETECTOR_EVEN = 0.86
"""At this score the public detections of MOT15 (Faster R-CNN) are as often wrong as right."""

RANGES: dict[str, dict[str, tuple[float, float]]] = {
    "ours": {"overlap_min": (0.15, 0.3), "acceleration": (0.6, 1.3), "start": (0.6, 0.8), "memory_s": (0.6, 1.5)},
    "SORTTracker": {
        "lost_track_buffer": (5, 90),
        "track_activation_threshold": (0.1, 0.95),
        "minimum_consecutive_frames": (1, 4),
        "minimum_iou_threshold": (0.05, 0.5),
    },
    "ByteTrackTracker": {
        "lost_track_buffer": (5, 90),
        "track_activation_threshold": (0.3, 0.95),
        "minimum_consecutive_frames": (1, 4),
        "minimum_iou_threshold": (0.05, 0.5),
        "high_conf_det_threshold": (0.3, 0.9),
    },
    "OCSORTTracker": {
        "lost_track_buffer": (5, 90),
        "minimum_iou_threshold": (0.05, 0.5),
        "minimum_consecutive_frames": (1, 4),
        "direction_consistency_weight": (0.0, 0.5),
        "high_conf_det_threshold": (0.3, 0.9),
        "delta_t": (1, 4),
    },
}
"""What is tuned, and between which bounds: at random and evenly, whole numbers where both bounds are whole."""

PEERS = {"SORTTracker": "SORT", "ByteTrackTracker": "ByteTrack", "OCSORTTracker": "OC-SORT"}


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """One sequence: the detections of every frame (x1, y1, x2, y2, score), and what the picture was."""

    folder: Path
    rate_hz: float
    width_px: float
    height_px: float
    frames: tuple[Floats, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mot:
    """Track the public detections of sequences of the MOT Challenge; TrackEval judges ours and the peers'.

    Every tracker gets `trials` sets of parameters, its own defaults first, the others at random from `RANGES` by the
    seed. For each sequence of --data the set that does best on all others is taken (HOTA + IDF1 / 2), so none is
    reported on what it was tuned on; with --test, the set that does best on --data is reported on the sequences
    there. Ours leaves its shipped values only for a gain of more than `margin`: shaking all boxes by 0.2 % of their
    height moves that sum by 2 points, so a lesser gain is luck; peers take the best at once. `tuned=false` runs the
    defaults alone. `detections` names the file in `det/`; scores beyond 0 to 1 are replaced by their rank among those
    seen so far.
    """

    kind: ClassVar[str] = "mot"
    verb: ClassVar[Verb] = "evaluate"

    tuned: bool = True
    trials: int = 20
    margin: float = 2.0
    detections: str = "det"
    score_even: float = DETECTOR_EVEN
    peer_python: str = ".venv-peers/bin/python"

    def run(self, order: Order, workshop: Workshop) -> Report:  # noqa: ARG002  # needs no installation
        """Track, tune and judge."""
        if not Path(self.peer_python).exists():
            raise ConfigError(f"No judge at {self.peer_python}: run `make peers`.")
        learned = _sequences(order.data, self.detections)
        tested = [] if order.test is None else _sequences(order.test, self.detections)
        seed = (order.seeds or (1,))[0]
        with _judge(self.peer_python, [*learned, *tested]) as judge:
            race = Race(judge=judge, learned=learned, tested=tested, say=order.say)
            ours = self._ours(race, seed)
            theirs = {name: self._peer(race, seed, name) for name in PEERS}
        peers = {PEERS[name]: one.shipped for name, one in theirs.items()}
        if self.tuned:
            peers |= {f"{PEERS[name]} tuned": one.tuned for name, one in theirs.items()}
        metrics = {**(ours.tuned or ours.shipped), **{f"shipped_{name}": at for name, at in ours.shipped.items()}}
        for name in ("hota", "idf1"):
            metrics[f"{name}_ahead"] = metrics[name] - max(one[name] for one in peers.values())
        return Report(
            suite=self.kind,
            command=order.command,
            data=str(order.test or order.data),
            seed=(seed,),
            metrics=metrics,
            peers=peers,
            detail={
                "frames": sum(len(one.frames) for one in tested or learned),
                "ours": {"sequences": ours.sequences, "chosen": ours.chosen},
                "peers": {
                    PEERS[name]: {"sequences": one.sequences, "chosen": one.chosen} for name, one in theirs.items()
                },
                "load": os.getloadavg(),
            },
        )

    def _ours(self, race: "Race", seed: int) -> "Placed":
        def track(key: str, parameters: Parameters) -> float:
            tracking = Tracking.walking(score_even=self.score_even, **parameters)
            spent_s = sum(race.judged(key, one, tracking) for one in race.sequences)
            return sum(len(one.frames) for one in race.sequences) / max(spent_s, 1e-9)

        return race.placed("ours", track, self._sets("ours", seed), margin=self.margin)

    def _peer(self, race: "Race", seed: int, name: str) -> "Placed":
        def track(key: str, parameters: Parameters) -> float:
            return race.judge({"do": "track", "key": key, "peer": name, "parameters": parameters})["frames_per_s"]

        return race.placed(name, track, self._sets(name, seed), margin=0.0)

    def _sets(self, name: str, seed: int) -> list[Parameters]:
        chance = random.Random(seed)
        drawn = [_drawn(RANGES[name], chance) for _ in range(self.trials - 1)] if self.tuned else []
        return [{}, *drawn]


def _drawn(ranges: Mapping[str, tuple[float, float]], chance: random.Random) -> Parameters:
    return {
        name: chance.randint(int(low), int(high)) if isinstance(low, int) else round(chance.uniform(low, high), 3)
        for name, (low, high) in ranges.items()
    }


@dataclass(frozen=True, kw_only=True)
class Placed:
    """How one tracker came out: with its defaults, and tuned on other sequences than each is reported on."""

    shipped: Figures
    tuned: Figures
    sequences: dict[str, Figures]
    chosen: dict[str, Parameters]


@dataclass(frozen=True, kw_only=True)
class Race:
    """All trackers on the same sequences, under one judge."""

    judge: Callable[[dict[str, Any]], Figures]
    learned: Sequence[Recorded]
    tested: Sequence[Recorded]
    say: Callable[[str], None]
    speeds: dict[str, float] = field(default_factory=dict)

    @property
    def sequences(self) -> list[Recorded]:
        """All, those to learn from first."""
        return [*self.learned, *self.tested]

    def judged(self, key: str, one: Recorded, tracking: Tracking) -> float:
        """Track one sequence with ours and have it judged; the seconds that tracking took."""
        tracks, spent_s = tracked(one, tracking)
        self.judge({"do": "judge", "key": key, "sequence": str(one.folder), "tracks": tracks})
        return spent_s

    def placed(
        self, name: str, track: Callable[[str, Parameters], float], sets: Sequence[Parameters], margin: float
    ) -> Placed:
        """Try all sets of parameters, then say how it comes out on what each was not tuned on."""
        for number, parameters in enumerate(sets):
            self.speeds[f"{name}-{number}"] = track(f"{name}-{number}", parameters)
            self.say(f"{name} {number + 1}/{len(sets)}: {self.speeds[f'{name}-{number}']:.0f} frames/s")
        reported = self.tested or self.learned
        picks = {str(one.folder): self._pick(name, len(sets), one, margin) for one in reported}
        shipped = self._combined(dict.fromkeys(picks, f"{name}-0"), f"{name}-0")
        keys = {folder: f"{name}-{number}" for folder, number in picks.items()}
        alone = {
            Path(folder).name: self.judge({"do": "combine", "parts": {folder: key}}) for folder, key in keys.items()
        }
        chosen = {Path(folder).name: sets[number] for folder, number in picks.items()}
        tuned = self._combined(keys, f"{name}-0") if len(sets) > 1 else {}
        return Placed(shipped=shipped, tuned=tuned, sequences=alone, chosen=chosen)

    def _combined(self, parts: Mapping[str, str], key: str) -> Figures:
        return {**self.judge({"do": "combine", "parts": dict(parts)}), "frames_per_s": self.speeds[key]}

    def _pick(self, name: str, count: int, left_out: Recorded, margin: float) -> int:
        """The set that does best on every sequence to learn from but this one."""
        others = [str(one.folder) for one in self.learned if one.folder != left_out.folder]
        if not others or count == 1:
            return 0
        scores = [self._score(dict.fromkeys(others, f"{name}-{number}")) for number in range(count)]
        best = int(np.argmax(scores))
        return best if scores[best] > scores[0] + margin else 0

    def _score(self, parts: dict[str, str]) -> float:
        figures = self.judge({"do": "combine", "parts": parts})
        return figures["hota"] + figures["idf1"] / 2


def tracked(one: Recorded, tracking: Tracking) -> tuple[list[list[float]], float]:
    """The tracks of a sequence as rows (frame from 1, id, box), and the seconds that the tracker took."""
    tracker = Tracker(tracking, one.width_px, one.height_px)
    began = time.process_time()
    found = [tracker.update(number / one.rate_hz, frame[:, :4], frame[:, 4]) for number, frame in enumerate(one.frames)]
    spent_s = time.process_time() - began
    rows = [
        [number, int(track), *box]
        for number, frame in enumerate(found, start=1)
        for track, box in zip(frame.ids[frame.shown], frame.boxes[frame.shown].tolist(), strict=True)
    ]
    return rows, spent_s


def _sequences(data: Path | None, name: str) -> list[Recorded]:
    """All sequences below a folder that have those detections."""
    folders = [] if data is None else sorted(path.parent.parent for path in data.glob(f"*/det/{name}.txt"))
    whole = [folder for folder in folders if (folder / "gt" / "gt.txt").exists() and (folder / "seqinfo.ini").exists()]
    if not whole:
        raise ConfigError(f"Give --data (and --test) with folders that hold seqinfo.ini, gt/gt.txt and det/{name}.txt.")
    return [_recorded(folder, name) for folder in whole]


def _recorded(folder: Path, name: str) -> Recorded:
    parser = configparser.ConfigParser()
    try:
        parser.read(folder / "seqinfo.ini", encoding="utf-8")
        about = parser["Sequence"]
        rate_hz, length = about.getfloat("frameRate"), about.getint("seqLength")
        width_px, height_px = about.getfloat("imWidth"), about.getfloat("imHeight")
        rows = np.loadtxt(folder / "det" / f"{name}.txt", delimiter=",", ndmin=2)
    except (KeyError, ValueError, configparser.Error) as error:
        raise ConfigError(f"{folder.name} is no sequence of the MOT Challenge ({type(error).__name__}).") from error
    if not rate_hz or not length or not width_px or not height_px:
        raise ConfigError(f"{folder.name}/seqinfo.ini must say frameRate, seqLength, imWidth and imHeight.")
    boxes = np.column_stack([rows[:, 2:4], rows[:, 2:4] + rows[:, 4:6], rows[:, 6]])
    frames = tuple(boxes[rows[:, 0] == number] for number in range(1, length + 1))
    bounded = bool(len(rows) == 0 or (rows[:, 6].min() >= 0 and rows[:, 6].max() <= 1))
    scored = frames if bounded else tuple(ranked(frames))
    return Recorded(folder=folder.resolve(), rate_hz=rate_hz, width_px=width_px, height_px=height_px, frames=scored)


def ranked(frames: Sequence[Floats]) -> Iterator[Floats]:
    """Scores without bounds, each as its rank among those seen up to its frame; a quarter of detections is false.

    >>> [one[:, 4].round(2).tolist() for one in ranked([np.array([[0, 0, 1, 1, -3.0], [0, 0, 1, 1, 80]])])]
    [[0.86, 0.99]]
    """
    seen: list[float] = []
    for frame in frames:
        for score in frame[:, 4].tolist():
            insort(seen, score)
        ranks = np.array([(bisect_left(seen, score) + 0.5) / len(seen) for score in frame[:, 4].tolist()])
        even = np.log(DETECTOR_EVEN / (1 - DETECTOR_EVEN))
        judged = frame.copy()
        judged[:, 4] = 1 / (1 + np.exp(-(even + 5 * (ranks - 0.25)))) if len(ranks) else ranks
        yield judged


@contextmanager
def _judge(python: str, sequences: Sequence[Recorded]) -> Iterator[Callable[[dict[str, Any]], Figures]]:
    """TrackEval and the peers in their own process; a request gets an answer."""
    program = Path(__file__).parent / "peers" / "mot.py"
    command = [python, str(program), *(str(one.folder) for one in sequences)]
    alone = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    with (
        tempfile.TemporaryFile() as complaints,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints, text=True, env=alone
        ) as child,
    ):

        def ask(request: dict[str, Any]) -> Figures:
            child.stdin.write(json.dumps(request) + "\n")  # type: ignore[union-attr]  # made just above
            child.stdin.flush()  # type: ignore[union-attr]
            answer = child.stdout.readline()  # type: ignore[union-attr]
            if not answer:
                complaints.seek(0)
                last = complaints.read().decode(errors="replace").strip().splitlines()[-1:] or ["no word"]
                raise ConfigError(f"The judge ended ({last[0]}): run `make peers` again.")
            figures: Figures = json.loads(answer)
            return figures

        for one in sequences:
            frames = [frame.tolist() for frame in one.frames]
            ask({"do": "detections", "sequence": str(one.folder), "frames": frames})
        try:
            yield ask
        finally:
            child.stdin.close()  # type: ignore[union-attr]
