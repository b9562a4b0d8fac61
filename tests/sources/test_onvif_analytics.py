"""Cameras with analytics on board: objects become tracks without a pixel, over a real RTSP stream."""

import time

import pytest

from tests.engine.apart.beside import city
from tests.sources.cameras import Rtsp, wait_for
from tocsin.city.cameras import Camera, Pose
from tocsin.contract.bodies import Alive, Contact, Sighting
from tocsin.contract.camera_views import CameraView, views
from tocsin.contract.pictures import Tracks
from tocsin.contract.resources import Resources
from tocsin.formats.onvif_metadata import Moment, Seen
from tocsin.model import ConfigError, moved
from tocsin.sources.onvif_analytics import OnvifAnalytics
from tocsin.sources.onvif_analytics.telling import Telling
from tocsin.sources.onvif_analytics.visits import Visits

FAST = {"stall_s": 1.5, "retry_s": 0.2, "retry_s_max": 0.5, "alive_s": 1.0}
HEAD = (
    '<t:MetadataStream xmlns:t="http://www.onvif.org/ver10/schema" xmlns:w="http://docs.oasis-open.org/wsn/b-2" '
    'xmlns:n="http://www.onvif.org/ver10/topics">'
)


def person(number=7, x=0.0, kind="Human", more=""):
    """One object of a frame, its left edge at x (ONVIF's coordinates)."""
    box = f'<t:BoundingBox left="{x}" top="0" right="{x + 0.2}" bottom="-0.8"/>'
    looks = f'<t:Shape>{box}</t:Shape><t:Class><t:Type Likelihood="0.9">{kind}</t:Type></t:Class>{more}'
    return f'<t:Object ObjectId="{number}"><t:Appearance>{looks}</t:Appearance></t:Object>'


def scene(second, *objects, events=""):
    """A document of one frame."""
    at = f"2026-05-01T10:00:{second:06.3f}Z"
    frame = f'<t:Frame UtcTime="{at}">{"".join(objects)}</t:Frame>'
    return f"{HEAD}<t:VideoAnalytics>{frame}</t:VideoAnalytics>{events}</t:MetadataStream>".encode()


def event(topic, **data):
    items = "".join(f'<t:SimpleItem Name="{name}" Value="{value}"/>' for name, value in data.items())
    source = '<t:Source><t:SimpleItem Name="Rule" Value="gate"/></t:Source>'
    message = f"<t:Message>{source}<t:Data>{items}</t:Data></t:Message>"
    return (
        f"<t:Event><w:NotificationMessage><w:Topic>n:{topic}</w:Topic><w:Message>{message}</w:Message>"
        "</w:NotificationMessage></t:Event>"
    )


def started(url, **how):
    return OnvifAnalytics(url=url, source="cam-1", **{**FAST, **how}).start(Resources())


def heard(running, kind, wait_s=15.0):
    """The next reading of a class."""
    end = time.monotonic() + wait_s
    while time.monotonic() < end:
        delivered = running.next_batch(0.2)
        found = [one for one in (delivered.readings if delivered else ()) if isinstance(one.body, kind)]
        if found:
            return found[0]
    raise AssertionError(running.problem() or "nothing came")


@pytest.fixture(scope="module")
def walk(tmp_path_factory):
    """A camera that tells of one person who walks to the right, with an event now and then."""
    padding = "<t:Color><t:ColorCluster/></t:Color>" * 60  # longer than one packet
    crossed = event("RuleEngine/LineDetector/Crossed", ObjectId="7", ClassTypes="Human")
    documents = [
        scene(n / 10, person(x=-0.9 + n / 50, more=padding), events=crossed if n % 10 == 5 else "") for n in range(50)
    ]
    with Rtsp(tmp_path_factory.mktemp("walk"), documents=documents) as camera:
        yield camera


def test_tracks_come_without_pictures(walk):
    running = started(walk.url)
    first, second = heard(running, Tracks), heard(running, Tracks)
    running.close()
    (track,) = second.body.tracks
    assert (track.label, track.score, track.held) == ("person", 0.9, False)
    assert track.id == first.body.tracks[0].id
    assert track.box[3] == pytest.approx(0.9)
    assert 0.15 <= second.at - first.at <= 0.5
    assert abs(time.time() - second.at) < 2.0
    assert (second.source, second.via, second.seq - first.seq) == ("cam-1", "onvif-analytics", 1)
    assert running.counts.connections == 1


def test_events_that_name_a_class_are_sightings_and_documents_signs_of_life(walk):
    running = started(walk.url)
    assert isinstance(heard(running, Alive).body, Alive)
    sighting = heard(running, Sighting)
    running.close()
    assert sighting.body == Sighting(label="person", zone="gate", track="7")


def test_a_stream_that_is_cut_comes_back(tmp_path):
    with Rtsp(tmp_path, documents=[scene(n / 10, person()) for n in range(50)]) as camera:
        running = started(camera.url)
        heard(running, Tracks)
        camera.kill()
        assert camera.url in wait_for(running.problem)
        camera.start()
        wait_for(lambda: running.problem() == "")
        heard(running, Tracks)
        running.close()


def test_a_stream_without_metadata_is_said(tmp_path):
    with Rtsp(tmp_path) as camera:
        running = started(camera.url)
        wait_for(lambda: "no metadata track" in running.problem())
        running.close()


def test_hostile_documents_are_quarantined_without_their_content(tmp_path):
    bad = b'<!DOCTYPE a [<!ENTITY b "ABC-123">]><t:MetadataStream>&b;</t:MetadataStream>'
    with Rtsp(tmp_path, documents=[bad, scene(1.0, person())]) as camera:
        running = started(camera.url)
        rejected = wait_for(lambda: getattr(running.next_batch(0.2), "rejected", ()))
        assert all("ABC-123" not in str(one) for one in rejected)
        heard(running, Tracks)
        running.close()


# --- what documents become, one by one ---


def telling(**how):
    return Telling(OnvifAnalytics(url="rtsp://192.0.2.7/m", source="cam-1", **how), CameraView("cam-1"))


def said(teller, raw, now=1_000.0, kind=Tracks):
    return [one.body for one in teller.readings(raw, now) if isinstance(one.body, kind)]


def test_faces_and_number_plates_are_passed_over():
    teller = telling()
    raw = scene(
        1.0, person(1, kind="HumanFace"), person(2, kind="LicensePlate"), events=event("X/Face", ClassTypes="Human")
    )
    assert said(teller, raw)[0].tracks == ()
    assert said(teller, raw, kind=Sighting) == []
    assert teller.counts.passed_over == 6


def test_two_state_events_are_sides_and_quiet_ones_no_sighting():
    inside = event("RuleEngine/FieldDetector/ObjectsInside", IsInside="true", ClassTypes="Vehicle")
    outside = event("RuleEngine/FieldDetector/ObjectsInside", IsInside="false", ClassTypes="Vehicle")
    teller = telling()
    assert [one.active for one in said(teller, scene(1.0, events=inside), kind=Contact)] == [True]
    assert said(teller, scene(2.0, events=inside), kind=Sighting)[0].label == "vehicle"
    assert said(teller, scene(3.0, events=outside), kind=Sighting) == []
    assert said(telling(events=False), scene(1.0, events=inside), kind=Contact) == []


def test_tracks_are_told_at_a_modest_rate_and_nothing_more_seldom():
    teller = telling(tracks_per_s_max=5.0)
    busy = [said(teller, scene(n / 20, person()), 1_000.0 + n / 20) for n in range(40)]
    quiet = [said(teller, scene(10 + n / 20), 1_010.0 + n / 20) for n in range(60)]
    assert 8 <= sum(map(len, busy)) <= 11
    assert 2 <= sum(map(len, quiet)) <= 5


def seen(number, x=0.0, **how):
    return Seen(id=number, label="person", box=(x, 0.2, x + 0.1, 0.6), **how)


def test_visits_end_and_a_number_that_comes_again_is_somebody_else():
    visits = Visits(CameraView("cam-1"), held_s=2.0)
    visits.take(Moment(seen=(seen(7), seen(8))), 0.0)
    first = visits.told(0.0, 1, 0.0)
    visits.take(Moment(seen=(seen(7),), deleted=(8,)), 1.0)
    second = visits.told(1.0, 2, 1.0)
    visits.take(Moment(seen=(seen(8),)), 4.0)
    third = visits.told(4.0, 3, 3.0)
    assert [[track.id for track in one.tracks] for one in (first, second, third)] == [[1, 2], [1], [3]]
    assert [one.ended for one in (first, second, third)] == [(), (2,), (1,)]


def test_an_object_under_a_new_number_is_the_same_and_one_not_told_of_is_held():
    visits = Visits(CameraView("cam-1"), held_s=2.0)
    visits.take(Moment(seen=(seen(7), seen(9))), 0.0)
    visits.take(Moment(renamed=((7, 17),), seen=(seen(17),)), 1.0)
    tracks = {track.id: track.held for track in visits.told(1.0, 1, 1.0).tracks}
    assert tracks == {1: False, 2: True}


def test_speeds_are_picture_heights_where_nothing_is_calibrated():
    visits = Visits(CameraView("cam-1"), held_s=2.0)
    for n in range(30):
        visits.take(Moment(seen=(seen(7, x=n * 0.01),)), n * 0.1)
    told = visits.told(2.9, 1, 0.1)
    assert told.calibrated is False
    assert told.tracks[0].speed_east == pytest.approx(0.1 * 1280 / 720, rel=0.02)
    assert told.tracks[0].east_m is None


def test_positions_are_metres_where_the_camera_or_we_know_them():
    known = views(Resources(city=city("cam-1"))).of("cam-1")
    spot = moved(known.place, 3.0, 4.0)
    visits = Visits(known, held_s=2.0)
    visits.take(Moment(seen=(seen(7, lon=spot.lon, lat=spot.lat),)), 0.0)
    told = visits.told(0.0, 1, 0.0)
    assert (told.calibrated, told.tracks[0].east_m) == (True, pytest.approx(3.0, abs=0.01))
    posed = CameraView("cam-1", Camera(pose=Pose(height_m=5.0, tilt_deg=30.0, field_deg=60.0)), known.place)
    visits = Visits(posed, held_s=2.0)
    visits.take(Moment(seen=(Seen(id=1, label="person", box=(0.45, 0.3, 0.55, 0.5)),)), 0.0)
    (track,) = visits.told(0.0, 1, 0.0).tracks
    assert (track.east_m, track.north_m) == (pytest.approx(0.0, abs=0.01), pytest.approx(8.66, abs=0.01))
    assert track.covariance_m2[2] > track.covariance_m2[0] > 0.0


def test_objects_without_a_box_are_counted_and_not_told():
    visits = Visits(CameraView("cam-1"), held_s=2.0)
    visits.take(Moment(seen=(Seen(id=1, label="person"),)), 0.0)
    assert (visits.told(0.0, 1, 0.0).tracks, visits.unplaced) == ((), 1)


@pytest.mark.parametrize(
    ("url", "how", "why"),
    [
        ("http://192.0.2.7/m", {}, "begins with rtsp"),
        ("rtsp://a:b@192.0.2.7/m", {}, "no user or password in a URL"),
        ("rtsp://192.0.2.7/m", {"held_s": 0.0}, "above 0"),
        ("rtsp://192.0.2.7/m", {"retry_s": 9.0, "retry_s_max": 1.0}, "no less"),
    ],
)
def test_what_cannot_work_is_said_at_once(url, how, why):
    with pytest.raises(ConfigError, match=why):
        OnvifAnalytics(url=url, source="cam-1", **how).check(Resources())
