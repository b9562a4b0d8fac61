"""The suite streams batches in order, causally, and tells what it was tuned on from the rest."""

import numpy as np
import pytest

from tests.physics.drift.test_drift import exposures
from tocsin.app.suites import Bench
from tocsin.model import ConfigError
from tocsin.suites import Order
from tocsin.suites.gas_drift import GasDrift, batches_of


def put(folder, number, count, chance, factor=1.0):
    """A batch of two gases that differ in how strongly half of the sensors answer."""
    lines = []
    for gas in ("Ethanol", "Ammonia"):
        features = exposures(chance, count, sensors=16)
        features[:, : 8 * 2] *= 2.5 if gas == "Ethanol" else 1.0
        features[:, 8 * 8 : 8 * 10] *= 2.5 if gas == "Ethanol" else 1.0
        lines += [f"{gas},10.0," + ",".join(f"{one:.6f}" for one in row * factor) for row in features]
    (folder / f"batch{number}.dat").write_text("\n".join(lines) + "\n")


def test_batches_are_streamed_and_reported_one_by_one(tmp_path):
    chance = np.random.default_rng(5)
    for number, count in ((1, 20), (2, 4), (4, 4)):
        put(tmp_path, number, count, chance, 1.0 - 0.02 * number)
    report = GasDrift().run(Order(command="it", data=tmp_path), Bench())
    assert report.metrics["accuracy"] > 0.8
    assert report.metrics["accuracy_not_tuned_on"] == report.metrics["accuracy_batch_4"]
    assert 0.0 <= report.metrics["answered"] <= 1.0
    assert "accuracy_batch_2" in report.peers["logistic regression, not adapted"]


@pytest.mark.parametrize("line", ["Ethanol,10.0,1.0", "Ethanol,ten," + "x," * 127 + "x"])
def test_a_file_that_is_no_batch_is_named(tmp_path, line):
    (tmp_path / "batch1.dat").write_text(line + "\n")
    with pytest.raises(ConfigError, match=r"batch1\.dat"):
        batches_of(tmp_path)


def test_a_folder_without_the_first_batch_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"batch1\.dat"):
        batches_of(tmp_path)
