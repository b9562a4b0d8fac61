"""Which service lives where, under one name for both sensors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.contract.ports import homes, misplaced, services, usual


@pytest.mark.parametrize(
    ("said", "port", "stranger"),
    [
        ("ssl", 443, ""),
        ("ssl,quic", 8443, ""),
        ("http", 443, ""),
        ("http", 1337, "http"),
        ("ssh", 443, "ssh"),
        ("tls", 31_337, "tls"),
        ("gssapi,smb,ntlm", 445, ""),
        ("krb_tcp", 88, ""),
        ("failed", 1337, ""),
        ("", 1337, ""),
        ("ftp-data", 50_000, ""),
        ("an unknown protocol", 1337, ""),
    ],
)
def test_a_service_away_from_home_is_named(said, port, stranger):
    assert misplaced(said, port) == stranger


@pytest.mark.parametrize(("zeek", "suricata"), [("ssl", "tls"), ("dce_rpc", "dcerpc"), ("postgresql", "pgsql")])
def test_both_sensors_have_one_name(zeek, suricata):
    assert services(zeek) == services(suricata)


def test_ports_of_trojans_are_unusual():
    assert not any(usual(port) for port in (1177, 1337, 4444, 5888, 31_337, 65_000))


@given(st.sampled_from(["ssh", "http", "tls", "dns", "mqtt", "modbus", "rdp"]))
def test_at_home_nothing_is_misplaced(service):
    assert homes(service)
    assert {misplaced(service, port) for port in homes(service)} == {""}
