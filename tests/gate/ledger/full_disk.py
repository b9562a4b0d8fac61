"""A child on a disk of 1 MiB: fills it, and says which receipts still go through. Exits 77 without such a disk."""

# ruff: noqa: T201  # its output is what the test reads

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

from tests.gate.receipts import ledger_in, receipt
from tocsin.gate.ledger import verify
from tocsin.model import StoreError

disk = Path(sys.argv[1]) / "disk"
disk.mkdir()
if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], check=False).returncode:
    sys.exit(77)


def ordinary() -> str:
    try:
        ledger.append(receipt(ledger.size))
    except StoreError:
        return "ordinary refused"
    return "ordinary again"


ledger = ledger_in(disk, reserve_bytes=256 * 1024)
filler = disk / "filler"
with filler.open("wb", buffering=0) as file:
    try:
        while True:
            file.write(bytes(4096))
    except OSError:
        print("filled")
print(ordinary())
ledger.append(receipt(ledger.size), life=True)
print("life written")
print(ordinary())
print("sound", verify(disk / "ledger").ok)
filler.unlink()
print(ordinary())
