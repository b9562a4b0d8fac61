"""Fixtures of the store's tests: a key ring and an open log."""

import pytest

from tests.store.material import SeededKeys
from tocsin.store.log import EventLog


@pytest.fixture
def keys():
    return SeededKeys()


@pytest.fixture
def log(tmp_path, keys):
    with EventLog.open(tmp_path, keys) as opened:
        yield opened
