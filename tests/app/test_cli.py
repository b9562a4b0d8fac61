"""The command line as a whole: it starts light, says what is wrong in one sentence, and proves what was done."""

import json
import subprocess
import sys
from datetime import UTC, datetime

import pytest
import typer

from tocsin.app.cli import app
from tocsin.app.layout import city_folder, data_of, free_name, keep_secret, settings_of
from tocsin.app.people import accounts_of
from tocsin.formats import cap
from tocsin.gate.ledger import Ledger
from tocsin.model import BadInput, ConfigError, Conflict, NotFound, Receipt

HEAVY = (
    "alembic",
    "fastapi",
    "osmium",
    "rich.table",
    "scipy",
    "shapely",
    "sqlalchemy",
    "paho",
    "numpy",
    "yaml",
)
SENSOR = (
    "- {id: %s, family: gas, name: Gas, place: {lon: 24.94, lat: %s}, coverage: {range_m: 60}, sees: [toxic], "
    "state: in service, purpose: public safety}\n"
)


def test_help_imports_nothing_heavy():
    code = f"import sys, tocsin.app.cli; print([name for name in {HEAVY} if name in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_an_error_is_one_sentence_and_status_two(tmp_path):
    command = [sys.executable, "-c", "from tocsin.app.cli import main; main()", "serve", str(tmp_path)]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr.startswith("tocsin: There is no tocsin.yaml in ")
    assert said.stderr.count("\n") == 1


def every_command(one, path="tocsin"):
    yield path, one
    for name, inner in getattr(one, "commands", {}).items():
        yield from every_command(inner, f"{path} {name}")


def test_every_command_and_parameter_explains_itself():
    for path, one in every_command(typer.main.get_command(app)):
        assert one.help, path
        assert [parameter.name for parameter in one.params if not parameter.help] == [], path


def test_every_command_can_be_asked_for_help(tocsin):
    for path, _ in every_command(typer.main.get_command(app)):
        said = tocsin(*path.split()[1:], "--help")
        assert (said.status, "Usage: " in said.text) == (0, True), path


# --- init, map ---


def test_a_new_city_is_complete_and_says_what_comes_next(tocsin, tmp_path):
    said = tocsin("init", tmp_path / "town", "--timezone", "Europe/Helsinki")
    assert all(f"tocsin {word}" in said.text for word in ("add map", "add mqtt", "add log", "check-config", "serve"))
    checked = tocsin("check-config", tmp_path / "town", "--json")
    assert (checked.status, {row["bad"] for row in checked.rows}) == (0, {False})


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (["--timezone", "Mars/Base"], ConfigError),
        (["--lon", "200"], ConfigError),
        (["--timezone", "../x"], ConfigError),
    ],
)
def test_a_city_that_cannot_be_is_not_made(tocsin, tmp_path, options, error):
    assert isinstance(tocsin("init", tmp_path / "town", *options).error, error)
    assert not (tmp_path / "town").exists()


def test_a_city_that_is_there_is_left_alone(tocsin, city):
    before = (city / "tocsin.yaml").read_text()
    assert isinstance(tocsin("init", city).error, Conflict)
    assert (city / "tocsin.yaml").read_text() == before


@pytest.mark.parametrize(
    ("content", "options", "error"),
    [
        (None, [], ConfigError),
        (b"no map", [], BadInput),
        (b"x", ["--clip", "1,2"], ConfigError),
        (b"x", ["--clip", "5,5,1,1"], ConfigError),
    ],
)
def test_a_map_that_cannot_be_imported_changes_nothing(tocsin, city, content, options, error):
    file = city.parent / "some.osm.pbf"
    if content is not None:
        file.write_bytes(content)
    before = (city / "city" / "city.yaml").read_text()
    assert isinstance(tocsin("add", "map", file, "--city", city, *options).error, error)
    assert (city / "city" / "city.yaml").read_text() == before


def test_a_map_needs_a_city(tocsin, tmp_path):
    (tmp_path / "x.osm").write_text("<osm/>")
    assert "tocsin init" in str(tocsin("add", "map", tmp_path / "x.osm", "--city", tmp_path).error)


# --- check-config, doctor ---


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("inputs: {}", "inputs: {x: {kind: nonsense}}", "No 'nonsense' among sources"),
        ("inputs: {}", "inputs: {x: {kind: tail, parameters: {path: /nowhere/at/all, source: s}}}", "no folder"),
        ("inputs: {}", "inputs: {x: {kind: mqtt, parameters: {url: 'ftp://x', routes: {a: readings}}}}", "mqtt://"),
        ("inputs: {}", "inputs: {x: {kind: mqtt, parameters: {url: embedded, routes: {a: gone}}}}", "gone.yaml"),
        (
            "inputs: {}",
            "inputs: {x: {kind: mqtt, parameters: {url: 'mqtt://x', routes: {a: readings}, secret: s}}}",
            "No secret",
        ),
        ("devices: {}", "devices: {d: {publish: [a b]}}", "Device 'd'"),
        ("city: city", "city: elsewhere", "cannot be read"),
        ("off: []", "off: [nothing.such]", "No member 'nothing.such'"),
        ("  host: 127.0.0.1", "  host: 0.0.0.0", "without TLS"),
        ("banner: ", "baner: ", "baner"),
        ("banner: ", "banner: [", "not YAML"),
    ],
)
def test_what_is_wrong_is_said_in_plain_words(tocsin, city, old, new, words):
    text = (city / "tocsin.yaml").read_text()
    assert old in text
    (city / "tocsin.yaml").write_text(text.replace(old, new, 1))
    said = tocsin("check-config", city)
    assert said.status == 1
    assert words in said.text


def test_the_words_off_and_on_are_no_booleans(city):
    text = (
        (city / "tocsin.yaml")
        .read_text()
        .replace("off: []", "off: [crowd.density]")
        .replace('banner: ""', "banner: on")
    )
    (city / "tocsin.yaml").write_text(text)
    settings = settings_of(city)
    assert (settings.off, settings.banner, settings.broker.enabled) == (("crowd.density",), "on", True)


def test_the_doctor_looks_at_the_machine_too(tocsin, city):
    said = tocsin("doctor", city, "--json")
    assert said.status == 0
    assert any("SQLite" in row["text"] for row in said.rows)


def test_the_doctor_lists_every_member_with_its_parameters(tocsin):
    rows = {row["kind"]: row for row in tocsin("doctor", "--members", "--json").rows}
    assert rows["mqtt"]["parameters"]["url"] == "required"
    assert "cbrne.toxic" in tocsin("doctor", "--members").text


# --- ledger ---


@pytest.fixture
def receipts(tmp_path):
    """A ledger of three receipts, as a run leaves it."""
    ledger = Ledger.open(tmp_path / "run" / "ledger", tmp_path / "private", "tocsin/test", reserve_bytes=4096)
    for number in range(3):
        ledger.append(Receipt(id=f"r-{number}", at=1.7e9 + number, act="lease", subject="cam-1", by="policy:x"))
    ledger.erase(1)
    key = ledger.public_key.text
    ledger.close()
    return tmp_path / "run", key


def test_a_sound_ledger_is_proved_by_folder_and_by_key(tocsin, receipts, tmp_path):
    folder, key = receipts
    (tmp_path / "auditor.key").write_text(key)
    for options in ([], ["--key", key], ["--key", tmp_path / "auditor.key"]):
        for where in (folder, folder / "ledger"):
            said = tocsin("ledger", "verify", where, *options)
            assert (said.status, "none was altered" in said.text) == (0, True)


def test_one_changed_byte_is_named_and_status_is_one(tocsin, receipts):
    body = next((receipts[0] / "ledger" / "bodies").rglob("000"))
    raw = bytearray(body.read_bytes())
    raw[40] ^= 1
    body.write_bytes(bytes(raw))
    said = tocsin("ledger", "verify", receipts[0], "--json")
    assert (said.status, said.rows[0]["ok"]) == (1, False)
    assert "receipt 0" in said.rows[0]["problems"][0]


def test_receipts_are_listed_newest_last_and_erased_ones_say_so(tocsin, receipts):
    rows = tocsin("ledger", "show", receipts[0], "--json").rows
    assert [(row["index"], row.get("act"), row.get("erased", False)) for row in rows] == [
        (0, "lease", False),
        (1, None, True),
        (2, "lease", False),
        (3, "ledger.erase", False),
    ]
    assert tocsin("ledger", "show", receipts[0], "--limit", 1).text.count("\n") == 1
    assert "(erased" in tocsin("ledger", "show", receipts[0]).text


def test_a_folder_without_a_ledger_is_an_error(tocsin, tmp_path):
    for what in ("verify", "show"):
        assert isinstance(tocsin("ledger", what, tmp_path).error, NotFound)


# --- export ---


@pytest.fixture
def recording(tmp_path):
    """Chlorine rises at two sensors that stand 20 m apart."""
    path = tmp_path / "recording.ndjson"
    with path.open("w") as file:
        for second in range(0, 900, 5):
            for source in ("gas-01", "gas-02"):
                row = {
                    "source": source,
                    "at": 1_700_000_000 + second,
                    "seq": second,
                    "cl2_ppm": 60.0 if second > 120 else 0.0,
                }
                file.write(json.dumps(row) + "\n")
    return path


def test_a_warning_is_exported_as_valid_cap_marked_by_its_origin(tocsin, city, recording, tmp_path):
    (city / "city" / "sensors.yaml").write_text(SENSOR % ("gas-01", "60.17") + SENSOR % ("gas-02", "60.1702"))
    kept = tmp_path / "kept"
    rows = tocsin("replay", recording, "--city", city, "--out", kept, "--json").rows
    incident = next(row["id"] for row in rows if row["type"] == "incident")
    alert = cap.decode(tocsin("export", "cap", kept, incident).text.encode())
    assert (alert.status, alert.msg_type, alert.incidents) == ("Test", "Alert", (incident,))
    said = tocsin("export", "cap", kept, incident, "--out", tmp_path / "warning.xml")
    assert cap.decode((tmp_path / "warning.xml").read_bytes()) == alert
    assert said.text.startswith("Written: ")
    assert isinstance(tocsin("export", "cap", kept, "inc-none").error, NotFound)
    assert tocsin("ledger", "verify", kept).status == 0


def test_a_finding_too_weak_for_an_incident_is_told_all_the_same(tocsin, tmp_path):
    path = tmp_path / "calm.ndjson"
    rows = ({"source": "gas-01", "at": 1_700_000_000 + n, "seq": n, "cl2_ppm": 0.0} for n in range(0, 60, 5))
    path.write_text("\n".join(json.dumps(row) for row in rows))
    said = tocsin("replay", path).text.splitlines()
    assert said[0] == "Too weak for an incident:"
    assert said[1].endswith("process.silence silent: Nothing from gas-01 for 90 s; 90 s is its limit.")
    assert said[-1] == "1 finding became 0 incidents; --json tells all of them."


def test_nothing_is_made_where_there_is_no_log(tocsin, tmp_path):
    assert isinstance(tocsin("export", "cap", tmp_path, "inc-x").error, NotFound)
    assert list(tmp_path.iterdir()) == []


# --- accounts, tokens ---


def test_an_account_is_made_with_a_password_typed_twice(tocsin, city):
    said = tocsin(
        "account", "add", city, "Anna", "--role", "operator", answers="a good long secret\na good long secret\n"
    )
    assert (said.status, "a good long secret" in said.text) == (0, False)
    with accounts_of(city) as accounts:
        assert accounts.check("anna", "a good long secret", datetime.now(UTC).timestamp()).role == "operator"
    assert [(row["name"], row["role"]) for row in tocsin("account", "list", city, "--json").rows] == [
        ("anna", "operator")
    ]


@pytest.mark.parametrize(
    ("password", "role", "error"), [("short", "operator", BadInput), ("a good long secret", "king", BadInput)]
)
def test_an_account_that_will_not_do_is_refused(tocsin, city, password, role, error):
    (city.parent / "password").write_text(password)
    said = tocsin("account", "add", city, "x", "--role", role, "--password-file", city.parent / "password")
    assert isinstance(said.error, error)


def test_a_token_is_shown_once_listed_without_its_secret_and_revoked(tocsin, city):
    secret = tocsin("token", "add", city, "gateway", "--scope", "ingest:crowd", "--days", "1").text.splitlines()[-1]
    listed = tocsin("token", "list", city, "--json")
    assert (listed.rows[0]["scopes"], secret in listed.text) == (["ingest:crowd"], False)
    assert tocsin("token", "revoke", city, listed.rows[0]["id"]).status == 0
    assert tocsin("token", "list", city).text.splitlines() == ["id  scopes  label"]


@pytest.mark.parametrize("scope", ["everything", "ingest:"])
def test_a_scope_that_nothing_asks_for_is_refused(tocsin, city, scope):
    assert isinstance(tocsin("token", "add", city, "gateway", "--scope", scope).error, BadInput)


def test_accounts_need_an_installation(tocsin, tmp_path):
    assert isinstance(tocsin("account", "list", tmp_path).error, ConfigError)
    assert list(tmp_path.iterdir()) == []


# --- simulate, score ---


def test_a_run_is_simulated_kept_and_scored(tocsin, tmp_path):
    scenario = tmp_path / "short.yaml"
    scenario.write_text(
        'name: short\nsummary: "Nothing happens."\nstart: "2026-06-17T12:00:00+03:00"\nduration_s: 20\n'
        "wind: {speed_m_s: [2, 3], from_deg: [0, 360]}\nexpected: {incidents_min: 0, incidents_max: 0}\n"
    )
    said = tocsin("simulate", scenario, "--seed", 7, "--out", tmp_path / "run", "--json")
    assert (said.status, said.rows[0]["messages"] > 0) == (0, True)
    scored = tocsin("score", tmp_path / "run", "--json").rows[0]
    assert (scored["type"], scored["as_expected"]) == ("score", 1)


def test_an_unknown_scenario_and_a_run_that_is_none_are_said(tocsin, tmp_path):
    assert "quiet-day" in str(tocsin("simulate", "doomsday", "--out", tmp_path).error)
    assert isinstance(tocsin("score", tmp_path).error, BadInput)


# --- layout ---


def test_data_lies_beside_the_configuration_or_is_the_folder_itself(city, tmp_path):
    assert (data_of(city), data_of(tmp_path)) == (city / "data", tmp_path)
    assert (city_folder(city), city_folder(city / "city")) == (city / "city", city / "city")


def test_an_empty_secret_is_refused(city):
    with pytest.raises(ConfigError, match="empty"):
        keep_secret(city, "mqtt", "")


def test_a_free_name_counts_up():
    assert [free_name("a", taken) for taken in (set(), {"a"}, {"a", "a-2"})] == ["a", "a-2", "a-3"]
