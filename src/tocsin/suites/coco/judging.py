"""The judge: pycocotools in the environment of the peers, fed with truth and boxes, heard as JSON."""

import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tocsin.inference.detected import Detected
from tocsin.inference.photos import Labelled

PROGRAM = Path(__file__).parents[1] / "peers" / "coco_judge.py"
JUDGE_S_MAX = 600


def judged(
    python: Path, photos: Sequence[Labelled], found: Sequence[Detected], person: int | None
) -> dict[str, float] | None:
    """What pycocotools counts; None where it is not installed."""
    if not python.exists():
        return None
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump({"truth": _truth(photos), "boxes": _boxes(found), "person": person}, file)
        file.flush()
        command = [str(python), str(PROGRAM), file.name]
        done = subprocess.run(command, check=False, capture_output=True, timeout=JUDGE_S_MAX)
    if done.returncode != 0:
        return None
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _truth(photos: Sequence[Labelled]) -> list[list[dict[str, Any]]]:
    return [
        [{"class": int(which), "box": _sized(box)} for box, which in zip(photo.boxes, photo.classes, strict=True)]
        for photo in photos
    ]


def _boxes(found: Sequence[Detected]) -> list[list[dict[str, Any]]]:
    return [
        [
            {"class": int(which), "box": _sized(box), "score": float(score)}
            for box, which, score in zip(one.boxes, one.classes, one.scores, strict=True)
        ]
        for one in found
    ]


def _sized(box: Any) -> list[float]:  # noqa: ANN401  # four numbers of any array
    x1, y1, x2, y2 = (float(value) for value in box)
    return [x1, y1, x2 - x1, y2 - y1]
