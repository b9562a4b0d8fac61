"""Models for perceivers: the small true one of these tests, in a folder of its own."""

import pytest

from tests.perceivers.blobs import put_model


@pytest.fixture(scope="session")
def blob_models(tmp_path_factory):
    """A folder of models that holds `blobs`."""
    folder = tmp_path_factory.mktemp("models")
    put_model(folder)
    return folder


@pytest.fixture
def blobs(blob_models, monkeypatch):
    """The name of the model that marks bright figures, where it can be opened."""
    monkeypatch.setenv("TOCSIN_MODELS", str(blob_models))
    return "blobs"
