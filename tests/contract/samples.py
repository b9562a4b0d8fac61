"""What each kind of member is tried on: its own ALARM and BENIGN, or the flow's facts up to its place."""

import importlib.util
import os
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

import pytest
from msgspec.structs import replace

from tocsin.contract.bodies import LogBatch
from tocsin.contract.cards import Cards
from tocsin.contract.cases import decision, incident
from tocsin.contract.declared import Sample, package_of
from tocsin.contract.examples import START_AT, gas, ids_alerts
from tocsin.contract.folding import findings
from tocsin.contract.resources import Resources
from tocsin.contract.walk import configured, member_of
from tocsin.model import ConfigError, IncidentState, Origin, Priority, Reading, Tick

ROOT = Path(__file__).resolve().parents[2]
RESOURCES = Resources(token_key=b"0123456789abcdef", secrets={"webhook": "0123456789abcdef0123456789abcdef"})

ON = {"outlet": "folder"}
"""Parameters without which a member stays silent, by name."""

_ALERT = b'{"timestamp":"2026-09-21T13:33:%02d.0+0000","event_type":"alert","src_ip":"198.51.100.7",\
"dest_ip":"192.168.1.9","alert":{"signature_id":1,"signature":"ET EXPLOIT Example","severity":2},"payload":"c2VjcmV0"}'


def _own(member):
    """ALARM, BENIGN and RESOURCES of the member's own test file, where it has them."""
    package, name = member.__module__.split(".")[1], member.__module__.rpartition(".")[2]
    for path in sorted((ROOT / "tests" / package).rglob(f"test_{name}.py")):
        spec = importlib.util.spec_from_file_location(f"samples_of_{name}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return {
            name.lower(): getattr(module, name) for name in ("ALARM", "BENIGN", "RESOURCES") if hasattr(module, name)
        }
    return {}


def _readings():
    lines = tuple(_ALERT % second for second in range(3))
    body = LogBatch(format="eve", lines=(*lines, b"not json"), offsets=(0, 300, 600, 900))
    return [Reading(at=START_AT, origin=Origin.SIMULATED, source="ids-1", seq=0, seq_end=909, boot="g1", body=body)]


def _findings():
    """An attack, then a release, weighed as without cards; then time passes."""
    seen = {"cyber.ids": [ids_alerts(9, severity=1)], "cbrne.toxic": gas([0.0, *[9.0] * 8, *[60.0] * 8])}
    found = []
    for kind, facts in seen.items():
        detector = member_of("detectors", kind)()
        weights = {grade: Cards().weight(kind, grade, detector.default_nats) for grade in detector.default_nats}
        found += [replace(one, weight=weights[one.grade]) for one in findings(detector, facts)]
    return [*found, *(Tick(at=START_AT + 120.0 * n, origin=Origin.SIMULATED) for n in range(1, 6))]


def _incidents():
    """An incident from its opening to its end, with what people decide about its proposal on the way."""
    first = incident("toxic")
    return [
        first,
        incident("toxic", rev=2, at=START_AT + 10, priority=Priority.HIGH),
        decision("approve", f"{first.id}:cap"),
        incident("toxic", rev=3, at=START_AT + 90, state=IncidentState.ACKNOWLEDGED),
        decision("cancel", f"{first.id}:cap", at=START_AT + 100),
        incident("toxic", rev=4, at=START_AT + 200, state=IncidentState.CLOSED),
        Tick(at=START_AT + 90_000, origin=Origin.SIMULATED),
    ]


def sample_of(member):
    """What this member class is tried on."""
    made = {"perceivers": _readings, "fusion": _findings, "responders": _incidents}
    package = package_of(member)
    facts = {"alarm": made[package](), "benign": ()} if package in made else {}
    return Sample(**{"resources": RESOURCES} | facts | _own(member))


def tried(member):
    """The member as it is tried: defaults, but switched on where it is off by default."""
    return configured(member, {name: one for name, one in ON.items() if name in {f.name for f in fields(member)}})


@contextmanager
def where_models_are():
    """Skip what needs a model that is not on this machine; with TOCSIN_REQUIRE_ALL it fails."""
    try:
        yield
    except ConfigError as error:
        if "tocsin models fetch" in str(error) and not os.environ.get("TOCSIN_REQUIRE_ALL"):
            pytest.skip(str(error))
        raise
