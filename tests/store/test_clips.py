"""Clips at rest: sealed one by one, gone with their key, nothing half written is left."""

import pytest

from tocsin.gate.keys import KeyRing
from tocsin.model import NotFound, Tampered
from tocsin.store.clips import Clip, Clips, Still

STILLS = [Still(at=float(n), jpeg=b"masked picture %d" % n, number=n, count=n) for n in range(3)]


def clip(name="clip-1", keep_until=1e9, **more):
    return Clip(id=name, source="cam-1", since=0.0, until=2.0, frames=0, keep_until=keep_until, **more)


@pytest.fixture
def keys(tmp_path):
    return KeyRing.open(tmp_path / "keys")


@pytest.fixture
def clips(tmp_path, keys):
    return Clips.open(tmp_path / "clips", keys)


def test_what_was_put_in_comes_out(clips):
    kept = clips.put(clip(), STILLS)
    assert kept.frames == 3
    assert clips.stills("clip-1") == STILLS


def test_nothing_of_a_picture_can_be_read_on_the_disk(clips, tmp_path):
    clips.put(clip(), STILLS)
    assert not any(b"masked picture" in path.read_bytes() for path in (tmp_path / "clips").iterdir())


def test_clips_outlive_a_restart(clips, tmp_path, keys):
    clips.put(clip(findings=("f-1",)), STILLS)
    again = Clips.open(tmp_path / "clips", keys)
    assert [one.id for one in again.clips(findings=["f-1"])] == ["clip-1"]
    assert again.clips(findings=["f-2"]) == []


def test_a_clip_whose_time_is_over_is_gone_key_first(clips, tmp_path):
    clips.put(clip(keep_until=10.0), STILLS)
    clips.put(clip("clip-2"), STILLS)
    assert clips.retain(now=10.0) == 1
    assert {path.stem for path in (tmp_path / "clips").iterdir()} == {"clip-2"}
    with pytest.raises(NotFound):
        clips.stills("clip-1")


def test_a_clip_without_its_key_cannot_be_opened_by_another_s(clips, tmp_path):
    clips.put(clip(), STILLS)
    clips.put(clip("clip-2"), STILLS)
    (tmp_path / "clips" / "clip-1.key").write_bytes((tmp_path / "clips" / "clip-2.key").read_bytes())
    with pytest.raises(Tampered):
        clips.stills("clip-1")


def test_an_altered_clip_is_noticed(clips, tmp_path):
    clips.put(clip(), STILLS)
    path = tmp_path / "clips" / "clip-1.clip"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(Tampered):
        clips.stills("clip-1")


def test_what_a_crash_left_without_a_header_is_removed(clips, tmp_path, keys):
    (tmp_path / "clips" / "clip-9.clip").write_bytes(b"half")
    (tmp_path / "clips" / "clip-9.key").write_bytes(b"half")
    assert Clips.open(tmp_path / "clips", keys).clips() == []
    assert list((tmp_path / "clips").iterdir()) == []
