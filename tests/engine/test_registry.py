"""What people decide about sources holds until its end, and over a restart."""

import pytest

from tests.engine.test_embedded import ANNA, SETTINGS, SQUARE, START, Feed, desk_of, running
from tocsin.app.house import open_house
from tocsin.city.context import City
from tocsin.city.registry import Coverage, Sensor
from tocsin.engine.desk import Wish
from tocsin.engine.registry import NAME, Registry, Standing, aim_of
from tocsin.model import BadInput, Decision, Origin, SourceState

CAMERA = Sensor(
    id="cam-1",
    family="camera",
    name="Camera 1",
    place=SQUARE,
    coverage=Coverage(range_m=40.0, assumed=("bearing_deg", "field_deg")),
    state=SourceState.IN_SERVICE,
)


@pytest.fixture
def house(tmp_path):
    made = open_house(tmp_path, SETTINGS, City.empty("Test", SQUARE).with_sensor(CAMERA))
    yield made
    made.close(START)


def decided(verb: str, *, text: str = "", until: float | None = None) -> Decision:
    return Decision(
        at=START, origin=Origin.SIMULATED, id=verb, verb=verb, target="cam-1", by="a", text=text, until=until
    )


def test_an_aim_is_shown_and_no_longer_assumed(house):
    house.ruling.hear(decided("aim", text='{"bearing_deg": 90, "field_deg": 60}'))
    (row,) = house.view.sensors()
    assert (row.bearing_deg, row.field_deg, row.assumed) == (90.0, 60.0, ())


def test_a_test_ends_by_itself_with_a_decision_in_the_log(house):
    house.ruling.hear(decided("test", until=START + 60))
    posted: list[Decision] = []
    house.ruling.end(START + 59, posted.append)
    assert posted == []
    house.ruling.end(START + 60, posted.append)
    assert [(one.verb, one.by) for one in posted] == [("in-service", "policy:until")]
    assert house.seats.find("cam-1").state is SourceState.IN_SERVICE


def test_what_was_decided_survives_a_restart(tmp_path):
    with running(tmp_path, Feed()) as (house, engine):
        house.seats.take("g1", "feed")
        desk_of(house, engine).decide(Wish(verb="maintenance", target="g1", until=START + 9999), ANNA)
        assert house.seats.find("g1").state is SourceState.MAINTENANCE
    with running(tmp_path, Feed()) as (house, _):
        standing = house.graph.states_of(NAME)["g1"]
        assert (standing.state, standing.until) == (SourceState.MAINTENANCE, START + 9999)


def test_restored_standings_are_applied(house):
    house.ruling.restore(
        {"cam-1": Standing(state=SourceState.TEST, aim=aim_of('{"bearing_deg": 10, "field_deg": 50}'))}
    )
    assert house.seats.find("cam-1").state is SourceState.TEST
    assert house.view.city.sensors["cam-1"].coverage.bearing_deg == 10.0


def test_decisions_about_incidents_change_nothing():
    standing, told = Registry().step(None, decided("acknowledge"))
    assert (standing, told) == (Standing(), ())


def test_an_aim_that_is_none_is_refused():
    with pytest.raises(BadInput):
        aim_of("north")
