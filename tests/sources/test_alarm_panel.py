"""Alarm panels over real sockets: acknowledged when on disk and not before, never twice, hostile callers borne."""

import json
import socket
import time

import pytest

from tests.sources.simulated_panel import SimulatedPanel
from tocsin.contract.bodies import Alive, Contact, LogBatch
from tocsin.contract.resources import Resources
from tocsin.contract.walk import configured, member_of
from tocsin.formats import sia_dc09 as sia
from tocsin.model import ConfigError, Origin
from tocsin.sources.alarm_panel import AlarmPanels, Panel
from tocsin.sources.alarm_panel.reception import REJECTED_MAX, REPEATS_KEPT, Known, Reception
from tocsin.sources.alarm_panel.switchboard import Caller

KEY = "00112233445566778899AABBCCDDEEFF"
SECRETS = Resources(secrets={"hall-key": KEY, "short": "AB"})
PANELS = {
    "hall": Panel(account="1234", zones={"007": "door-7"}),
    "vault": Panel(account="ABCDEF", secret="hall-key"),
}


@pytest.fixture
def running():
    """A receiver on a free port."""
    started = AlarmPanels(panels=PANELS, port=0).start(SECRETS)
    yield started
    started.close()


def calling(running, **how):
    return SimulatedPanel(running.port, now=time.time, **how)


def rows(delivered):
    batches = [one.body for one in delivered.readings if isinstance(one.body, LogBatch)]
    return [json.loads(line) for batch in batches for line in batch.lines]


def refused(running):
    """The reasons of what was quarantined next."""
    return [reason for _, reason in running.next_batch(5.0).rejected]


def test_any_free_port_is_one_that_is_free_for_tcp_and_udp_alike():
    taken = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2_000)]
    for one in taken:
        one.bind(("127.0.0.1", 0))
    try:
        for _ in range(100):  # some 7 of these meet a port that is taken for UDP at first
            AlarmPanels(panels=PANELS, port=0).start(SECRETS).close()
        port = taken[0].getsockname()[1]
        with pytest.raises(ConfigError, match=f"127.0.0.1:{port}: Address already in use"):
            AlarmPanels(panels=PANELS, port=port).start(SECRETS)
    finally:
        for one in taken:
            one.close()


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize(("account", "key"), [("1234", b""), ("ABCDEF", bytes.fromhex(KEY))])
def test_an_event_is_acknowledged_when_it_is_on_disk_and_not_before(running, transport, account, key):
    with calling(running, transport=transport, account=account, key=key) as panel:
        panel.send("Nri1/BA3")
        delivered = running.next_batch(5.0)
        assert not panel.has_heard()
        delivered.acknowledge()
        answer = panel.heard()
    assert (answer.token, answer.sequence, answer.account, answer.encrypted) == ("ACK", "0001", account, bool(key))
    (row,) = rows(delivered)
    assert (row["class"], row["zone"], row["encrypted"]) == ("intrusion", "3", bool(key))
    assert (row["transport"], row["src_ip"]) == (transport, "127.0.0.1")
    assert delivered.urgent


def test_a_zone_is_a_sensor_of_its_own_or_a_zone_of_the_panel(running):
    with calling(running) as panel:
        panel.send("Nri1/BA7/BR3/OP12")
        delivered = running.next_batch(5.0)
    contacts = [(one.source, one.body) for one in delivered.readings if isinstance(one.body, Contact)]
    assert contacts == [
        ("door-7", Contact(name="intrusion", active=True, flags=("intrusion",))),
        ("hall", Contact(name="zone 3 intrusion", active=False, flags=("intrusion",))),
    ]
    assert [row["event_code"] for row in rows(delivered)] == ["BA", "BR", "OP"]
    assert len({(one.source, one.boot, one.seq) for one in delivered.readings}) == 3


def test_a_link_test_is_a_sign_of_life_each_time(running):
    with calling(running) as panel:
        for _ in range(2):
            panel.send("", "NULL", again=True)
            delivered = running.next_batch(5.0)
            delivered.acknowledge()
            assert panel.heard().token == "ACK"
            assert [(one.source, one.body) for one in delivered.readings] == [("hall", Alive(online=True))]


def test_a_message_sent_again_is_acknowledged_again_and_counted_once(running):
    with calling(running) as panel:
        panel.send("NBA1")
        panel.send("NBA1", again=True)
        delivered = running.next_batch(5.0)
        wait_for(lambda: running.counts.repeated == 1)
        delivered.acknowledge()
        panel.send("NBA1", again=True)
        answers = b""
        while answers.count(b"\r") < 3:
            answers += panel.socket.recv(4_096)
    assert len(rows(delivered)) == 1
    assert running.next_batch(0.0) is None
    assert (running.counts.repeated, answers.count(b'"ACK"0001')) == (2, 3)


def wait_for(holds, wait_s=5.0):
    end = time.monotonic() + wait_s
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)


def test_the_same_event_later_is_another_event(running):
    with calling(running) as panel:
        panel.send("NBA1")
        panel.send("NBA1")
        wait_for(lambda: running.counts.received == 2)
        assert len(rows(running.next_batch(5.0))) == 2


def test_a_repeat_after_a_restart_has_the_same_number_when_the_panel_says_the_time():
    seen = []
    at = float(int(time.time()) - 30)
    for _ in range(2):
        running = AlarmPanels(panels=PANELS, port=0).start(SECRETS)
        with calling(running) as panel:
            panel.send("NBA1", at=at)
            seen.append([(one.source, one.boot, one.seq, one.at) for one in running.next_batch(5.0).readings])
        running.close()
    assert seen[0] == seen[1]
    assert seen[0][0][3] == at


@pytest.mark.parametrize("off_s", [-3_600.0, 3_600.0])
def test_an_old_encrypted_message_is_refused_and_the_panel_told_the_time(running, off_s):
    with calling(running, account="ABCDEF", key=bytes.fromhex(KEY)) as panel:
        panel.send("NBA1", at=time.time() + off_s)
        assert "clock" in refused(running)[0]
        answer = panel.heard()
        assert (answer.token, abs(answer.at - time.time()) < 60) == ("NAK", True)
        assert "clock" in running.problem()
        panel.send("NBA1", again=True)
        running.next_batch(5.0).acknowledge()
        assert panel.heard().token == "ACK"
    assert running.problem() == ""


def test_a_wrong_key_is_refused(running):
    with calling(running, account="ABCDEF", key=bytes(16)) as panel:
        panel.send("NBA1")
        assert "cannot be opened with the key" in refused(running)[0]
        assert panel.heard().token == "NAK"


@pytest.mark.parametrize(
    ("account", "data", "token", "why"),
    [
        ("9999", "NBA1", "SIA-DCS", "not listed"),
        ("ABCDEF", "NBA1", "SIA-DCS", "not encrypted"),
        ("1234", "hello", "SIA-DCS", "event block"),
        ("1234", "1130", "ADM-CID", "Contact ID"),
        ("1234", "x", "TEXT", "not read"),
    ],
)
def test_what_we_can_do_nothing_with_is_answered_so(running, account, data, token, why):
    with calling(running, account=account) as panel:
        panel.send(data, token)
        assert why in refused(running)[0]
        assert panel.heard().token == "DUH"
    assert why in running.problem()
    assert account not in running.problem()


def test_a_panel_with_a_wrong_clock_is_believed_about_all_but_the_time(running):
    with calling(running) as panel:
        panel.send("NFA1", at=4e9)
        delivered = running.next_batch(5.0)
    assert abs(delivered.readings[0].at - time.time()) < 60
    assert rows(delivered)[0]["clock_off_s"] > 1e9


def test_a_panel_on_the_move_says_where_it_is(running):
    with calling(running) as panel:
        panel.send("NHA1", extended=("X024E56.484", "Y60N10.26"))
        delivered = running.next_batch(5.0)
    assert {(one.place.lon, one.place.lat) for one in delivered.readings} == {(24.9414, 60.171)}


def test_damaged_frames_are_quarantined_without_an_answer_and_the_next_one_is_heard(running):
    with calling(running) as panel:
        panel.socket.sendall(panel.frame("NBA1").replace(b"BA1", b"BA2") + panel.frame("NBA3"))
        wait_for(lambda: running.counts.received == 2)
        delivered = running.next_batch(5.0)
        delivered.acknowledge()
        assert panel.heard().sequence == "0002"
    assert "CRC" in delivered.rejected[0][1]
    assert [row["zone"] for row in rows(delivered)] == ["3"]
    assert running.counts.garbled == 1


def test_ten_megabytes_without_an_end_disturb_nobody(running):
    with calling(running) as panel, calling(running) as noisy:
        with pytest.raises(OSError):  # noqa: PT011  # reset or broken pipe: it hangs up on us
            noisy.socket.sendall(b"x" * 50_000_000)
        assert "without the CR" in refused(running)[0]
        panel.send("NBA1")
        running.next_batch(5.0).acknowledge()
        assert panel.heard().token == "ACK"
    assert running.counts.garbled == 1


def test_text_that_is_not_utf8_loses_no_alarm(running):
    with calling(running) as panel:
        panel.socket.sendall(sia.framed(b'"SIA-DCS"0001L0#1234[#1234|NBA1^Caf\xe9^]'))
        assert rows(running.next_batch(5.0))[0]["text"] == "Café"


def test_when_too_many_wait_a_panel_is_asked_to_come_back():
    running = AlarmPanels(panels=PANELS, port=0, waiting_max=1).start(SECRETS)
    with calling(running) as panel:
        panel.send("NBA1")
        panel.send("NBA2")
        assert panel.heard().token == "NAK"
        assert len(rows(running.next_batch(5.0))) == 1
        panel.send("NBA2", again=True)
        assert len(rows(running.next_batch(5.0))) == 1
    running.close()


def test_one_caller_more_than_allowed_ends_the_one_that_was_silent_longest():
    running = AlarmPanels(panels=PANELS, port=0, connections_max=2, udp=False).start(SECRETS)
    with calling(running) as first, calling(running) as second, calling(running) as third:
        for panel, data in ((third, "NBA1"), (second, "NBA2")):
            panel.send(data)
            running.next_batch(5.0).acknowledge()
            assert panel.heard().token == "ACK"
        assert first.socket.recv(10) == b""
    running.close()


def test_a_caller_that_left_is_no_trouble(running):
    with calling(running) as panel:
        panel.send("NBA1")
        delivered = running.next_batch(5.0)
    delivered.acknowledge()
    with calling(running) as panel:
        panel.send("NBA2")
        running.next_batch(5.0).acknowledge()
        assert panel.heard().token == "ACK"


def test_after_closing_nobody_listens(running):
    running.close()
    running.close()
    with pytest.raises(OSError):  # noqa: PT011  # refused
        socket.create_connection(("127.0.0.1", running.port), timeout=1.0)
    assert running.next_batch(0.0) is None
    assert running.snapshot() == b""


@pytest.mark.parametrize(
    ("parameters", "why"),
    [
        ({"panels": {}}, "knows no panels"),
        ({"panels": {"a": Panel(account="12")}}, "3 to 16"),
        ({"panels": {"a": Panel(account="123"), "b": Panel(account=" 123")}}, "one account"),
        ({"panels": {"a": Panel(account="123", secret="none")}}, "No secret named"),
        ({"panels": {"a": Panel(account="123", secret="short")}}, "32, 48 or 64"),
        ({"panels": PANELS, "tcp": False, "udp": False}, "listens to nothing"),
        ({"panels": PANELS, "waiting_max": 0}, "1 or more"),
        ({"panels": PANELS, "host": "192.0.2.1"}, "Cannot listen"),
    ],
)
def test_what_cannot_work_is_refused_at_the_start(parameters, why):
    with pytest.raises(ConfigError, match=why) as caught:
        AlarmPanels(**parameters).start(SECRETS)
    assert KEY not in str(caught.value)


def test_a_number_for_an_account_is_refused_by_its_name():
    member = member_of("sources", "alarm.panel")
    assert configured(member, {"panels": {"hall": {"account": "0012"}}}).panels["hall"].account == "0012"
    with pytest.raises(ConfigError, match="account"):
        configured(member, {"panels": {"hall": {"account": 12}}})


class Clock:
    """A clock that is moved by hand."""

    def __init__(self):
        self.now = 1.79e9

    def __call__(self):
        return self.now


@pytest.fixture
def desk():
    """A reception without sockets, its clock, and a caller that keeps its answers."""
    clock, answers = Clock(), []
    codes = sia.Codes.of(SECRETS.document("alarm/codes.yaml"))
    reception = Reception(
        known={"1234": Known(source="hall")}, codes=codes, via="alarm", origin=Origin.LIVE, window_s=(40.0, 20.0),
        waiting_max=10, clock=clock,
    )  # fmt: skip
    return reception, clock, Caller("tcp", "127.0.0.1", answers.append), answers


EVENT = sia.framed(b'"SIA-DCS"0001L0#1234[#1234|NBA1]')


def test_what_is_not_on_disk_after_a_while_is_delivered_again_under_its_numbers(desk):
    reception, clock, caller, answers = desk
    reception.frame(EVENT, caller)
    first = reception.next_batch(0.0, urgent=False)
    clock.now += 5.0
    reception.frame(EVENT, caller)
    assert reception.next_batch(0.0, urgent=False) is None
    clock.now += 8.0
    reception.frame(EVENT, caller)
    again = reception.next_batch(0.0, urgent=False)
    assert again.readings == first.readings
    again.acknowledge()
    assert len(answers) == 3


def test_the_same_number_after_a_minute_is_a_new_message(desk):
    reception, clock, caller, _ = desk
    reception.frame(EVENT, caller)
    reception.next_batch(0.0, urgent=False).acknowledge()
    clock.now += 61.0
    reception.frame(EVENT, caller)
    assert len(reception.next_batch(0.0, urgent=False).readings) == 2


def test_what_is_remembered_and_kept_is_bounded(desk):
    reception, _, caller, answers = desk
    for number in range(2_000):
        reception.frame(EVENT.replace(b"BA1", b"BA2"), caller)
        reception.frame(sia.framed(b'"SIA-DCS"%04dL0#1234[#1234|NBA1]' % number), caller)
        if number % 10 == 9:
            calls = reception.next_batch(0.0, urgent=False)
            calls.acknowledge()
    assert len(reception._calls["1234"]) == REPEATS_KEPT
    assert len(answers) == 2_000
    for _ in range(2_000):
        reception.frame(b"noise", caller)
    assert len(reception.next_batch(0.0, urgent=False).rejected) == REJECTED_MAX
    assert reception.counts.not_kept == 1_000


def test_trouble_with_a_panel_is_told_for_ten_minutes(desk):
    reception, clock, caller, _ = desk
    reception.frame(EVENT.replace(b"#1234", b"#9999"), caller)
    reception.frame(sia.framed(b'"SIA-DCS"0001L0#9999[]'), caller)
    assert "127.0.0.1" in reception.problem()
    clock.now += 700.0
    assert reception.problem() == ""


@pytest.mark.parametrize(
    ("how", "told"), [({}, "tcp 127.0.0.1:{0}, udp 127.0.0.1:{0}"), ({"tcp": False}, "udp 127.0.0.1:{0}")]
)
def test_it_says_where_it_listens(how, told):
    started = AlarmPanels(panels=PANELS, port=0, **how).start(SECRETS)
    assert started.listens == told.format(started.port)
    started.close()
