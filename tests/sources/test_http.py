"""Posted batches: answered when logged, refused with reasons, safe to send again."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tocsin.contract.resources import Resources
from tocsin.model import ConfigError, TooMuch
from tocsin.sources.http import HttpIngest, TooLarge

GOOD = b'{"source":"g1","t":5,"n":%d,"boot":"b","cl2_ppm":0.4}\n'


def started(**fields):
    return HttpIngest(**fields).start(Resources())


def answered(running, body, token="t", source=""):
    """What an engine that logs at once makes the sender hear."""
    future = running.submit(body, token, source)
    delivered = running.next_batch(1.0)
    if delivered is not None:
        delivered.acknowledge()
    return future.result(0), delivered


def test_a_batch_is_answered_when_it_is_logged_and_not_before():
    running = started()
    with ThreadPoolExecutor(1) as pool:
        offered = pool.submit(running.offer, GOOD % 1 + GOOD % 2, "t")
        delivered = running.next_batch(5.0)
        assert not offered.done()
        delivered.repeated(1)
        delivered.acknowledge()
        answer = offered.result(5)
    assert (answer.accepted, answer.duplicates, answer.rejected) == (2, 1, ())
    assert [(reading.source, reading.seq, reading.via) for reading in delivered.readings] == [
        ("g1", 1, "http"),
        ("g1", 2, "http"),
    ]


def test_a_bad_line_is_named_by_its_number_and_quarantined():
    answer, delivered = answered(started(), b"\n" + GOOD % 1 + b"oops\n" + GOOD % 2)
    assert (answer.accepted, [number for number, _ in answer.rejected]) == (2, [3])
    assert [raw for raw, _ in delivered.rejected] == [b"oops"]


def test_a_line_without_source_speaks_for_the_route():
    _, delivered = answered(started(), b'{"t":5,"cl2_ppm":1}', source="gate-4")
    assert delivered.readings[0].source == "gate-4"


def test_an_empty_batch_is_answered_at_once():
    assert answered(started(), b"\n\n")[0].accepted == 0


def test_a_batch_too_large_is_refused():
    with pytest.raises(TooLarge, match="30 bytes at most"):
        started(bytes_max=30).submit(GOOD % 1, "t")
    with pytest.raises(TooLarge, match="2 lines at most"):
        started(lines_max=2).submit(GOOD % 1 * 4, "t")


def test_when_too_many_wait_the_sender_is_told_when_to_come_back():
    running = started(waiting_max=1)
    running.submit(GOOD % 1, "t")
    with pytest.raises(TooMuch) as caught:
        running.submit(GOOD % 2, "t")
    assert caught.value.retry_after_s > 0


def test_what_is_not_logged_in_time_may_be_sent_again():
    with pytest.raises(TooMuch, match="send the batch again"):
        started().offer(GOOD % 1, "t", wait_s=0.01)


def test_a_token_speaks_for_its_own_sources_only():
    running = started(may_speak_for={"gate": ("gate-*",)})
    answer, delivered = answered(running, GOOD % 1 + b'{"source":"gate-4","t":5,"cps":9}', token="gate")
    assert (answer.accepted, answer.rejected) == (1, ((1, "This token may not speak for this source."),))
    assert [reading.source for reading in delivered.readings] == ["gate-4"]
    assert answered(running, GOOD % 1, token="stranger")[0].accepted == 0


@pytest.mark.parametrize("tag", ["log.events/1", "log.batch/1", "no.such/1"])
def test_a_device_cannot_send_what_only_admission_makes(tag):
    answer, _ = answered(started(), b'{"source":"g1","t":5,"body":{"is":"%s"}}' % tag.encode())
    assert (answer.accepted, len(answer.rejected)) == (0, 1)


def test_closing_tells_who_waits():
    running = started()
    future = running.submit(GOOD % 1, "t")
    running.close()
    with pytest.raises(TooMuch, match="closing"):
        future.result(0)
    with pytest.raises(TooMuch, match="closing"):
        running.submit(GOOD % 1, "t")


def test_many_senders_at_once_are_each_answered():
    running, stop = started(waiting_max=100), threading.Event()

    def engine():
        while not stop.is_set():
            delivered = running.next_batch(0.05)
            if delivered is not None:
                delivered.acknowledge()

    log = threading.Thread(target=engine)
    log.start()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: running.offer(GOOD % n, "t"), range(200)))
    stop.set()
    log.join()
    assert [answer.accepted for answer in answers] == [1] * 200


def test_limits_below_one_are_refused():
    with pytest.raises(ConfigError, match="waiting_max"):
        started(waiting_max=0)
