"""A child that appends receipts until it is killed, and says which are acknowledged."""

# ruff: noqa: T201  # its output is what the test reads

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

from tests.gate.receipts import ledger_in, receipt

ledger = ledger_in(Path(sys.argv[1]))
while True:
    width = ledger.size % 5 + 1
    last = ledger.append_many([receipt(ledger.size + i) for i in range(width)])[-1]
    print(last, flush=True)
