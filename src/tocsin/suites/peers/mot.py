"""Trackers of roboflow's `trackers`, and TrackEval as the judge of them and of ours, over JSON lines.

Called as `.venv-peers/bin/python mot.py FOLDER…`: the folders of sequences (`seqinfo.ini`, `det`, `gt`) of
the MOT Challenge. Each line of the input is a request, answered by one line of the output:

- `{"do": "detections", "sequence": FOLDER, "frames": [[[x1, y1, x2, y2, score], …], …]}`: what the peers shall track
- `{"do": "track", "key": KEY, "peer": NAME, "parameters": {…}}`: a peer tracks all sequences and is judged under KEY
- `{"do": "judge", "key": KEY, "sequence": FOLDER, "tracks": [[frame, id, x1, y1, x2, y2], …]}`: frames from 1
- `{"do": "combine", "parts": {FOLDER: KEY, …}}`: all sequences together, each as judged under its key
"""

import configparser
import contextlib
import io
import json
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Frames = list[tuple[Ints, Floats]]


class Sequence:
    """The ground truth of one sequence: ids and boxes (x1, y1, x2, y2) by frame; what is marked 0 is left out."""

    def __init__(self, folder: str) -> None:
        parser = configparser.ConfigParser()
        parser.read(Path(folder) / "seqinfo.ini")
        self.rate_hz = parser.getfloat("Sequence", "frameRate")
        self.length = parser.getint("Sequence", "seqLength")
        rows = np.loadtxt(Path(folder) / "gt" / "gt.txt", delimiter=",", ndmin=2)
        rows = rows[rows[:, 6] != 0]
        boxes = np.hstack([rows[:, 2:4], rows[:, 2:4] + rows[:, 4:6]])
        self.truth = by_frame(np.column_stack([rows[:, :2], boxes]), self.length)
        self.detections: list[Floats] = []


def by_frame(rows: Floats, length: int) -> Frames:
    """Rows of frame, id, box as one pair of arrays per frame."""
    frames = rows[:, 0].astype(int)
    each = [rows[frames == number] for number in range(1, length + 1)]
    return [(one[:, 1].astype(int), one[:, 2:6]) for one in each]


def overlaps(a: Floats, b: Floats) -> Floats:
    """Intersection over union, as TrackEval computes it."""
    sides = np.minimum(a[:, None, 2:], b[None, :, 2:]) - np.maximum(a[:, None, :2], b[None, :, :2])
    shared = np.maximum(sides, 0.0).prod(axis=2)
    sizes, others = (a[:, 2:] - a[:, :2]).prod(axis=1), (b[:, 2:] - b[:, :2]).prod(axis=1)
    whole = sizes[:, None] + others[None, :] - shared
    return np.asarray(np.divide(shared, whole, out=np.zeros_like(shared), where=whole > 0))


def compared(truth: Frames, tracks: Frames) -> dict[str, Any]:
    """What TrackEval's metrics ask for; MOT15 has no classes to leave out."""
    known = np.unique(np.concatenate([ids for ids, _ in truth]))
    told = np.unique(np.concatenate([ids for ids, _ in tracks]))
    return {
        "gt_ids": [np.searchsorted(known, ids) for ids, _ in truth],
        "tracker_ids": [np.searchsorted(told, ids) for ids, _ in tracks],
        "similarity_scores": [overlaps(a, b) for (_, a), (_, b) in zip(truth, tracks, strict=True)],
        "num_gt_dets": sum(len(ids) for ids, _ in truth),
        "num_tracker_dets": sum(len(ids) for ids, _ in tracks),
        "num_gt_ids": len(known),
        "num_tracker_ids": len(told),
        "num_timesteps": len(truth),
    }


class Judge:
    """Keeps what every tracker made of every sequence, and sums up."""

    def __init__(self, folders: list[str]) -> None:
        from trackeval.metrics import CLEAR, HOTA, Identity  # type: ignore[import-not-found,import-untyped,unused-ignore]

        quietly = {"PRINT_CONFIG": False}
        self.metrics = [HOTA(), CLEAR(quietly), Identity(quietly)]
        self.sequences = {folder: Sequence(folder) for folder in folders}
        self.judged: dict[tuple[str, str], list[Any]] = {}

    def detections(self, sequence: str, frames: list[list[list[float]]]) -> dict[str, float]:
        """Take what the peers shall track."""
        self.sequences[sequence].detections = [np.array(one, dtype=float).reshape(-1, 5) for one in frames]
        return {}

    def judge(self, key: str, sequence: str, tracks: list[list[float]]) -> dict[str, float]:
        """Compare tracks with the truth of their sequence."""
        one = self.sequences[sequence]
        self._judge(key, sequence, by_frame(np.array(tracks, dtype=float).reshape(-1, 6), one.length))
        return {}

    def track(self, key: str, peer: str, parameters: dict[str, Any]) -> dict[str, float]:
        """Let a peer track all sequences."""
        frames, spent_s = 0, 0.0
        for folder, one in self.sequences.items():
            tracker, given = peer_of(peer, one.rate_hz, parameters), supervised(one.detections)
            began = time.process_time()
            found = [tracker.update(each) for each in given]
            spent_s += time.process_time() - began
            frames += len(given)
            self._judge(key, folder, [rows(each) for each in found])
        return {"frames_per_s": frames / max(spent_s, 1e-9)}

    def combine(self, parts: dict[str, str]) -> dict[str, float]:
        """All sequences together, each under its key."""
        hota, clear, identity = (
            metric.combine_sequences({folder: self.judged[key, folder][number] for folder, key in parts.items()})
            for number, metric in enumerate(self.metrics)
        )
        return {
            "hota": 100 * float(np.mean(hota["HOTA"])),
            "deta": 100 * float(np.mean(hota["DetA"])),
            "assa": 100 * float(np.mean(hota["AssA"])),
            "mota": 100 * float(clear["MOTA"]),
            "idf1": 100 * float(identity["IDF1"]),
            "idsw": float(clear["IDSW"]),
        }

    def _judge(self, key: str, sequence: str, tracks: Frames) -> None:
        data = compared(self.sequences[sequence].truth, tracks)
        self.judged[key, sequence] = [metric.eval_sequence(data) for metric in self.metrics]


def peer_of(name: str, rate_hz: float, parameters: dict[str, Any]) -> Any:  # noqa: ANN401  # a class of the peer's
    """A fresh tracker of that name."""
    import trackers  # type: ignore[import-not-found,import-untyped,unused-ignore]

    return getattr(trackers, name)(frame_rate=rate_hz, **parameters)


def supervised(frames: list[Floats]) -> list[Any]:
    """Detections as the peers want them."""
    import supervision  # type: ignore[import-not-found,import-untyped,unused-ignore]

    return [supervision.Detections(xyxy=one[:, :4].astype(np.float32), confidence=one[:, 4]) for one in frames]


def rows(found: Any) -> tuple[Ints, Floats]:  # noqa: ANN401  # the peer's
    """The confirmed tracks of one frame."""
    kept = found.tracker_id >= 0
    return found.tracker_id[kept].astype(int), found.xyxy[kept].astype(float)


def main(folders: list[str]) -> None:
    """Answer requests until the input ends; what the libraries print goes nowhere."""
    warnings.filterwarnings("ignore")
    out = sys.stdout
    with contextlib.redirect_stdout(io.StringIO()):
        judge = Judge(folders)
        for line in sys.stdin:
            request = json.loads(line)
            answer = getattr(judge, request.pop("do"))(**request)
            out.write(json.dumps(answer) + "\n")
            out.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
