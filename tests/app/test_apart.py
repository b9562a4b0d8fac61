"""A whole house with a camera: pictures are perceived beside it, and what may be seen comes to the console."""

import sys

import pytest
from msgspec.structs import replace

from tests.engine.apart.beside import city, installed
from tests.sources.cameras import wait_for
from tests.sources.clips import write
from tocsin.app.config import BrokerPlan, MemberPlan, Settings
from tocsin.app.live import go_live
from tocsin.contract.walk import members
from tocsin.engine.setting_up import of_pictures
from tocsin.model import ConfigError, SourceState


@pytest.fixture
def clip(tmp_path, monkeypatch):
    """A clip, and the perceiver installed for the house and for its children."""
    site = installed(tmp_path / "site")
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.syspath_prepend(str(site))
    yield write(tmp_path / "clip.mp4", 10)
    sys.modules.pop("beside_test", None)


def in_service(its_city):
    for sensor in list(its_city.sensors.values()):
        its_city = its_city.with_sensor(replace(sensor, state=SourceState.IN_SERVICE))
    return its_city


def settings(**parameters):
    plan = MemberPlan(kind="camera.video", parameters={"pace": "live", "loop": True, "group": "g", **parameters})
    off = [one.kind for one in members("perceivers") if of_pictures(one) and one.kind != "vision.tells"]
    return Settings(inputs={"cam-1": plan}, broker=BrokerPlan(enabled=False), off=tuple(off))


@pytest.fixture
def house(tmp_path, clip):
    """Builds a house over a city; all are stopped at the end."""
    running = []

    def build(its_city, **parameters):
        live = go_live(tmp_path / "data", settings(url=str(clip), **parameters), its_city)
        running.append(live)
        live.start()
        return live

    yield build
    for live in running:
        live.stop()


def test_masked_pictures_and_tracks_of_a_camera_come_through_the_gate(house):
    live = house(in_service(city("cam-1")))
    picture = wait_for(lambda: live.house.gallery.newest("cam-1"), 30.0)
    assert (picture.source, picture.via) == ("cam-1", "cam-1")
    wall = live.house.gallery.wall("cam-1")
    assert wait_for(lambda: wall.tracks).lease
    assert live.house.flow.counts.rejected == 0
    assert wait_for(lambda: wall.tracks.body.number > 20)
    assert live.sources["cam-1"].problem() == ""


def test_a_camera_without_a_record_waits_for_one(house):
    live = house(in_service(city("cam-1", records={})))
    assert "does not start" in wait_for(live.sources["cam-1"].problem)
    assert "does not start" in wait_for(lambda: live.engine.lines["cam-1"].problem)
    assert live.sources["cam-1"].next_batch(0.5) is None


def test_a_camera_with_analytics_on_board_needs_a_record_as_well(tmp_path):
    plan = MemberPlan(kind="camera.onvif-analytics", parameters={"url": "rtsp://127.0.0.1:9/m", "source": "cam-1"})
    plans = Settings(inputs={"in": plan}, broker=BrokerPlan(enabled=False))
    live = go_live(tmp_path / "data", plans, city("cam-1", records={}))
    assert "does not start" in live.sources["in"].problem()
    live.house.setting_up.renew()
    live.stop()


def test_a_parameter_that_cannot_work_is_said_at_the_start(tmp_path, clip):
    with pytest.raises(ConfigError, match="no parameter 'urll'"):
        go_live(tmp_path / "data", settings(url=str(clip), urll="x"), city("cam-1"))
