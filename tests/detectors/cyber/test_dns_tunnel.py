"""Data in names is found below one domain; lookup services, caches and ordinary names are not."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.detectors.cyber.captures import recorded
from tocsin.contract.bodies import LogEvents
from tocsin.contract.examples import START_AT, seen
from tocsin.contract.folding import findings
from tocsin.detectors.cyber.dns_tunnel import DnsTunnel, entropy_bits


def code(n, chars=40):
    return hashlib.sha512(str(n).encode()).hexdigest()[:chars]


def asked(names, *, every_s=1.0, start_s=0.0, seq=0, form="zeek", **more):
    """One batch of questions, one every `every_s` seconds."""
    rows = tuple(_row(form, name, START_AT + start_s + n * every_s, more) for n, name in enumerate(names))
    body = LogEvents(format=form, offsets=tuple(seq + n for n in range(len(rows))), rows=rows)
    return seen(body, at=rows[-1]["at"], seq=seq, source="dns-1")


def _row(form, name, at, more):
    if form == "eve":
        dns = {"type": "request", "queries": [{"rrname": name, "rrtype": "A"}]}
        return {"at": at, "event_type": "dns", "src_ip": "10.0.0.9", "dest_ip": "10.0.0.2", "dns": dns, **more}
    ends = {"id.orig_h": "10.0.0.9", "id.resp_h": "10.0.0.2", "id.resp_p": 53}
    return {"at": at, "log": "dns", "query": name, "qtype_name": "A", "rcode": 0, **ends, **more}


def below(domain, count, first=0):
    return [f"{code(n)}.{domain}" for n in range(first, first + count)]


ALARM = [asked(below("t.example.net", 25)), asked(below("t.example.net", 25, 25), start_s=25, seq=1_000)]
BENIGN = [
    asked([f"{n % 7}.www.example.com" for n in range(300)]),
    asked(below("w.64.sophosxl.net", 300), seq=1_000),
    asked([f"{n}.1.168.192.in-addr.arpa" for n in range(200)], seq=2_000),
    asked([f"d{code(n % 20, 13)}.cloudfront.net" for n in range(300)], seq=3_000),
    asked([f"_service._tcp.{code(1)}.corp.example.org"] * 300, seq=4_000),
    asked(below("printers.local", 200), seq=5_000, **{"id.resp_p": 5353}),
    asked([f"r{n % 9}---sn-4g5e6nl{n % 5}.gvt1.com" for n in range(300)], seq=6_000),
    asked([f"static-content-{n}.news-of-the-world.example" for n in range(300)], seq=7_000),
]


def said(*facts, **parameters):
    return findings(DnsTunnel(**parameters), facts)


def test_a_tunnel_is_one_finding_that_grows():
    found = said(asked(below("t.example.net", 60)), asked(below("t.example.net", 600, 60), start_s=60, seq=1_000))
    assert [one.grade for one in found] == ["weak", "strong"]
    assert found[0].id == found[1].id
    assert found[1].actors == ("10.0.0.9", "example.net")
    assert (found[1].subject, found[1].tactic, found[1].technique) == ("10.0.0.9", "command-and-control", "T0869")


def test_below_a_public_suffix_each_customer_is_a_domain():
    (one,) = said(asked(below("x.evil.co.uk", 60)))
    assert one.actors[1] == "evil.co.uk"


def test_types_that_carry_data_back_need_shorter_names():
    names = [f"{n:06x}a7z1k.t.example.net" for n in range(60)]
    assert said(asked(names)) == []
    assert len(said(asked(names, qtype_name="TXT"))) == 1


def test_the_resolver_that_asks_on_behalf_is_not_accused():
    onward = {"id.orig_h": "10.0.0.2", "id.resp_h": "203.0.113.5"}
    found = said(asked(below("t.example.net", 60)), asked(below("t.example.net", 60), seq=100, start_s=0.01, **onward))
    assert {one.subject for one in found} == {"10.0.0.9"}


def test_a_name_asked_again_and_again_carries_nothing():
    assert said(asked([f"{code(1)}.t.example.net"] * 500)) == []


def test_strange_names_among_many_ordinary_ones_are_no_tunnel():
    mixed = [name for n, strange in enumerate(below("example.net", 60)) for name in (strange, f"a{n}.example.net")]
    assert said(asked(mixed)) == []


def test_what_is_slow_enough_fades():
    assert said(asked(below("t.example.net", 200), every_s=600.0)) == []


def test_a_city_can_pass_over_a_domain_of_its_own():
    assert said(asked(below("t.example.net", 60)), lookups=("t.example.net",)) == []


def test_eve_is_read_alike():
    assert [one.subject for one in said(asked(below("t.example.net", 60), form="eve"))] == ["10.0.0.9"]
    old = {"type": "query", "rrname": "x", "rrtype": "A"}
    rows = [asked([name], form="eve", seq=n, dns={**old, "rrname": name}) for n, name in enumerate(below("a.net", 60))]
    assert said(*rows)[-1].subject == "10.0.0.9"


@pytest.mark.parametrize("odd", ["", ".", "...", "a", "10.0.0.1", "ä.ö.ü", "x" * 300, 5, None, ["a"]])
def test_odd_names_are_passed_over(odd):
    assert said(asked([odd])) == []
    assert said(asked([odd], **{"id.resp_p": [53]})) == []


def test_other_codes_than_hexadecimal_are_known():
    data = [hashlib.sha512(str(n).encode()).digest() for n in range(80)]
    assert len(said(asked([f"{base64.b32encode(one).decode()[:40]}.t.example.net" for one in data]))) == 1
    assert len(said(asked([f"{base64.urlsafe_b64encode(one).decode()[:50]}.t.example.net" for one in data]))) == 1


@given(st.integers(1, 60))
def test_names_count_alike_however_they_were_batched(size):
    names = below("t.example.net", 60)
    parts = [asked(names[n : n + size], start_s=n, seq=n) for n in range(0, 60, size)]
    assert said(*parts)[-1].measure == 60.0


@given(st.text(alphabet="abc123", min_size=1, max_size=60))
def test_entropy_lies_between_nothing_and_the_size_of_the_alphabet(text):
    assert 0.0 <= entropy_bits(text) <= 2.59


@pytest.mark.parametrize("log", ["slips/test9-mixed-zeek-dir/dns.log", "slips/test10-mixed-zeek-dir/dns.log"])
def test_recorded_questions_of_ordinary_hosts_are_silent(log):
    assert said(*recorded(log)) == []
