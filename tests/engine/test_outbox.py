"""The outbox: every delivery goes where the gate lets it, at least once, across kills, and says what came of it."""

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.receivers import HttpReceiver, SyslogReceiver, served, tls_context, udp_receiver
from tests.store.material import SeededKeys
from tocsin.engine.outbox import Carrier, FolderOutlet, HttpOutlet, SyslogOutlet, Undelivered, open_outlet
from tocsin.formats.webhook import check, secret_key
from tocsin.gate.outlet import permit
from tocsin.model import BadInput, ConfigError, Delivery, Origin, Refused
from tocsin.store.log import EventLog
from tocsin.store.outbox import Backoff, Outbox

NOW = 1_800_000_000.0
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
KEY = secret_key(SECRET)


def a_delivery(outlet="out", n=1, *, origin=Origin.LIVE, name="warning.xml", payload=b"<1>1 - - - - - -"):
    return Delivery(
        id=f"act-{n}/{outlet}", outlet=outlet, name=name, media_type="text/plain", payload=payload, origin=origin
    )


@dataclass
class House:
    """An outbox on disk with its outlets, and what was told."""

    outbox: Outbox
    outlets: dict
    told: list = field(default_factory=list)

    def __post_init__(self):
        self.carrier = Carrier(self.outbox, self.outlets, permit, lambda: NOW, self.told.append, pause_s=0.02)

    def carry(self, *deliveries, now=NOW):
        for one in deliveries:
            self.outbox.put(one, now)
        return self.carrier.run_once(now)

    @property
    def states(self):
        return [(one.delivery, one.state) for one in self.told]


@pytest.fixture
def log(tmp_path):
    log = EventLog.open(tmp_path / "log", SeededKeys())
    yield log
    log.close()


@pytest.fixture
def house(log):
    return lambda backoff=None, **outlets: House(Outbox(log, backoff), outlets)


@pytest.fixture
def receiver():
    server = served(HttpReceiver())
    yield server
    server.shutdown()
    server.server_close()


def test_a_file_is_written_whole_under_its_name(house, tmp_path):
    home = house(out=FolderOutlet(folder=tmp_path / "out"))
    assert home.carry(a_delivery(payload=b"alert")) == 1
    assert [(file.name, file.read_bytes()) for file in (tmp_path / "out").iterdir()] == [("warning.xml", b"alert")]
    assert (home.told[0].state, home.told[0].action) == ("delivered", "act-1")


@given(st.text(max_size=30).filter(lambda name: not name.isalnum()))
def test_no_name_leaves_the_folder(tmp_path_factory, name):
    root = tmp_path_factory.mktemp("root")
    for hostile in (name, f"../{name}", f"/{name}", f"a/../../{name}", ".."):
        try:
            FolderOutlet(folder=root / "out").send(a_delivery(name=hostile), NOW)
        except Refused:
            continue
    assert {file.name for file in root.iterdir()} <= {"out"}


def test_a_name_that_is_a_link_is_replaced_and_not_followed(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "secret").write_text("mine")
    (tmp_path / "out" / "warning.xml").symlink_to(tmp_path / "secret")
    (tmp_path / "out" / ".other.xml.part").symlink_to(tmp_path / "secret")
    outlet = FolderOutlet(folder=tmp_path / "out")
    outlet.send(a_delivery(), NOW)
    with pytest.raises(Undelivered, match="Cannot write"):
        outlet.send(a_delivery(name="other.xml"), NOW)
    assert (tmp_path / "secret").read_text() == "mine"


def test_a_post_is_signed_anew_at_every_attempt_under_one_id(receiver, house):
    receiver.answers = [503]
    home = house(out=open_outlet("http", url=receiver.url, secret=SECRET))
    assert home.carry(a_delivery()) == 0
    assert home.carrier.run_once(NOW + 1_000) == 1
    (first, body), (second, _) = receiver.got
    assert check(KEY, first, body, NOW) == check(KEY, second, body, NOW + 1_000) == "act-1/out"
    assert home.states == [("act-1/out", "failed"), ("act-1/out", "delivered")]
    assert "503" in home.told[0].text


@pytest.mark.parametrize("status", [302, 400, 410, 500])
def test_anything_but_success_is_tried_again(receiver, house, status):
    receiver.answers = [status]
    home = house(out=HttpOutlet(url=receiver.url))
    home.carry(a_delivery())
    assert home.outbox.state("act-1/out").state == "waiting"


def test_a_dead_receiver_is_given_up_in_the_end_and_said_so(house):
    home = house(Backoff(attempts_max=2), out=HttpOutlet(url="http://127.0.0.1:9/", timeout_s=0.5))
    home.carry(a_delivery())
    home.carrier.run_once(NOW + 1_000)
    assert [one.state for one in home.told] == ["failed", "failed"]
    assert "Given up after 2" in home.told[1].text
    assert home.outbox.state("act-1/out").state == "dead"


def test_a_dead_receiver_is_asked_once_a_round_and_holds_up_nobody(receiver, house, tmp_path):
    receiver.answers = [500] * 9
    home = house(dead=HttpOutlet(url=receiver.url), out=FolderOutlet(folder=tmp_path / "out"))
    assert home.carry(*[a_delivery("dead", n) for n in range(9)], a_delivery("out")) == 1
    assert len(receiver.got) == 1


def test_an_unknown_outlet_holds_back_and_says_what_to_do(house):
    home = house()
    assert home.carry(a_delivery("siem")) == 1
    assert (home.told[0].state, home.outbox.state("act-1/siem").state) == ("held back", "dead")
    assert "add it to `outlets`" in home.told[0].text


def test_tls_is_verified(tmp_path, house):
    context, certificate = tls_context(tmp_path)
    server = served(HttpReceiver(context=context))
    home = house(
        strange=open_outlet("http", url=server.url), known=open_outlet("http", url=server.url, ca_file=str(certificate))
    )
    home.carry(a_delivery("strange"), a_delivery("known"))
    server.shutdown()
    assert dict(home.states) == {"act-1/strange": "failed", "act-1/known": "delivered"}
    assert len(server.got) == 1


def test_syslog_is_framed_over_tcp_and_tls(tmp_path, house):
    context, certificate = tls_context(tmp_path)
    plain, secure = served(SyslogReceiver()), served(SyslogReceiver(context))
    home = house(
        tcp=open_outlet("syslog", url=f"syslog+tcp://127.0.0.1:{plain.port}"),
        tls=open_outlet("syslog", url=f"syslog+tls://127.0.0.1:{secure.port}", ca_file=str(certificate)),
    )
    assert home.carry(*[a_delivery(name, n) for name in ("tcp", "tls") for n in range(3)]) == 6
    assert plain.got == secure.got == [b"<1>1 - - - - - -"] * 3
    plain.shutdown()
    secure.shutdown()


def test_syslog_over_udp_is_one_datagram_of_bounded_size(house):
    channel = udp_receiver()
    home = house(udp=SyslogOutlet(host="127.0.0.1", port=channel.getsockname()[1], transport="udp"))
    home.carry(a_delivery("udp"), a_delivery("udp", 2, payload=b"x" * 3_000))
    assert channel.recv(4096) == b"<1>1 - - - - - -"
    assert dict(home.states) == {"act-1/udp": "delivered", "act-2/udp": "held back"}
    channel.close()


def test_a_silent_syslog_server_is_tried_again(house):
    home = house(tcp=SyslogOutlet(host="127.0.0.1", port=9, transport="tcp"))
    home.carry(a_delivery("tcp"))
    assert (home.states, home.outbox.state("act-1/tcp").tries) == ([("act-1/tcp", "failed")], 1)


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("http", {"url": "http://city.example/hook"}),
        ("http", {"url": "ftp://city.example"}),
        ("http", {"url": "https://city.example", "secret": "short"}),
        ("folder", {}),
        ("syslog", {"url": "city.example:514"}),
        ("syslog", {"url": "syslog+sctp://city.example:1"}),
        ("syslog", {"url": "syslog+tls://city.example:99999"}),
        ("pigeon", {}),
    ],
)
def test_an_outlet_that_cannot_work_is_a_configuration_error(kind, given):
    with pytest.raises(ConfigError):
        open_outlet(kind, **given)


def test_a_secret_is_not_shown():
    assert SECRET[6:] not in repr(open_outlet("http", url="https://city.example", secret=SECRET))
    assert repr(KEY) not in repr(open_outlet("http", url="https://city.example", secret=SECRET))


@pytest.mark.parametrize("origin", [Origin.REPLAY, Origin.SIMULATED, Origin.EXERCISE])
def test_what_is_not_live_goes_to_the_marked_folder_only(receiver, house, tmp_path, origin):
    drill, real = FolderOutlet(folder=tmp_path / "drill", exercise=True), FolderOutlet(folder=tmp_path / "real")
    home = house(drill=drill, real=real, http=HttpOutlet(url=receiver.url, exercise=True))
    home.carry(*[a_delivery(outlet, origin=origin) for outlet in ("drill", "real", "http")])
    assert dict(home.states) == {
        "act-1/drill": "delivered",
        "act-1/real": "held back",
        "act-1/http": "held back",
    }
    assert [file.name for file in tmp_path.glob("*/*.xml")] == ["exercise-warning.xml"]
    assert receiver.got == []


def test_the_thread_carries_until_it_is_stopped(receiver, house):
    home = house(out=HttpOutlet(url=receiver.url))
    home.carrier.start()
    home.outbox.put(a_delivery(), NOW)
    deadline = time.monotonic() + 10
    while not home.told and time.monotonic() < deadline:
        time.sleep(0.01)
    home.carrier.stop()
    home.outbox.put(a_delivery(n=2), NOW)
    assert (home.states, home.outbox.counts()["waiting"]) == ([("act-1/out", "delivered")], 1)


def child(folder, url, count):
    """Put deliveries, say so, then carry until all are settled."""
    log = EventLog.open(Path(folder), SeededKeys())
    outbox = Outbox(log, Backoff(first_s=0.01, wait_s_max=0.05))
    for n in range(int(count)):
        outbox.put(a_delivery(n=n, payload=b"%d" % n), time.time())
    carrier = Carrier(outbox, {"out": open_outlet("http", url=url, secret=SECRET)}, permit, time.time, print)
    while outbox.counts()["waiting"]:
        if not carrier.run_once(time.time()):
            time.sleep(0.01)
    log.close()


def test_killed_before_it_could_note_the_answer_it_sends_again_and_the_id_tells(tmp_path):
    """The receiver kills the sender in the middle of two answers: all arrive, none is lost, repeats share an id."""
    running, count = {}, 6

    def kill():
        os.kill(running["child"].pid, signal.SIGKILL)
        running["child"].wait()
        return 200

    server = served(HttpReceiver(200, kill, 503, kill))
    code = f"from tests.engine.test_outbox import child; child({str(tmp_path)!r}, {server.url!r}, {count})"
    ended = []
    for _ in range(3):
        running["child"] = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL)
        ended.append(running["child"].wait(timeout=30))
    server.shutdown()
    ids = [check(KEY, headers, body, time.time()) for headers, body in server.got]
    assert ended == [-signal.SIGKILL] * 2 + [0]
    assert set(ids) == {f"act-{n}/out" for n in range(count)}
    assert len(ids) == count + 2 + 1  # two killed answers and one refusal were sent again
    assert len({(name, body) for name, (_, body) in zip(ids, server.got, strict=True)}) == count


def test_a_forged_post_is_told_from_a_genuine_one(receiver):
    HttpOutlet(url=receiver.url, key=KEY).send(a_delivery(), NOW)
    ((headers, body),) = receiver.got
    with pytest.raises(BadInput):
        check(KEY, headers, body + b"!", NOW)


def test_two_threads_cannot_share_a_carrier_by_mistake(house):
    home = house()
    home.carrier.start()
    home.carrier.stop()
    assert not [thread for thread in threading.enumerate() if thread.name == "tocsin outbox"]
