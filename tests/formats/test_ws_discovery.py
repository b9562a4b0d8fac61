"""WS-Discovery: the question is sound, answers are read within bounds, noise is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from tests.app.simulated_device import match
from tocsin.formats.ws_discovery import ADDRESSES_MAX, BYTES_MAX, SOAP, WSD, matches_of, probe
from tocsin.model import BadInput


def test_the_question_asks_for_devices_with_pictures():
    root = etree.fromstring(probe("11111111-2222-3333-4444-555555555555"))
    types = root.find(f"{SOAP}Body/{WSD}Probe/{WSD}Types")
    prefix, _, name = types.text.partition(":")
    assert (types.nsmap[prefix], name) == ("http://www.onvif.org/ver10/network/wsdl", "NetworkVideoTransmitter")
    assert root.findtext(".//{*}MessageID") == "urn:uuid:11111111-2222-3333-4444-555555555555"


def test_no_more_is_kept_than_a_device_can_need():
    many = " ".join(f"http://192.0.2.7:{port}/" for port in range(1, 100))
    assert len(matches_of(match(many))[0].addresses) == ADDRESSES_MAX


def test_scopes_are_plain_words():
    scopes = "onvif://www.onvif.org/location/city/north onvif://www.onvif.org/location/second http://other/x"
    assert matches_of(match("http://192.0.2.7/", scopes))[0].scopes == {"location": "city/north"}


@given(st.binary(max_size=300))
def test_noise_is_refused(noise):
    with pytest.raises(BadInput):
        matches_of(noise)


def test_a_datagram_that_is_too_long_is_refused():
    with pytest.raises(BadInput, match="more than"):
        matches_of(b" " * (BYTES_MAX + 1))
