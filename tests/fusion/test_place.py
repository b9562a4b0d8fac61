"""An event stands where its findings say that it comes from, else where they noticed it."""

from tocsin.fusion.place import settled
from tocsin.fusion.state import Hypothesis
from tocsin.fusion.tables import Hazard
from tocsin.model import Extent, Finding, Origin, Place, distance_m, moved

SQUARE = Place(lon=24.9414, lat=60.1710, radius_m=5.0, name="Square")
SOURCE = moved(SQUARE, 40.0, -60.0, radius_m=25.0)
TOXIC = Hazard(
    kinds=("cbrne",), prior_nats=-5.0, cap_nats=9.0, gate_m=900.0, gap_s=900.0, hold_s=60.0, half_life_s=300.0,
    severity={}, title="", next="", name="toxic",
)  # fmt: skip


def found(name, place, *kinds):
    extents = tuple(Extent(kind=kind, label=kind, rings=()) for kind in kinds)
    return Finding(
        id=name, at=100.0, origin=Origin.SIMULATED, kind="cbrne.x", subject="chlorine", because="", evidence=(name,),
        place=place, measure=4.0, extents=extents,
    )  # fmt: skip


def place_of(*findings):
    held = {one.id: one for one in findings}
    event = Hypothesis(id="h", hazard="toxic", kind="cbrne.x", origin=Origin.SIMULATED, since=0.0, last=1.0, held=held)
    return settled(event, TOXIC, None)


def test_what_was_noticed_is_a_mean():
    assert distance_m(place_of(found("a", SQUARE), found("b", moved(SQUARE, 20.0, 0.0))), SQUARE) < 20.0


def test_a_located_source_wins_over_where_it_was_noticed():
    assert place_of(found("a", SQUARE), found("b", SOURCE, "isolation", "region")) == SOURCE


def test_the_surest_of_two_is_believed():
    vague = moved(SQUARE, 300.0, 0.0, radius_m=200.0)
    assert place_of(found("a", vague, "region"), found("b", SOURCE, "ellipse")) == SOURCE


def test_a_circle_to_clear_locates_nothing():
    assert distance_m(place_of(found("a", SQUARE, "isolation")), SQUARE) < 1.0
