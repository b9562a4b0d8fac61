"""`tocsin ledger`: prove that receipts were not altered, and read them, without a server."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from tocsin.app.layout import data_of
from tocsin.gate.ledger import Report, verify
from tocsin.gate.ledger.bodies import read_segment
from tocsin.gate.ledger.leaf import opened
from tocsin.model import NotFound

PARTS = ("checkpoint", "key.pub", "tile", "bodies")
"""What tells a ledger from another folder; one of them is enough, since others may have been taken away."""


def ledger_folder(folder: Path) -> Path:
    """The ledger of an installation, of the data of a run, or the folder itself; raises NotFound."""
    for path in (data_of(folder) / "ledger", folder / "ledger", folder):
        if any((path / part).exists() for part in PARTS):
            return path
    message = f"There is no ledger in {folder}: name a city that was served, a run that was kept, or the ledger itself."
    raise NotFound(message)


def verified(folder: Path, key: str = "") -> Report:
    """Check every byte of a ledger; `key` is the public key, or a file that holds it."""
    if key and Path(key).is_file():
        key = Path(key).read_text(encoding="utf-8").strip()
    return verify(ledger_folder(folder), key or None)


def report_row(report: Report) -> dict[str, Any]:
    """A report as one row of JSON."""
    return {"type": "ledger", **msgspec.to_builtins(report)}


def receipt_rows(folder: Path, limit: int = 50) -> list[dict[str, Any]]:
    """The newest receipts in order of writing; raises Tampered for a body that is none."""
    return list(_rows(ledger_folder(folder)))[-limit:] if limit > 0 else []


def _rows(ledger: Path) -> Iterator[dict[str, Any]]:
    index = segment = 0
    while True:
        records, _ = read_segment(ledger, segment)
        if not records:
            return
        for record in records:
            said = {"erased": True} if record.erased else msgspec.to_builtins(opened(record.body))
            yield {"type": "receipt", "index": index, **said}
            index += 1
        segment += 1


def receipt_text(row: dict[str, Any]) -> str:
    """A receipt in one line."""
    if row.get("erased"):
        return f"{row['index']:6}  (erased; its leaf still proves that it was written)"
    from datetime import UTC, datetime

    at = datetime.fromtimestamp(row["at"], UTC)
    parts = [f"{row['index']:6}  {at:%Y-%m-%d %H:%M:%S}  {row['act']:<12} {row['subject']} by {row['by']}"]
    parts += [f"for {row['purpose']}"] if row.get("purpose") else []
    parts += [f"level {row['level']}"] if "level" in row else []
    parts += [f"[{row['origin']}]"] if "origin" in row else []
    return " ".join(parts)
