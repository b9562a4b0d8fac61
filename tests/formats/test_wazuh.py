"""Wazuh alerts: one row, and the event inside under the names that rules use."""

import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.formats.wazuh import row_of
from tocsin.model import BadInput

ALERT = {"timestamp": "2023-11-14T22:13:20.000+0000", "rule": {"level": 5, "id": "5710"}, "agent": {"name": "door-7"}}


def row(**fields):
    return row_of(json.dumps({**ALERT, **fields}).encode())


def test_an_alert_keeps_its_own_names():
    found = row(decoder={"name": "sshd"}, data={"srcip": "10.0.0.1"})
    assert (found["at"], found["rule"]["id"], found["data"], found["decoder_name"]) == (
        1.7e9, "5710", {"srcip": "10.0.0.1"}, "sshd")  # fmt: skip


def test_a_windows_event_in_it_has_the_names_of_windows():
    win = {
        "system": {"eventID": "1", "channel": "Security", "computer": "door-7", "providerName": "P"},
        "eventdata": {"commandLine": "net user", "image": "net.exe"},
    }
    found = row(data={"win": win})
    assert (found["EventID"], found["Channel"], found["CommandLine"], found["Image"]) == (
        1,
        "Security",
        "net user",
        "net.exe",
    )
    assert "win" not in found["data"]


def test_an_audited_command_is_one_text():
    assert row(data={"audit": {"execve": {"a0": "cat", "a1": "/etc/shadow"}}})["cmdline"] == "cat /etc/shadow"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [({"rule": None}, "no rule"), ({"timestamp": 5}, "no timestamp"), ({"timestamp": "2023-11-14T22:13:20"}, "offset")],
)
def test_what_is_no_alert_is_refused_with_a_reason(fields, reason):
    with pytest.raises(BadInput, match=reason):
        row(**fields)


@given(
    st.dictionaries(
        st.sampled_from(["rule", "timestamp", "data", "decoder"]), st.none() | st.text() | st.just({"win": 5})
    )
)
@settings(deadline=None)
def test_any_object_gives_a_row_or_a_reason(fields):
    with suppress(BadInput):
        assert row(**fields)["at"] == 1.7e9
