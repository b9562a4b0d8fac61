"""Captures are found in any folder, lose their labels before the flow sees them, and are judged by those labels."""

import os
from pathlib import Path

import msgspec
import pytest

from tocsin.app.suites import Bench
from tocsin.model import ConfigError
from tocsin.suites import Order
from tocsin.suites.network_incidents import NetworkIncidents
from tocsin.suites.network_incidents.captures import captures_of, read

COLUMNS = ("ts", "uid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "proto", "duration", "conn_state")
TYPES = ("time", "string", "addr", "port", "addr", "port", "enum", "interval", "string")
SCANNER, CLIENT = "10.0.0.9", "10.0.0.5"


def flow(n, source, target, port, state):
    return (f"{1_700_000_000 + n}.5", f"C{n}", source, "40000", target, str(port), "tcp", "0.1", state)


SCAN = [(*flow(n, SCANNER, f"10.0.1.{n}", 502, "S0"), "Malicious", "Scan") for n in range(1, 40)]
CALM = [(*flow(n, CLIENT, f"198.51.100.{n % 5}", 443, "SF"), "Benign", "Web") for n in range(1, 40)]


def zeek(rows, names=(*COLUMNS, "label", "detailedlabel"), types=(*TYPES, "string", "string")):
    head = ["#separator \\x09", "#path\tconn", "\t".join(("#fields", *names)), "\t".join(("#types", *types))]
    return "\n".join([*head, *("\t".join(row) for row in rows), "#close\t2023-11-14"]) + "\n"


@pytest.fixture
def capture(tmp_path):
    """Write a log of a capture: `capture("name/conn.log.labeled", text)`."""

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return tmp_path

    return write


def run(data, **names):
    return NetworkIncidents(**names).run(Order(command="tocsin evaluate network-incidents", data=data), Bench())


def test_a_labelled_attacker_is_found_once_and_nobody_else_is_accused(capture):
    told = run(capture("one/conn.log.labeled", zeek([*SCAN, *CALM])))
    wanted = {"captures": 1, "attackers": 1, "attackers_found": 1, "benign_accused": 0, "incidents": 1}
    assert {name: told.metrics[name] for name in wanted} == wanted
    assert 0 < told.metrics["time_to_first_alarm_s"] < 60
    (incident,) = told.detail["captures"][0]["incidents"]
    assert incident["attackers"] == [SCANNER]
    assert "10.0.1.1" in incident["victims"]
    assert told.peers["one incident per finding and pair of hosts"]["incidents"] > 10


def test_an_accusation_of_a_host_labelled_benign_is_counted(capture):
    wrong = [(*row[:-2], "Benign", "Nothing") for row in SCAN]
    told = run(capture("one/conn.log.labeled", zeek(wrong)))
    assert (told.metrics["benign_accused"], told.metrics["attackers"]) == (1, 0)
    assert told.detail["captures"][0]["falsely_accused"] == [SCANNER]


def test_labels_are_gone_before_anything_sees_a_line(capture):
    (found,) = captures_of(capture("one/conn.log.labeled", zeek([*SCAN, *CALM])))
    lines, labels = read(found)
    text = b"\n".join(line.raw for line in lines)
    assert b"Malicious" not in text
    assert b"label" not in text
    assert (len(labels), sum(label.malicious for label in labels)) == (78, 39)
    assert {line.log for line in lines} == {"conn.log"}


def test_label_columns_glued_by_blanks_and_those_of_json_are_read_and_gone(capture):
    glued = [(*row[:-3], f"{row[-3]}   {row[-2]}   {row[-1]}") for row in SCAN]
    names = (*COLUMNS[:-1], f"{COLUMNS[-1]}   label   detailed-label")
    capture("glued/conn.log.labeled", zeek(glued, names, (*TYPES[:-1], "string   string   string")))
    rows = [dict(zip((*COLUMNS, "label"), row, strict=False)) | {"ts": float(row[0]), "id.resp_p": 502} for row in SCAN]
    folder = capture("json/conn.log", "\n".join(msgspec.json.encode(row).decode() for row in rows))
    for found in captures_of(folder):
        lines, labels = read(found)
        assert sum(label.malicious for label in labels) == 39
        assert not any(b"Malicious" in line.raw or b"label" in line.raw for line in lines)


def test_a_log_and_its_copy_with_labels_are_one(capture):
    bare = [row[:-2] for row in SCAN]
    capture("one/conn.log", zeek(bare, COLUMNS, TYPES))
    (found,) = captures_of(capture("one/labeled-conn.log", zeek(SCAN)))
    assert [log.path.name for log in found.logs] == ["labeled-conn.log"]
    assert len(found.passed_over) == 1
    assert found.logs[0].name == "conn.log"


def test_flows_reach_us_when_they_end_below_their_own_header(capture):
    long = (*flow(1, CLIENT, "198.51.100.1", 443, "SF")[:-2], "500.0", "SF")
    two = zeek([(*long, "Benign", "-")]) + zeek(CALM, (*COLUMNS, "label", "detailedlabel"))
    (found,) = captures_of(capture("one/conn.log.labeled", two))
    lines, _ = read(found)
    assert lines[0].raw.startswith(b"#")
    assert lines[-1].raw.endswith(b"500.0\tSF")
    assert {line.log for line in lines} == {"conn.log", "2.conn.log"}


def test_labels_in_words_stand_beside_the_capture(capture):
    capture("one/conn.log", zeek([row[:-2] for row in SCAN], COLUMNS, TYPES))
    table = f"one: {{attackers: [{SCANNER}], named: network scan, source: me}}\n"
    told = run(capture("labels.yaml", table))
    assert (told.metrics["attackers_found"], told.metrics["named"]) == (1, 1)
    assert told.detail["captures"][0]["labels"] == "me"
    with pytest.raises(ConfigError, match=r"labels\.yaml"):
        run(capture("labels.yaml", "one: {villains: [x]}\n"))


def test_a_capture_of_which_nothing_is_known_is_counted_and_not_judged(capture):
    told = run(capture("one/conn.log", zeek([row[:-2] for row in SCAN], COLUMNS, TYPES)))
    assert (told.metrics["incidents"], told.metrics["attackers"], told.metrics["benign_accused"]) == (1, 0, 0)


def test_broken_lines_and_strange_files_disturb_nothing(capture):
    capture("one/README.md", "# words")
    capture("one/blob", "\x00\x01 nothing known")
    capture("one/empty.log", "")
    told = run(capture("one/conn.log.labeled", zeek([*SCAN, ("broken",), *CALM])))
    assert (told.metrics["attackers_found"], told.metrics["rejected"]) == (1, 1)


def test_a_folder_without_captures_and_no_folder_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="nothing recorded"):
        run(tmp_path)
    with pytest.raises(ConfigError, match="--data"):
        run(None)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("slips/port-scans/vertical", "Network scan by 192.168.1.9"),
        ("quickdraw/CL5000EIP-Lock_PLC_Attempt.pcap", "Controller 192.168.10.120 locked by 192.168.10.105"),
        ("zeek_labelled/003-zeek-scenario-malicious", "10.8.0.61 is under remote command"),
    ],
)
def test_recorded_attacks_are_one_incident_each_that_says_what_it_is(name, words):
    data = Path(os.environ.get("TOCSIN_DATA", "../shared/data")) / name
    if not data.exists():
        if os.environ.get("TOCSIN_REQUIRE_ALL") == "1":
            pytest.fail(f"{data} is needed: set TOCSIN_DATA to the folder of recorded data.")
        pytest.skip(f"no {data}: set TOCSIN_DATA to the folder of recorded data")
    told = run(data)
    assert (told.metrics["attackers_found"], told.metrics["benign_accused"]) == (1, 0)
    assert [incident["title"] for incident in told.detail["captures"][0]["incidents"]] == [words]
