"""At a demonstration a camera gives counts and nothing else: no track, no masked picture, whatever runs on it."""

import pytest

from tests.e2e.test_cameras import clip
from tocsin.app.config import Settings
from tocsin.app.footage import KIND, camera_named, clip_input
from tocsin.app.house import open_house
from tocsin.city.context import City
from tocsin.contract.resources import content_folder
from tocsin.contract.walk import configured, member_of
from tocsin.engine.rerun import Rerun
from tocsin.model import Level, Observation, Origin, Place, SourceState

pytestmark = pytest.mark.needs_model("nanodet", "centerface")

HALL = Place(lon=24.9, lat=60.1)


def policies(folder, name):
    """A folder with one policy of that name, in force everywhere."""
    text = (content_folder() / "policies" / f"{name}.yaml").read_text()
    folder.mkdir()
    (folder / f"{name}.yaml").write_text(text.replace("zones: []", 'zones: ["*"]'))
    return str(folder)


def looked(tmp_path, *folders):
    """What a replayed clip leaves: levels of the log, pictures at hand."""
    settings = Settings(origin=Origin.REPLAY, newcomers=SourceState.IN_SERVICE, policies=folders)
    city = camera_named(City.empty("Town", HALL), "cam")
    house = open_house(tmp_path / "data", settings, city, recorded=True, pictures=True)
    rerun = Rerun(house.flow)
    try:
        source = configured(member_of("sources", KIND), clip_input(clip(tmp_path / "c.avi", seconds=4), "cam", 2.0))
        list(rerun.run(source.start(house.resources), KIND))
        kept = [fact for fact in house.log.read() if isinstance(fact, Observation)]
        return {fact.level for fact in kept}, house.gallery.wall("cam").number
    finally:
        house.close(rerun.now)


def test_every_day_it_gives_tracks_and_masked_pictures(tmp_path):
    levels, pictures = looked(tmp_path)
    assert Level.ANONYMOUS in levels
    assert max(levels) < Level.REDACTED, "pictures are shown, not logged"
    assert pictures > 0


def test_under_an_assembly_policy_it_gives_counts_alone(tmp_path):
    levels, pictures = looked(tmp_path, policies(tmp_path / "policies", "assembly"))
    assert max(levels) == Level.AGGREGATE
    assert pictures == 0
