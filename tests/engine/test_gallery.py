"""Masked pictures at hand: the newest, the last seconds, and clips with a receipt before each."""

import pytest

from tocsin.city.context import City
from tocsin.contract.pictures import MaskedPicture
from tocsin.engine.gallery import Gallery, GalleryLimits
from tocsin.engine.seats import Seats
from tocsin.gate.keys import KeyRing
from tocsin.gate.ledger import Ledger
from tocsin.model import Finding, Level, Observation, Origin, Place
from tocsin.store.clips import Clips

CITY = City.empty("Town", Place(lon=24.9, lat=60.1))
LIMITS = GalleryLimits(ring_s=10.0, ring_bytes=1_000, before_s=3.0, after_s=2.0, clip_s_max=8.0)


def picture(at, number=None, source="cam-1", size=10):
    body = MaskedPicture(
        jpeg=b"j" * size, width=4, height=3, of=int(at) if number is None else number, filled=0.1, count=2, every_s=1.0
    )
    return Observation(at=at, origin=Origin.LIVE, source=source, seq=int(at), body=body, level=Level.REDACTED)


def finding(at, name="f-1", source="cam-1"):
    return Finding(
        at=at, origin=Origin.LIVE, id=name, kind="vision.zone", subject=source, because="x.", evidence=(), source=source
    )


@pytest.fixture
def ledger(tmp_path):
    made = Ledger.open(tmp_path / "ledger", tmp_path / "private", origin="tocsin/test")
    yield made
    made.close()


@pytest.fixture
def gallery(tmp_path, ledger):
    return Gallery(
        Clips.open(tmp_path / "clips", KeyRing.open(tmp_path / "keys")), ledger, Seats(CITY), lambda: CITY, LIMITS
    )


def shown(gallery, *times, **more):
    for at in times:
        gallery.show(picture(float(at), **more))


def test_only_the_last_seconds_and_bytes_are_kept(gallery):
    shown(gallery, *range(30))
    assert gallery.wall("cam-1").ring[0].at == 19.0
    shown(gallery, *range(30, 35), size=400)
    assert gallery.wall("cam-1").bytes <= LIMITS.ring_bytes


def test_the_newest_is_given_once_and_then_waited_for(gallery):
    shown(gallery, 1, 2)
    number, newest = gallery.after("cam-1", 0, 0.0)
    assert newest.at == 2.0
    assert gallery.after("cam-1", number, 0.01) is None


def test_a_finding_keeps_the_seconds_around_it_after_a_receipt(gallery, ledger):
    shown(gallery, *range(10))
    gallery.told(finding(9.0))
    shown(gallery, 10, 11, 12)
    gallery.tick(10.0)
    assert gallery.clips.clips() == []
    gallery.tick(11.0)
    [clip] = gallery.clips.clips(findings=["f-1"])
    assert (clip.since, clip.until, clip.frames, clip.person_s) == (6.0, 11.0, 6, 12.0)
    [(_, receipt)] = ledger.receipts(subject="cam-1")
    assert receipt.act == "clip"
    assert receipt.detail["clip"] == clip.id


def test_findings_that_follow_one_another_share_a_clip_of_bounded_length(gallery):
    shown(gallery, *range(20))
    for at in (10.0, 11.0, 19.0):
        gallery.told(finding(at, name=f"f-{at}"))
    gallery.tick(30.0)
    [clip] = gallery.clips.clips()
    assert len(clip.findings) == 3
    assert clip.until - clip.since <= LIMITS.clip_s_max


def test_a_finding_of_what_shows_no_pictures_keeps_nothing(gallery):
    gallery.told(finding(1.0, source="gas-1"))
    gallery.tick(100.0)
    assert gallery.clips.clips() == []


def test_who_looks_is_known_for_a_while(gallery):
    gallery.watch("cam-1", until=10.0)
    assert gallery.watched("cam-1", 9.0)
    assert not gallery.watched("cam-1", 10.0)
