"""One running house for all tests of the web, with one incident in it."""

import pytest

from tests.web.house import running, wait_for


@pytest.fixture(scope="session")
def town(tmp_path_factory):
    with running(tmp_path_factory.mktemp("town")) as town:
        town.release().raise_for_status()
        wait_for(town.house.view.incidents)
        yield town


@pytest.fixture
def desk(town):
    """A signed-in supervisor's client."""
    with town.signed_in("berta") as client:
        yield client


@pytest.fixture
def incident(desk):
    """The incident of the release, as the console gets it."""
    return desk.get("/api/state").json()["incidents"][0]
