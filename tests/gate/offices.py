"""People, policies and asks for the tests of the gate."""

from pathlib import Path

import yaml

from tests.gate.receipts import ledger_in
from tocsin.gate.admit import Admission
from tocsin.gate.clearance import Approver, Ask
from tocsin.gate.meter import Meter
from tocsin.gate.policy import Policies
from tocsin.model import Level, Origin, Place, Proposal

CONTENT = Path(__file__).parents[2] / "content" / "policies"
NOW = 1_800_000_000.0
ANNA, BEN, CARA = Approver("acc-anna", "operator"), Approver("acc-ben", "supervisor"), Approver("acc-cara", "dpo")


def policies(folder, name="standard", **changed):
    """The shipped policies, with another policy made of one of them."""
    written = yaml.safe_load((CONTENT / f"{name}.yaml").read_text()) | changed
    (folder / "policies").mkdir(exist_ok=True, parents=True)
    (folder / "policies" / f"{written['policy']}.yaml").write_text(yaml.safe_dump(written))
    return Policies.load(CONTENT, folder / "policies")


def admission(folder, rules=None, **options):
    rules = rules or Policies.load(CONTENT)
    ledger = ledger_in(folder)
    return Admission(rules, ledger, Meter(rules), **options), ledger


def ask(level=Level.ANONYMOUS, **fields):
    return Ask(**({"source": "cam-1", "purpose": "public safety", "level": level, "zone": "square"} | fields))


def proposal(**fields):
    defaults = {
        "at": NOW,
        "origin": Origin.EXERCISE,
        "id": "inc-1:cap",
        "responder": "warning.cap",
        "incident": "inc-1",
        "title": "Warn",
        "because": "Chlorine.",
        "draft": "{}",
        "typed": "WARN",
        "place": Place(lon=24.9, lat=60.2, zone="square"),
    }
    return Proposal(**(defaults | fields))
