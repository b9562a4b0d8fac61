"""A child whose files may grow to 8 KiB only: it appends until it is refused."""

# ruff: noqa: T201  # its output is what the test reads

import resource
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

from tests.gate.receipts import ledger_in, receipt
from tocsin.model import StoreError

resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
ledger = ledger_in(Path(sys.argv[1]))
try:
    while True:
        ledger.append_many([receipt(ledger.size + i) for i in range(7)])
except StoreError as error:
    print(f"wrote {ledger.size} and was refused: {error}")
