"""ONVIF events: messages as devices send them, the two sides of doors and inputs, and hostile documents."""

import json
from base64 import b64decode
from hashlib import sha1

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.formats import onvif_events as onvif
from tocsin.formats.onvif_events import Credentials, Message, Subscription
from tocsin.model import BadInput

PULLED = b"""<?xml version="1.0" encoding="UTF-8"?>
<env:Envelope xmlns:env="http://www.w3.org/2003/05/soap-envelope" xmlns:tev="http://www.onvif.org/ver10/events/wsdl"
 xmlns:wsnt="http://docs.oasis-open.org/wsn/b-2" xmlns:tt="http://www.onvif.org/ver10/schema"
 xmlns:tns1="http://www.onvif.org/ver10/topics" xmlns:mk="http://maker.example/topics"><env:Body>
<tev:PullMessagesResponse><tev:CurrentTime>2026-09-21T14:13:21Z</tev:CurrentTime>
<tev:TerminationTime>2026-09-21T14:14:21Z</tev:TerminationTime>
<wsnt:NotificationMessage>
 <wsnt:Topic Dialect="http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet">tns1:RuleEngine/CellMotionDetector/Motion</wsnt:Topic>
 <wsnt:Message><tt:Message UtcTime="2026-09-21T14:13:20.000Z" PropertyOperation="Changed">
  <tt:Source><tt:SimpleItem Name="VideoSourceConfigurationToken" Value="vsc-1"/>
  <tt:SimpleItem Name="Rule" Value="MyRule"/></tt:Source>
  <tt:Data><tt:SimpleItem Name="IsMotion" Value="true"/><tt:ElementItem Name="Big"><tt:x/></tt:ElementItem></tt:Data>
 </tt:Message></wsnt:Message></wsnt:NotificationMessage>
<wsnt:NotificationMessage>
 <wsnt:Topic>tns1:Device/mk:Special</wsnt:Topic>
 <wsnt:Message><tt:Message UtcTime="then" PropertyOperation="Other"><tt:Data/></tt:Message></wsnt:Message>
</wsnt:NotificationMessage>
</tev:PullMessagesResponse></env:Body></env:Envelope>"""

STREAM = b"""<tt:MetadataStream xmlns:tt="http://www.onvif.org/ver10/schema"><tt:Event>
<wsnt:NotificationMessage xmlns:wsnt="http://docs.oasis-open.org/wsn/b-2" xmlns:n="http://www.onvif.org/ver10/topics">
<wsnt:Topic>n:Device/Trigger/DigitalInput</wsnt:Topic><wsnt:Message><tt:Message UtcTime="2026-09-21T14:13:20">
<tt:Source><tt:SimpleItem Name="InputToken" Value="2"/></tt:Source>
<tt:Data><tt:SimpleItem Name="LogicalState" Value="false"/></tt:Data></tt:Message></wsnt:Message>
</wsnt:NotificationMessage></tt:Event></tt:MetadataStream>"""


def read(raw):
    return onvif.messages_of(onvif.parsed(raw))


def test_messages_of_a_pull_point_are_read():
    motion, special = read(PULLED)
    assert motion == Message(
        topic="RuleEngine/CellMotionDetector/Motion",
        at=1_790_000_000.0,
        operation="Changed",
        source={"VideoSourceConfigurationToken": "vsc-1", "Rule": "MyRule"},
        data={"IsMotion": "true"},
    )
    assert special == Message(topic="Device/mk:Special")
    assert onvif.side_of(motion) == ("motion vsc-1", True)
    assert onvif.side_of(special) is None


def test_a_piece_of_a_metadata_stream_is_read_alike():
    (message,) = read(STREAM)
    assert (message.at, onvif.side_of(message)) == (1_790_000_000.0, ("input 2", False))


@pytest.mark.parametrize(
    ("topic", "data", "side"),
    [
        ("VideoSource/GlobalSceneChange/ImagingService", {"State": "true"}, ("scene changed", True)),
        ("VideoSource/ImageTooDark/AnalyticsService", {"State": "false"}, ("picture too dark", False)),
        ("VideoSource/ImageTooBlurry/ImagingService", {"State": "1"}, ("picture blurred", True)),
        ("RuleEngine/TamperDetector/Tamper", {"IsTamper": "true"}, ("camera tampered with", True)),
        ("Device/HardwareFailure/StorageFailure", {"Failed": "true"}, ("storage failed", True)),
        ("Device/HardwareFailure/Other", {"Token": "x", "Failed": "false"}, ("hardware failed", False)),
        ("Door/State/DoorPhysicalState", {"State": "Open"}, ("door open", True)),
        ("Door/State/DoorAlarm", {"State": "DoorForcedOpen"}, ("door alarm", True)),
        ("Door/State/DoorAlarm", {"State": "Normal"}, ("door alarm", False)),
        ("Door/State/DoorTamper", {"State": "Unknown"}, None),
        ("Door/State/DoorTamper", {}, None),
        ("UserAlarm/GuardianAlarm", {"State": "true"}, ("user alarm", True)),
        ("AccessControl/AccessGranted/Credential", {"External": "true"}, None),
        ("RuleEngine/CellMotionDetector/MotionX", {"IsMotion": "true"}, None),
    ],
)
def test_known_topics_have_two_sides(topic, data, side):
    assert onvif.side_of(Message(topic=topic, data=data)) == side


def test_a_property_that_was_deleted_is_on_neither_side():
    assert onvif.side_of(Message(topic="VideoSource/MotionAlarm", operation="Deleted", data={"State": "true"})) is None


@pytest.mark.parametrize(
    ("topic", "data", "identifying"),
    [
        ("RuleEngine/Recognition/Face", {}, True),
        ("RuleEngine/Recognition/LicensePlate", {}, True),
        ("RuleEngine/mk:LPR", {}, True),
        ("VideoAnalytics/People", {"Gender": "x"}, True),
        ("Monitoring/Interface", {"Platform": "x", "Surface": "y"}, False),
        ("Device/Trigger/Relay", {"LogicalState": "active"}, False),
    ],
)
def test_what_tells_people_apart_is_known_by_its_names(topic, data, identifying):
    assert onvif.is_identifying(Message(topic=topic, data=data)) is identifying


NAMES = st.text("abcXYZ019", min_size=1, max_size=9)
ITEMS = st.dictionaries(NAMES, st.text(st.characters(exclude_categories=["Cs"]), max_size=20), max_size=4)


@given(st.builds(Message, topic=NAMES, operation=st.sampled_from(["", "Changed"]), source=ITEMS, key=ITEMS, data=ITEMS))
@settings(deadline=None)
def test_a_message_becomes_a_row_that_says_all_of_it(message):
    row = onvif.row_of(onvif.row_text(message, "cam-1", 5.0))
    assert (row["at"], row["device"], row["topic"], row.get("operation", "")) == (
        5.0, "cam-1", message.topic, message.operation,
    )  # fmt: skip
    parts = {"source": message.source, "key": message.key, "data": message.data}
    items = {f"{part}.{name}": value for part, values in parts.items() for name, value in values.items()}
    assert {name: row[name] for name in row if "." in name} == items


BOMB = b"""<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><x>&b;</x>"""
FILE = b"""<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>"""
MANY = b"<x xmlns:w='http://docs.oasis-open.org/wsn/b-2'>" + b"<w:NotificationMessage/>" * 1_025 + b"</x>"


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "not well-formed"),
        (b"<a><b></a>", "not well-formed"),
        (b"\xff\xfe<", "not well-formed"),
        (BOMB, "document type"),
        (FILE, "document type"),
        (b"<a>" + b"x" * onvif.BYTES_MAX + b"</a>", "bytes"),
        (MANY, "1025 messages"),
        (STREAM.replace(b"n:Device/Trigger/DigitalInput", b""), "no topic"),
        (STREAM.replace(b"tt:Message", b"tt:Massage"), "no message"),
        (PULLED.replace(b"<tt:Data/>", b"<tt:Data>" + b"<tt:SimpleItem Name='a'/>" * 65 + b"</tt:Data>"), "65 items"),
    ],
)
def test_hostile_documents_are_refused_with_a_reason(raw, why):
    with pytest.raises(BadInput, match=why) as caught:
        read(raw)
    assert "root:" not in str(caught.value)


@pytest.mark.parametrize("line", [b"{}", b'{"at":5}', b'{"at":"5","topic":"x"}', b"[]", b"\xff"])
def test_a_line_that_is_no_row_is_refused(line):
    with pytest.raises(BadInput):
        onvif.row_of(line)


def soap(body):
    return onvif.parsed(
        b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing"'
        b' xmlns:e="http://www.onvif.org/ver10/events/wsdl" xmlns:t="http://www.onvif.org/ver10/schema"'
        b' xmlns:w="http://docs.oasis-open.org/wsn/b-2"><s:Body>' + body + b"</s:Body></s:Envelope>"
    )


POINT = b"""<e:CreatePullPointSubscriptionResponse><e:SubscriptionReference><a:Address> http://h/p?1 </a:Address>
<a:ReferenceParameters><d:Id xmlns:d="urn:d">7</d:Id></a:ReferenceParameters></e:SubscriptionReference>
<w:CurrentTime>2026-09-21T14:13:20Z</w:CurrentTime><w:TerminationTime>2026-09-21T14:14:20Z</w:TerminationTime>
</e:CreatePullPointSubscriptionResponse>"""


def test_a_pull_point_is_read_with_its_reference_parameters():
    point = onvif.subscription_of(soap(POINT))
    assert (point.address, len(point.parameters)) == ("http://h/p?1", 1)
    request = onvif.parsed(onvif.pull(point, None, 5.0, 100))
    assert request.findtext(".//{urn:d}Id") == "7"
    assert request.findtext(".//{http://www.onvif.org/ver10/events/wsdl}Timeout") == "PT5S"
    assert request.findtext(".//{http://www.w3.org/2005/08/addressing}To") == "http://h/p?1"


def test_without_a_pull_point_the_answer_says_what_is_missing():
    with pytest.raises(BadInput, match="PullPoint"):
        onvif.subscription_of(soap(b""))


def test_a_fault_is_told_in_the_words_of_the_device():
    fault = b"""<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:NotAuthorized</s:Value></s:Subcode>
    </s:Code><s:Reason><s:Text>Sender not
      authorized</s:Text></s:Reason></s:Fault>"""
    with pytest.raises(onvif.Fault, match="Sender/NotAuthorized: Sender not authorized"):
        onvif.subscription_of(soap(fault))


def test_the_time_of_a_device_is_read():
    time = b"""<t:UTCDateTime><t:Time><t:Hour>14</t:Hour><t:Minute>13</t:Minute><t:Second>20</t:Second></t:Time>
    <t:Date><t:Year>2026</t:Year><t:Month>9</t:Month><t:Day>21</t:Day></t:Date></t:UTCDateTime>"""
    assert onvif.device_time(soap(time)) == 1_790_000_000.0
    assert onvif.device_time(soap(time.replace(b"2026", b"two"))) is None
    assert onvif.device_time(soap(b"")) is None


def test_the_digest_of_a_request_is_that_of_the_profile():
    who = Credentials(user="<tocsin>", password="p&ss", nonce=b"0123456789abcdef", at=1_790_000_000.4)
    request = onvif.parsed(onvif.unsubscribe(Subscription(address="http://h/a?b&c"), who))
    found = {node.tag.rpartition("}")[2]: node.text for node in request.iter()}
    expected = sha1(b"0123456789abcdef" + found["Created"].encode() + b"p&ss").digest()
    assert (found["Username"], found["Created"]) == ("<tocsin>", "2026-09-21T14:13:20.000Z")
    assert (b64decode(found["Nonce"]), b64decode(found["Password"])) == (b"0123456789abcdef", expected)
    assert "p&ss" not in repr(who)
    assert json.dumps(found["To"]) == '"http://h/a?b&c"'
