"""`tocsin evaluate crowd`: density, flow and speed from noisy tracks against PedPy's measure of the true ways."""

import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from tocsin.model import ConfigError
from tocsin.suites import Order, Report, Verb, Workshop
from tocsin.suites.crowd.judging import Truth, compared, judged, quality
from tocsin.suites.crowd.planning import Plan, planned
from tocsin.suites.crowd.seeing import Faults, watched
from tocsin.suites.crowd.trajectories import Trajectories, found

PEER = "pedpy_on_our_tracks"
"""The same measure of the peer, given the tracks that our perceiver was given."""

SCRIPT = Path(__file__).resolve().parents[1] / "peers" / "pedpy_voronoi.py"
PEER_S_MAX = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CrowdSuite:
    """The perceiver of crowds on laboratory recordings, behind a detector that errs and the tracker that runs live.

    `--data DIR` holds files of trajectories (`id frame x y …`, a header or none). In the middle of the stream an
    area of two metres across it and a line are laid. PedPy measures the true ways there; a made-up detector
    looks at them from above `frames_per_s` times a second, errs in place (`across_sd_m`, `down_sd_m`, of which
    `lasting` is left after 0.2 s), misses a share `missed`
    of people and finds `false_share` times as many things that are none (both in spells of `spell_s` on
    average), and our tracker and `vision.crowd` take it from there. Errors are relative, over all reports in
    which `persons_min` people or more are in the area.
    """

    kind: ClassVar[str] = "crowd"
    verb: ClassVar[Verb] = "evaluate"

    frames_per_s: float = 5.0
    across_sd_m: float = 0.07
    down_sd_m: float = 0.12
    lasting: float = 0.33
    missed: float = 0.1
    false_share: float = 0.05
    spell_s: float = 0.5
    persons_min: int = 5
    cutoff_m: float = 1.0
    speed_s: float = 0.5
    peer_python: str = ".venv-peers/bin/python"

    def run(self, order: Order, _workshop: Workshop) -> Report:
        """Measure every file for every seed; raises ConfigError without data or peer."""
        if order.data is None or not order.data.is_dir():
            raise ConfigError("evaluate crowd needs --data DIR with files of trajectories (id frame x y).")
        if not Path(self.peer_python).is_file():
            raise ConfigError(f"PedPy is not installed ({self.peer_python}): run `make peers`.")
        seeds = order.seeds or (1,)
        rows = {path.stem: self._file(order, Trajectories.read(path), seeds) for path in found(order.data)}
        return Report(
            suite=self.kind,
            command=order.command,
            data=str(order.data),
            seed=seeds,
            metrics=mean([row["ours"] for row in rows.values()]),
            peers={PEER: mean([row[PEER] for row in rows.values()])},
            detail={"files": rows, "parameters": asdict(self)},
        )

    def _file(self, order: Order, of: Trajectories, seeds: Sequence[int]) -> dict[str, Any]:
        """One recording: the true ways by the peer once, then each seed by us, and by the peer on our tracks."""
        order.say(f"{of.name}: measuring the true ways")
        plan = planned(of)
        every = max(1, round(of.frame_rate / self.frames_per_s))
        truth = self._peer(of, plan, every)
        ours, peers, tracks = [], [], []
        for seed in seeds:
            order.say(f"{of.name}: looking at them, seed {seed}")
            seen = watched(of, plan, self._faults(), every, seed)
            ours.append(judged(seen.reports, truth, self.persons_min).told)
            again = seen.trajectories(of.name, of.frame_rate / every)
            peers.append(compared(self._peer(again, plan, 1), truth, seen.reports, self.persons_min).told)
            tracks.append(quality(of, seen.tracks))
        count = float(np.mean([value for value in truth.count.values() if value]))
        return {"ours": mean(ours), PEER: mean(peers), "tracks": mean(tracks), "persons": count}

    def _faults(self) -> Faults:
        return Faults(**{one.name: getattr(self, one.name) for one in fields(Faults)})

    def _peer(self, of: Trajectories, plan: Plan, every: int) -> Truth:
        """What PedPy measures of these ways."""
        with tempfile.TemporaryDirectory() as folder:
            ways, told = Path(folder, "ways.txt"), Path(folder, "plan.json")
            rows = np.column_stack([of.ids, of.frames, of.places])
            np.savetxt(ways, rows, fmt=["%d", "%d", "%.4f", "%.4f"])
            told.write_text(json.dumps(self._asked(of, plan, every)), encoding="utf-8")
            command = [self.peer_python, str(SCRIPT), str(ways), str(told)]
            said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PEER_S_MAX)
        if said.returncode:
            raise ConfigError(f"PedPy could not measure {of.name}: {said.stderr.strip().splitlines()[-1:]}.")
        return Truth.of(json.loads(said.stdout), of.frame_rate)

    def _asked(self, of: Trajectories, plan: Plan, every: int) -> dict[str, Any]:
        return {
            "frame_rate": of.frame_rate,
            "every": every,
            "floor": plan.floor.tolist(),
            "area": plan.area.tolist(),
            "line": plan.line.tolist(),
            "cutoff_m": self.cutoff_m,
            "speed_frames": max(1, round(self.speed_s * of.frame_rate)),
        }


def mean(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The mean of each number over those rows that have it."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: float(np.mean([row[name] for row in rows if name in row])) for name in names}
