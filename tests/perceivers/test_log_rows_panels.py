"""Events of alarm panels and ONVIF devices as rows: who it was stays behind, and rules find what happened."""

import json

import pytest

from tocsin.contract.bodies import LogBatch
from tocsin.contract.resources import Resources
from tocsin.contract.rulebook import RuleBook
from tocsin.contract.ruletexts import RuleTexts
from tocsin.formats import onvif_events as onvif
from tocsin.formats import sia_dc09 as sia
from tocsin.model import Origin, Reading
from tocsin.perceivers.log_rows import LogRows
from tocsin.sigma.matching import Matcher

KEY = b"k" * 32
CODES = sia.Codes.of(Resources().document("alarm/codes.yaml"))


def panel_lines(data, token="SIA-DCS", account="1234"):
    frame = sia.Frame(token=token, sequence="0001", account=account, data=f"#{account}|{data}")
    return tuple(json.dumps(row).encode() for row in sia.rows_of(frame, CODES, 5.0, {"panel": "hall"}))


def onvif_lines(topic, **data):
    return (onvif.row_text(onvif.Message(topic=topic, data=data), "door-7", 5.0),)


def perceived(format, lines, rules=None):
    batch = LogBatch(format=format, lines=lines, offsets=tuple(range(len(lines))))
    running = LogRows().start(Resources(token_key=KEY, rules=rules))
    found = running.perceive(Reading(at=9.0, origin=Origin.REPLAY, source="s", seq=0, body=batch))
    assert not found.rejected
    return found.readings[0].body.rows


def test_account_user_and_free_text_of_a_panel_stay_behind():
    first, second = perceived("sia", panel_lines("Nri1/OP12^Dr. Weiss^/CL12"))
    assert "1234" not in json.dumps(first)
    assert "Weiss" not in json.dumps(first)
    assert first["user"] == second["user"]
    assert first["user"].startswith("t:")
    assert (first["panel"], first["class"], second["class"]) == ("hall", "opening", "closing")


def test_the_holder_of_a_card_stays_behind():
    (row,) = perceived(
        "onvif",
        onvif_lines("AccessControl/Denied/Credential", CredentialHolderName="Anna Berg", Card="00A1", Reason="Expired"),
    )
    assert row["data.CredentialHolderName"].startswith("t:")
    assert row["data.Card"].startswith("t:")
    assert row["data.Reason"] == "Expired"
    assert "Anna" not in json.dumps(row)


RULE = """
title: {title}
id: 5c1a9b9e-0000-4000-8000-00000000000{n}
logsource: {{{logsource}}}
detection: {{s: {{{what}}}, condition: s}}
level: low
"""


@pytest.mark.parametrize(
    ("format", "lines", "logsource", "what"),
    [
        ("sia", panel_lines("NHA1"), "product: alarm-panel, category: hold-up", "state: alarm, zone: '1'"),
        ("sia", panel_lines("1130 01 003", "ADM-CID"), "product: alarm-panel, service: sia", "event_code: 130"),
        ("sia", panel_lines("NOP1"), "product: alarm-panel, category: opening", "user: '1'"),
        (
            "onvif",
            onvif_lines("Door/State/DoorAlarm", State="DoorForcedOpen"),
            "product: onvif, category: door",
            "state: DoorForcedOpen",
        ),
        (
            "onvif",
            onvif_lines("VideoSource/ImageTooDark/ImagingService", State="true"),
            "product: onvif, service: events",
            "topic|startswith: VideoSource/ImageTooDark, data.State: 'true'",
        ),
        (
            "onvif",
            onvif_lines("AccessControl/Duress", CredentialHolderName="Anna Berg"),
            "product: onvif, category: access-control",
            "data.CredentialHolderName: Anna Berg",
        ),
    ],
)
def test_rules_find_them_also_by_what_stays_behind(format, lines, logsource, what):
    text = RULE.format(title="One", n=1, logsource=logsource, what=what)
    shipped = RuleTexts.read(Resources().content).texts
    mappings = {path: one for path, one in shipped.items() if "mappings/" in path}
    texts = RuleTexts.of({**mappings, "rules/one.yml": text})
    book = RuleBook.load(Resources(token_key=KEY, rules=texts))
    rows = perceived(format, lines, texts)
    assert [rule.title for _, rule in Matcher(book.loaded.rules, book.taxonomies).rows(format, rows)] == ["One"]
