"""`tocsin evaluate gas-drift`: an electronic nose calibrated once, then followed for years without a label."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tocsin.contract.examples import START_AT, seen
from tocsin.contract.noses import GasPattern
from tocsin.contract.resources import Resources
from tocsin.detectors.cbrne.gas_pattern import GasPatterns, Nose
from tocsin.model import ConfigError, Observation
from tocsin.suites import Order, Report, Verb, Workshop

Floats = NDArray[np.float64]

MONTH_S = 30.44 * 86_400.0

MONTHS = {1: 1.5, 2: 6.4, 3: 12.0, 4: 14.5, 5: 16.0, 6: 18.5, 7: 21.0, 8: 22.5, 9: 27.0, 10: 36.0}
"""About when each batch was measured, in months from the beginning (from the months that its publisher lists)."""

REPLICAS = ((0, 1, 8, 9), (2, 3, 10, 11), (4, 5, 12, 13), (6, 7, 14, 15))
"""The four kinds of sensors of the set (TGS 2602, 2600, 2610, 2620), four of each."""

TUNED = (2, 3)
"""Batches on which settings were chosen."""

FEATURES = 128


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch: its number, features (N, 128) and the gases (N)."""

    number: int
    features: Floats
    gases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """What was made of one batch: whether each answer was right, and whether it was sure."""

    number: int
    right: NDArray[np.bool_]
    sure: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class GasDrift:
    """Calibrate `cbrne.gas-pattern` on batch 1, then let the others stream through it in order, without labels.

    Each exposure is judged by what came before it, then the detector learns from it. Within a batch exposures come as
    they lie in the file (the set sorts them by gas), and `shuffles` times mixed by the seed; a batch stands at its
    month. Peer: logistic regression on standardised features of batch 1, never adapted.
    """

    kind: ClassVar[str] = "gas-drift"
    verb: ClassVar[Verb] = "evaluate"

    shuffles: int = 1

    def run(self, order: Order, _workshop: Workshop) -> Report:
        """Stream everything; raises ConfigError where the folder has no batch 1, or nothing after it."""
        batches = batches_of(order.data)
        seed = (order.seeds or (1,))[0]
        order.say("as in the files")
        filed = _streamed(batches, None)
        mixed = []
        for number in range(self.shuffles):
            order.say(f"mixed {number + 1} of {self.shuffles}")
            mixed.append(_streamed(batches, Random(seed + number)))
        shuffled = {f"shuffled_{name}": _mean([_summary(one)[name] for one in mixed]) for name in _summary(filed)}
        return Report(
            suite=self.kind,
            command=order.command,
            data=str(order.data),
            seed=(seed,),
            metrics={**_summary(filed), **_per_batch(filed), **shuffled},
            peers={"logistic regression, not adapted": _peer(batches)},
            detail={"tuned_on": list(TUNED), "in_files": _rows(filed), "shuffled": [_rows(one) for one in mixed]},
        )


def batches_of(folder: Path | None) -> list[Batch]:
    """The batches of a folder by number; raises ConfigError naming what is missing or broken."""
    paths = [] if folder is None else sorted(folder.glob("batch*.dat"))
    batches = sorted(map(_batch, paths), key=lambda batch: batch.number)
    if len(batches) < 2 or batches[0].number != 1:
        raise ConfigError("evaluate gas-drift needs --data DIR with batch1.dat and later ones of the UCI set.")
    return batches


def _batch(path: Path) -> Batch:
    """Lines of gas, concentration (not looked at) and 128 features."""
    try:
        number = int(path.stem.removeprefix("batch"))
        rows = [line.split(",") for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        features = np.array([[float(one) for one in row[2:]] for row in rows])
        gases = tuple(row[0].strip().lower() for row in rows)
    except (ValueError, IndexError) as error:
        raise ConfigError(f"{path.name} is no batch of the set: {error}.") from error
    if features.shape[1:] != (FEATURES,):
        raise ConfigError(f"{path.name}: each line has a gas, a concentration and {FEATURES} features.")
    return Batch(number, features, gases)


def _streamed(batches: Sequence[Batch], chance: Random | None) -> list[Said]:
    """Every batch but the first as it was judged; the first calibrates."""
    stage = GasPatterns(replicas=REPLICAS).start(Resources())
    state: Nose | None = None
    for fact in _facts(batches[0], list(range(len(batches[0].gases))), known=True):
        state, _ = stage.judge(state, fact)
    said = []
    for batch in batches[1:]:
        rows = list(range(len(batch.gases)))
        if chance is not None:
            chance.shuffle(rows)
        right, sure = np.zeros(len(rows), bool), np.zeros(len(rows), bool)
        for row, fact in zip(rows, _facts(batch, rows, known=False), strict=True):
            state, answer = stage.judge(state, fact)
            right[row] = answer is not None and answer.gas == batch.gases[row]
            sure[row] = answer is not None and answer.sure
        said.append(Said(batch.number, right, sure))
    return said


def _facts(batch: Batch, rows: Sequence[int], *, known: bool) -> Iterator[Observation[GasPattern]]:
    begin = START_AT + MONTHS.get(batch.number, 4.0 * batch.number) * MONTH_S
    for second, row in enumerate(rows):
        body = GasPattern(features=tuple(batch.features[row].tolist()), known=batch.gases[row] if known else "")
        yield seen(body, at=begin + second, seq=second, source="nose")


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else 0.0


def _summary(said: Sequence[Said]) -> dict[str, float]:
    sure = np.concatenate([one.sure for one in said])
    right = np.concatenate([one.right for one in said])
    later = [one for one in said if one.number not in TUNED]
    found = {
        "accuracy": _mean([float(one.right.mean()) for one in said]),
        "accuracy_answered": float(right[sure].mean()) if sure.any() else 0.0,
        "answered": float(sure.mean()),
        "answered_mean_of_batches": _mean([float(one.sure.mean()) for one in said]),
    }
    if later:
        found["accuracy_not_tuned_on"] = _mean([float(one.right.mean()) for one in later])
        own = [(one.right & one.sure).sum() for one in later], [one.sure.sum() for one in later]
        found["accuracy_answered_not_tuned_on"] = float(sum(own[0]) / max(sum(own[1]), 1))
        found["answered_not_tuned_on"] = float(sum(own[1]) / sum(len(one.sure) for one in later))
    return found


def _per_batch(said: Sequence[Said]) -> dict[str, float]:
    return {f"accuracy_batch_{one.number}": float(one.right.mean()) for one in said}


def _rows(said: Sequence[Said]) -> list[dict[str, Any]]:
    return [
        {
            "batch": one.number,
            "exposures": len(one.right),
            "accuracy": round(float(one.right.mean()), 4),
            "answered": round(float(one.sure.mean()), 4),
            "accuracy_answered": round(float(one.right[one.sure].mean()), 4) if one.sure.any() else None,
        }
        for one in said
    ]


def _peer(batches: Sequence[Batch]) -> dict[str, float]:
    """Multinomial logistic regression with scikit-learn's defaults, on standardised features."""
    try:
        from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]
        from sklearn.pipeline import make_pipeline  # type: ignore[import-untyped]
        from sklearn.preprocessing import StandardScaler  # type: ignore[import-untyped]
    except ImportError:
        return {}
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=3000))
    model.fit(batches[0].features, np.array(batches[0].gases))
    own = {batch.number: float(model.score(batch.features, np.array(batch.gases))) for batch in batches[1:]}
    return {"accuracy": _mean(list(own.values())), **{f"accuracy_batch_{n}": score for n, score in own.items()}}
