"""Exported logs: one OCSF event per row, names as tokens, unread lines counted."""

import json

from tocsin.app.ocsf import Told, ocsf_lines
from tocsin.formats.ocsf import SECONDS

DNS = b'{"ts":5.5,"uid":"C1","id.orig_h":"10.0.0.1","query":"x.example","rcode_name":"NOERROR"}\n'
AUTH = b"2025-11-27T07:40:10Z h sshd[9]: Failed password for anna from 10.0.0.1 port 22 ssh2\n"


def written(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    return path


def test_rows_become_events_of_their_class(tmp_path):
    told = Told()
    [event] = map(json.loads, ocsf_lines([written(tmp_path, "dns.log", DNS + b"{oops\n")], told))
    assert (event["class_uid"], event["query"], event["time"]) == (4003, {"hostname": "x.example"}, 5500)
    assert (told.events, sum(told.rejected.values())) == (1, 1)


def test_seconds_where_they_are_asked_for(tmp_path):
    [event] = map(json.loads, ocsf_lines([written(tmp_path, "dns.log", DNS)], Told(), per_s=SECONDS))
    assert event["time"] == 5


def test_no_account_is_exported(tmp_path):
    [line] = ocsf_lines([written(tmp_path, "auth.log", AUTH)], Told())
    event = json.loads(line)
    assert (event["class_uid"], event["status_id"], event["user"]["name"][:2]) == (3002, 2, "t:")
    assert b"anna" not in line
