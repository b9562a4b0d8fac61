"""One running house for all tests of the web, with one incident in it."""

import pytest

from tests.web.house import running, wait_for


@pytest.fixture(scope="session")
def town(tmp_path_factory):
    with running(tmp_path_factory.mktemp("town")) as town:
        town.release().raise_for_status()
        wait_for(town.house.view.incidents)
        yield town


@pytest.fixture(scope="session")
def full(tmp_path_factory):
    """A house whose engine does not run: what is posted waits."""
    with running(tmp_path_factory.mktemp("full"), waiting_max=1, started=False) as town:
        town.inlet.submit(b"{}", "gateway")
        yield town


@pytest.fixture
def desk(town):
    """A signed-in supervisor's client."""
    return town.signed_in("berta")


@pytest.fixture
def incident(desk):
    """The incident of the release, as the console gets it."""
    return desk.get("/api/state").json()["incidents"][0]
