"""Models in tests: `@pytest.mark.needs_model("nanodet")` needs a fetched one, `models` is an empty folder for them."""

import os

import pytest

from tocsin.inference.cards import card_of
from tocsin.inference.folder import model_path, models_folder

REQUIRED = "TOCSIN_REQUIRE_ALL"


def pytest_configure(config):
    line = "needs_model(*names): skips where one of the models is not fetched; fails there with TOCSIN_REQUIRE_ALL=1"
    config.addinivalue_line("markers", line)


def pytest_runtest_setup(item):
    for name in (name for marker in item.iter_markers("needs_model") for name in marker.args):
        if not model_path(card_of(name, models_folder())).is_file():
            reason = f"the model {name} is not on this machine: run `make models`"
            (pytest.fail if os.environ.get(REQUIRED) == "1" else pytest.skip)(reason)


@pytest.fixture
def models(tmp_path):
    """An empty folder of models, in place of the one of this machine."""
    before = os.environ.get("TOCSIN_MODELS")
    os.environ["TOCSIN_MODELS"] = str(tmp_path / "models")
    yield tmp_path / "models"
    if before is None:
        del os.environ["TOCSIN_MODELS"]
    else:
        os.environ["TOCSIN_MODELS"] = before
