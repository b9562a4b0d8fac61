"""Alarm panels and ONVIF devices as inputs of an installation: checked, and heard through the whole house."""

import time

import pytest

from tests.sources.simulated_panel import SimulatedPanel
from tocsin.app.config import load_settings
from tocsin.app.layout import keep_secret
from tocsin.app.live import go_live
from tocsin.city.context import City
from tocsin.contract.bodies import Contact, LogEvents
from tocsin.model import Observation
from tocsin.model.wire import unsealed

KEY = "00112233445566778899AABBCCDDEEFF"
PANEL = """
  alarms:
    kind: alarm.panel
    parameters: {{port: 0, panels: {{hall: {{account: "1234", secret: {secret}}}}}}}
"""
ONVIF = """
  doors: {{kind: camera.onvif-events, parameters: {{url: "{url}", source: doors, user: tocsin, secret: {secret}}}}}
"""
SENSOR = """
- id: hall
  family: contact
  name: Hall
  place: {lon: 24.94, lat: 60.17}
  coverage: {range_m: 1}
  state: in service
  level_max: 2
  purpose: public safety
"""


def put(city, inputs):
    path = city / "tocsin.yaml"
    path.write_text(
        path.read_text().replace("inputs: {}", f"inputs:{inputs}").replace("  enabled: true", "  enabled: false")
    )
    (city / "city" / "sensors.yaml").write_text(SENSOR)
    keep_secret(city, "hall-key", KEY)


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        (PANEL.format(secret="hall-key"), ""),
        (PANEL.format(secret="gone"), "No secret named 'gone'"),
        (PANEL.format(secret="hall-key").replace('"1234"', "1234"), "account"),
        (PANEL.format(secret="hall-key").replace('"1234"', '"12"'), "3 to 16"),
        (ONVIF.format(url="http://192.0.2.7", secret="hall-key"), ""),
        (ONVIF.format(url="rtsp://192.0.2.7", secret="hall-key"), "http://"),
        (ONVIF.format(url="http://192.0.2.7", secret="gone"), "No secret named 'gone'"),
    ],
)
def test_what_cannot_work_is_said_before_anything_starts(tocsin, city, inputs, words):
    put(city, inputs)
    said = tocsin("check-config", city)
    assert said.status == bool(words)
    assert words in said.text
    assert KEY not in said.text


def test_an_alarm_is_in_the_log_before_the_panel_hears_of_it(city):
    put(city, PANEL.format(secret="hall-key"))
    settings = load_settings(city)
    live = go_live(city / "data", settings, City.load(city / settings.city))
    live.start()
    try:
        with SimulatedPanel(live.sources["alarms"].port, key=bytes.fromhex(KEY), now=time.time) as panel:
            panel.send("Nri1/BA3")
            assert panel.heard().token == "ACK"
        facts = [unsealed(fact) for fact in live.house.log.read()]
    finally:
        live.stop()
    seen = [fact for fact in facts if isinstance(fact, Observation) and fact.source == "hall"]
    (rows,) = [fact.body.rows for fact in seen if isinstance(fact.body, LogEvents)]
    assert (rows[0]["event"], rows[0]["account"][:2]) == ("Burglary alarm", "t:")
    assert [fact.body for fact in seen if isinstance(fact.body, Contact)] == [
        Contact(name="zone 3 intrusion", active=True, flags=("intrusion",))
    ]
