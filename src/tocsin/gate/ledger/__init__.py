"""The ledger: an RFC 9162 Merkle log in C2SP tlog-tiles files, with erasable bodies and an offline check."""

from tocsin.gate.ledger.log import Ledger
from tocsin.gate.ledger.verify import Report, verify
from tocsin.gate.ledger.witness import Witness

__all__ = ["Ledger", "Report", "Witness", "verify"]
