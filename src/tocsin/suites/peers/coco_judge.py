"""Average precision as pycocotools counts it. Prints JSON.

Called as `.venv-peers/bin/python coco_judge.py FILE`: truth and boxes per photo, boxes as left, top, width, height.
"""

import contextlib
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def rows(photos: list[list[dict[str, Any]]]) -> Iterator[dict[str, Any]]:
    """One annotation per thing, as COCO's files have them."""
    number = 0
    for image, things in enumerate(photos, start=1):
        for thing in things:
            number += 1
            area = thing["box"][2] * thing["box"][3]
            plain = {"id": number, "image_id": image, "category_id": thing["class"], "bbox": thing["box"]}
            yield {**plain, "area": area, "iscrowd": 0, "score": thing.get("score", 1.0)}


def main(given: dict[str, Any]) -> dict[str, float]:
    """Count, silently."""
    from pycocotools.coco import COCO  # type: ignore[import-not-found,import-untyped,unused-ignore]
    from pycocotools.cocoeval import COCOeval  # type: ignore[import-not-found,import-untyped,unused-ignore]

    truth = list(rows(given["truth"]))
    classes = sorted({row["category_id"] for row in truth})
    world = COCO()
    images = [{"id": number} for number in range(1, len(given["truth"]) + 1)]
    world.dataset = {"images": images, "annotations": truth, "categories": [{"id": one} for one in classes]}
    found = [row for row in rows(given["boxes"]) if row["category_id"] in set(classes)]
    with contextlib.redirect_stdout(io.StringIO()):
        world.createIndex()
        judge = COCOeval(world, world.loadRes(found), "bbox")
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    whole = {"map": float(judge.stats[0]), "map50": float(judge.stats[1])}
    if given["person"] is None:
        return whole
    at_half = judge.eval["precision"][0, :, :, 0, -1]
    present = given["person"] in classes
    return {**whole, "person_ap50": float(at_half[:, classes.index(given["person"])].mean()) if present else 0.0}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))))
