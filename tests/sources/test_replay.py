"""Replays: the file's kind by content, everything counted, captures read as live input is."""

import gzip
import json
import os
from itertools import pairwise
from pathlib import Path

import pytest

from tocsin.contract.resources import Resources
from tocsin.model import ConfigError, Origin
from tocsin.perceivers.log_rows import LogRows
from tocsin.sources.replay import Replay, kind_of

EVE = b'{"timestamp":"1970-01-01T00:00:%02d+0000","event_type":"flow","src_ip":"10.0.0.1"}\n'
ZEEK = b"#separator \\x09\n#path\tconn\n#fields\tts\tuid\n#types\ttime\tstring\n%d.5\tC1\n"
TYPED = (
    b'{"source":"g1","at":5,"seq":1,"boot":"b","body":{"is":"gas.concentration/1","substance":"chlorine","ppm":1.5}}\n'
)


def deliveries(*paths, **fields):
    running = Replay(paths=tuple(str(path) for path in paths), **fields).start(Resources())
    found = list(iter(running.next_batch, None))
    assert running.finished
    return found


def readings(*paths, **fields):
    return [reading for delivery in deliveries(*paths, **fields) for reading in delivery.readings]


def written(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


def emission(at, channel, address, payload):
    return json.dumps({"at": at, "channel": channel, "address": address, "payload": payload}).encode() + b"\n"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (EVE % 1, "eve"),
        (ZEEK % 1, "zeek-tsv"),
        (b'{"ts":1.5,"uid":"C1"}\n', "zeek-json"),
        (TYPED, "readings"),
        (emission(1, "mqtt", "a/b", "{}"), "capture"),
    ],
)
def test_a_file_shows_what_it_is(tmp_path, content, kind):
    assert kind_of(written(tmp_path, "file.log", b"\n" + content)) == kind
    assert kind_of(written(tmp_path, "file.log.gz", content)) == kind


@pytest.mark.parametrize("content", [b"", b"hello\n", b"\x00\xff", b"[]"])
def test_another_file_is_refused_by_name(tmp_path, content):
    with pytest.raises(ConfigError, match=r"file\.bin is none of"):
        kind_of(written(tmp_path, "file.bin", content))


DATA = Path(os.environ.get("TOCSIN_DATA", "../shared/data"))
RECORDED = ["slips/test6-malicious.suricata.json", "slips/test9-mixed-zeek-dir/conn.log",
            "slips/test9-mixed-zeek-dir/smtp.log", "slips/test10-mixed-zeek-dir/dns.log",
            "zeek_labelled/001-zeek-scenario-malicious/conn.log",
            "zeek_labelled/008-zeek-mixed/data/http.log.labeled"]  # fmt: skip


@pytest.mark.parametrize("name", RECORDED)
def test_every_line_of_a_recorded_log_becomes_a_row(name):
    path = DATA / name
    if not path.exists():
        if os.environ.get("TOCSIN_REQUIRE_ALL") == "1":
            pytest.fail(f"{path} is absent")
        pytest.skip(f"recorded data is absent: {path} (set TOCSIN_DATA)")
    perceiver = LogRows().start(Resources(token_key=b"k" * 32))
    running = Replay(paths=(str(path),)).start(Resources())
    seen = [perceiver.perceive(one) for found in iter(running.next_batch, None) for one in found.readings]
    assert [reason for one in seen for _, reason in one.rejected] == []
    assert sum(len(reading.body.rows) for one in seen for reading in one.readings) == running.lines > 0


def test_an_absent_file_is_refused_by_name(tmp_path):
    with pytest.raises(ConfigError, match="Cannot read"):
        kind_of(tmp_path / "absent")


def test_log_lines_come_in_batches_of_a_thousand_that_cover_the_file(tmp_path):
    path = written(tmp_path, "eve.json", b"".join(EVE % (n % 60) for n in range(2500)))
    found = readings(path)
    assert [len(reading.body.lines) for reading in found] == [1000, 1000, 500]
    assert found[0].seq == 0
    assert all(later.seq == earlier.seq_end + 2 for earlier, later in pairwise(found))
    assert {reading.origin for reading in found} == {Origin.REPLAY}


def test_the_same_file_gives_the_same_identities(tmp_path):
    path = written(tmp_path, "eve.json", EVE % 1)
    assert readings(path) == readings(path)


def test_files_are_merged_by_time(tmp_path):
    late, early = written(tmp_path, "a.log", ZEEK % 50), written(tmp_path, "b.log", ZEEK % 10)
    assert [reading.source for reading in readings(late, early)] == ["b.log", "a.log"]


def test_readings_are_typed_or_plain_and_the_rest_is_rejected(tmp_path):
    plain = b'{"source":"g2","t":6,"n":4,"boot":"b","cl2_ppm":0.25}\n'
    [delivery] = deliveries(written(tmp_path, "r.ndjson", TYPED + plain + b"oops\n"))
    assert [(reading.source, reading.at, reading.body.ppm) for reading in delivery.readings] == [
        ("g1", 5.0, 1.5),
        ("g2", 6.0, 0.25),
    ]
    assert [raw for raw, _ in delivery.rejected] == [b"oops"]


ROUTES = {"routes": {"city/gas/+": "gas"}, "mappings": {"gas": {
    "time": "t", "seq": "n", "boot": "boot",
    "values": [{"path": "cl2_ppm", "quantity": "concentration", "substance": "chlorine", "unit": "ppm"}],
}}}  # fmt: skip


def test_a_capture_is_read_as_its_channels_are(tmp_path):
    gas = json.dumps({"t": 7, "n": 1, "boot": "b", "cl2_ppm": 2.0})
    content = (
        emission(7, "mqtt", "city/gas/g1", gas)
        + emission(7.5, "eve", "/var/log/eve.json", (EVE % 7).decode())
        + emission(7.6, "http", "/api/ingest/crowd-1", '{"at":7.5,"persons_per_m2":2.5}')
        + emission(9, "mqtt", "city/gas/g1", gas)
    )
    found = readings(written(tmp_path, "capture.ndjson", content), origin=Origin.SIMULATED, **ROUTES)
    assert [(reading.source, reading.at) for reading in found] == [
        ("g1", 7.0),
        ("crowd-1", 7.5),
        ("eve.json", 9.0),
        ("g1", 7.0),
    ]
    assert found[0] == found[-1]
    assert found[2].body.lines == (EVE[:-1] % 7,)


def test_a_capture_line_that_is_none_is_rejected(tmp_path):
    content = emission(7, "mqtt", "city/gas/g1", "{}") + b'{"channel":"fax"}\n' + b"oops\n"
    rejected = [
        pair for delivery in deliveries(written(tmp_path, "c.ndjson", content), **ROUTES) for pair in delivery.rejected
    ]
    assert len(rejected) == 3


SYSTEM = (
    '"System":{"EventID":1,"Channel":"Security","TimeCreated":{"#attributes":{"SystemTime":"1970-01-01T00:00:05Z"}}}'
)
PRETTY = ('{\n"Event":\n{' + SYSTEM + ',\n"EventData": {"a": "%d"}\n}\n}\n').encode()


def test_objects_over_several_lines_are_read_as_a_log(tmp_path):
    path = written(tmp_path, "events.json", PRETTY % 1 + b"noise" + PRETTY % 2)
    assert kind_of(path) == "json"
    [problem, delivery] = deliveries(path)
    assert "none" in problem.rejected[0][1]
    body = delivery.readings[0].body
    assert (body.format, len(body.lines)) == ("windows", 2)
    assert body.offsets[1] > body.offsets[0] + len(body.lines[0]) - 1


def test_an_evtx_file_is_read_to_its_last_record():
    path = next(iter(sorted((DATA / "sigma" / "regression").rglob("*.evtx"))), None)
    if path is None:
        if os.environ.get("TOCSIN_REQUIRE_ALL") == "1":
            pytest.fail(f"{DATA}/sigma is absent")
        pytest.skip(f"recorded data is absent: {DATA}/sigma (set TOCSIN_DATA)")
    assert kind_of(path) == "evtx"
    [reading] = readings(path)
    assert reading.body.format == "windows"
    assert b'"EventData"' in reading.body.lines[0]


def test_a_line_of_ten_megabytes_is_set_aside_and_nothing_else(tmp_path):
    path = written(tmp_path, "eve.json", EVE % 1 + b'{"a":"' + b"x" * 10_000_000 + b'"}\n' + EVE % 2)
    found = deliveries(path)
    [(raw, reason)] = [one for delivery in found for one in delivery.rejected]
    assert (len(raw), "Longer than" in reason) == (1024, True)
    [body] = [reading.body for delivery in found for reading in delivery.readings]
    assert body.offsets == (0, len(EVE % 1) + 10_000_009)  # six bytes before the text, three after it


def test_a_truncated_archive_gives_what_it_has_and_says_so(tmp_path):
    content = gzip.compress(b"".join(EVE % (n % 60) + os.urandom(40).hex().encode() + b"\n" for n in range(3_000)))
    path = tmp_path / "eve.json.gz"
    path.write_bytes(content[: len(content) // 2])
    *found, last = deliveries(path)
    assert "ends before its time" in last.rejected[0][1]
    assert sum(len(reading.body.lines) for delivery in found for reading in delivery.readings) > 1_000


def test_times_without_a_year_lie_near_the_file_s_own(tmp_path):
    path = written(tmp_path, "auth.log", b"Oct 11 22:14:15 host su: hello\n")
    os.utime(path, (1.7e9, 1.7e9))
    assert readings(path)[0].at == 1697062455.0


def test_the_text_logs_are_known_by_their_lines(tmp_path):
    for line, kind in ((b'type=CWD msg=audit(5.0:1): cwd="/"\n', "auditd"), (b"1700000000: x\n", "mosquitto")):
        assert kind_of(written(tmp_path, "file.log", line)) == kind
