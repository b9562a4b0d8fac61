"""Cameras over HTTP: masked pictures with a receipt, set-ups that come into force, tries, clips, clear views."""

import json
import time

import pytest

from tests.web.house import running, wait_for
from tocsin.contract.pictures import MaskedPicture, Track, Tracks
from tocsin.contract.protocols import Delivered
from tocsin.model import Origin, Reading

ZONE = {"id": "z", "ring": [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]], "forbidden": ["person"]}
SECONDS = 30


class Recording:
    """A camera that walked through its picture a moment ago: one person, tracks and masked pictures of it."""

    def __init__(self, start: float) -> None:
        self.waiting = [self._second(start, n) for n in range(SECONDS)]

    def _second(self, start, n):
        x = 0.1 + 0.02 * n
        track = Track(id=1, label="person", box=(x, 0.3, x + 0.1, 0.8), since=start, east_m=8.0, north_m=0.3 * n)
        bodies = [
            Tracks(tracks=(track,), every_s=1.0, calibrated=True, number=n),
            MaskedPicture(jpeg=b"masked %d" % n, width=4, height=3, of=n, filled=0.2, count=1, every_s=1.0),
        ]
        readings = [
            Reading(at=start + n, origin=Origin.EXERCISE, source="cam-1", seq=n, boot=str(i), body=body)
            for i, body in enumerate(bodies)
        ]
        return Delivered(tuple(readings))

    def next_batch(self, wait_s):
        if self.waiting:
            return self.waiting.pop(0)
        time.sleep(wait_s)
        return None

    def snapshot(self):
        return b""

    def problem(self):
        return ""

    def close(self):
        self.waiting.clear()


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    with running(tmp_path_factory.mktemp("cameras")) as town:
        town.accounts.add("dora", "correct horse battery", "dpo", time.time())
        town.engine.each_tick(town.house.gallery.tick)
        town.engine.add("cam-1", "camera", Recording(time.time() - SECONDS))
        wait_for(lambda: town.house.gallery.wall("cam-1").number == SECONDS)
        yield town


def row(town, name="anna", camera="cam-1"):
    return next(one for one in town.signed_in(name).get("/api/cameras").json()["cameras"] if one["id"] == camera)


def receipts(town, act):
    return [one for _, one in town.house.ledger.receipts(subject="cam-1") if one is not None and one.act == act]


def test_a_camera_is_told_with_its_record_and_what_runs(town):
    found = row(town)
    assert found["processing"]["name"] == "Test Square"
    assert "missing" not in found
    assert "vision.loitering" not in found.get("running", [])


def test_a_camera_of_the_map_alone_is_no_camera_with_pictures(town):
    assert [one["id"] for one in town.signed_in().get("/api/cameras").json()["cameras"]] == ["cam-1"]


def test_the_newest_picture_is_shown_after_a_receipt_once_per_quarter(town):
    before = len(receipts(town, "look"))
    client = town.signed_in("anna")
    for _ in range(3):
        shown = client.get("/api/cameras/cam-1/picture")
    assert (shown.content, shown.headers["content-type"]) == (b"masked 29", "image/jpeg")
    assert shown.headers["x-persons"] == "1"
    assert "no-store" in shown.headers["cache-control"]
    assert len(receipts(town, "look")) == before + 1


def test_a_picture_that_is_known_is_not_sent_again(town):
    client = town.signed_in("anna")
    number = client.get("/api/cameras/cam-1/picture").headers["x-number"]
    assert client.get(f"/api/cameras/cam-1/picture?after={number}&wait_s=0.1").status_code == 204


def test_a_viewer_sees_no_pictures(town):
    assert town.signed_in("vera").get("/api/cameras/cam-1/picture").status_code == 403


def test_who_looks_is_known_to_the_camera(town):
    town.signed_in("anna").get("/api/cameras/cam-1/picture")
    assert town.house.gallery.watched("cam-1", time.time())


def test_what_it_sees_is_told_without_a_picture(town):
    now = town.signed_in("anna").get("/api/cameras/cam-1/now").json()
    assert now["tracks"]["tracks"][0]["label"] == "person"


def test_each_part_of_the_picture_says_what_it_supports(town):
    plan = {"camera": {"processing": "square", "pose": {"height_m": 6, "tilt_deg": 25, "field_deg": 60}}}
    found = town.signed_in("anna").post("/api/cameras/cam-1/support", json=plan).json()
    assert len(found["cells"]) == found["columns"] * found["rows"]
    assert "outline" in found["cells"][-8]["tasks"]


def test_points_that_cannot_be_a_plane_are_told_so(town):
    spots = [{"x": 0.1 * n, "y": 0.5, "lon": 24.944, "lat": 60.1708} for n in range(4)]
    found = town.signed_in("anna").post("/api/cameras/cam-1/support", json={"camera": {"pairs": spots}}).json()
    assert found["problem"]


def test_an_analytic_is_tried_on_what_the_camera_saw_and_nothing_changes(town):
    trial = {"camera": {"processing": "square", "areas": [ZONE]}, "kind": "vision.zone", "hours": 1}
    found = town.signed_in("anna").post("/api/cameras/cam-1/try", json=trial).json()
    assert found["seen"] >= SECONDS
    assert found["findings"] == 1
    assert row(town)["camera"].get("areas") is None


def test_a_set_up_comes_into_force_by_a_person_who_may(town):
    camera = json.loads(json.dumps(row(town)["camera"])) | {"areas": [ZONE], "analytics": ["vision.zone"]}
    body = {"camera": camera}
    assert town.signed_in("anna").post("/api/sensors/cam-1/set-up", json=body).status_code == 403
    town.signed_in("berta").post("/api/sensors/cam-1/set-up", json=body).raise_for_status()
    assert row(town)["running"] == ["vision.zone"]


TOO_FEW = [{"x": 0.1, "y": 0.1, "lon": 24.9, "lat": 60.1}]
OUTSIDE = [{"x": 2, "y": 0, "lon": 0, "lat": 0}]
ON_ONE_LINE = [{"x": 0.1 * n, "y": 0.5, "lon": 24.944, "lat": 60.1708 + n * 1e-5} for n in range(5)]


@pytest.mark.parametrize("pairs", [TOO_FEW, OUTSIDE, ON_ONE_LINE], ids=["too few", "outside", "on one line"])
def test_a_set_up_that_cannot_work_is_refused(town, pairs):
    answer = town.signed_in("berta").post("/api/sensors/cam-1/set-up", json={"camera": {"pairs": pairs}})
    assert answer.status_code in (400, 422)


def test_the_data_protection_officer_switches_an_analytic_off_for_a_place(town):
    town.signed_in("dora").post("/api/processing/square/forbid", json={"kind": "vision.zone"}).raise_for_status()
    assert row(town).get("running", []) == []
    town.signed_in("dora").post("/api/processing/square/allow", json={"kind": "vision.zone"}).raise_for_status()
    assert row(town)["running"] == ["vision.zone"]


def test_an_operator_does_not_decide_what_runs_at_a_place(town):
    answer = town.signed_in("anna").post("/api/processing/square/allow", json={"kind": "vision.loitering"})
    assert answer.status_code == 403


def test_a_clear_view_takes_a_reason_and_another_person(town):
    anna, berta = town.signed_in("anna"), town.signed_in("berta")
    assert anna.get("/api/cameras/cam-1/clear").status_code == 403
    asked = anna.post("/api/views", json={"source": "cam-1", "reason": "A person lies there and does not move."}).json()
    assert anna.post(f"/api/views/{asked['id']}").status_code == 403
    berta.post(f"/api/views/{asked['id']}").raise_for_status()
    assert anna.get("/api/cameras/cam-1/clear").status_code == 204, "open, and no clear picture has come yet"
    assert berta.get("/api/cameras/cam-1/clear").status_code == 403
    assert len(receipts(town, "unmask")) == 1
