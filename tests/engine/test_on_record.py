"""A camera that sees by itself runs while its record is there, and no longer."""

from tests.engine.apart.beside import city
from tocsin.contract.protocols import Delivered
from tocsin.contract.resources import Resources
from tocsin.engine.on_record import OnRecord


class Camera:
    """A source that delivers whenever it is asked."""

    def __init__(self, resources):
        self.analytics = resources.city.sensors["cam-1"].camera.analytics
        self.closed = False

    def next_batch(self, wait_s):
        return Delivered(())

    def snapshot(self):
        return b"here"

    def problem(self):
        return "slow"

    def close(self):
        self.closed = True


def made(its_city):
    cameras = []

    def start(resources):
        cameras.append(Camera(resources))
        return cameras[-1]

    return OnRecord("cam-1", Resources(city=its_city), start), cameras


def test_nothing_is_connected_without_a_record():
    running, cameras = made(city("cam-1", processing=""))
    assert running.next_batch(0.01) is None
    assert cameras == []
    assert running.problem().startswith("Camera cam-1 does not start. It names no record of processing")
    assert running.snapshot() == b""


def test_it_runs_while_the_record_is_there():
    running, cameras = made(city("cam-1", processing=""))
    running.reload(city("cam-1"))
    assert running.next_batch(0.01) is not None
    assert (running.problem(), running.snapshot()) == ("slow", b"here")
    running.reload(city("cam-1", records={}))
    assert running.next_batch(0.01) is None
    assert cameras[0].closed


def test_it_is_connected_anew_where_its_set_up_changed_and_only_there():
    running, cameras = made(city("cam-1"))
    running.next_batch(0.01)
    running.reload(city("cam-1"))
    running.next_batch(0.01)
    assert len(cameras) == 1
    running.reload(city("cam-1", analytics=("vision.zone",)))
    running.next_batch(0.01)
    assert [camera.analytics for camera in cameras] == [(), ("vision.zone",)]
    assert cameras[0].closed
    running.close()
    assert cameras[1].closed
