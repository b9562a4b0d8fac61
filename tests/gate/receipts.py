"""Small ledgers and receipts for the tests of the gate."""

from tocsin.gate.ledger import Ledger
from tocsin.model import Receipt

ORIGIN = "city.example/ledger"


def receipt(number, **fields):
    defaults = {
        "id": f"lease-{number}",
        "at": float(number),
        "act": "lease",
        "subject": f"gas-{number}",
        "by": "policy",
    }
    return Receipt(**(defaults | fields))


def ledger_in(folder, reserve_bytes=64):
    return Ledger.open(folder / "ledger", folder / "private", ORIGIN, reserve_bytes=reserve_bytes)
