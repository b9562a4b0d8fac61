"""The offline check of a ledger folder: needs no server and no secret, and says what was changed."""

from pathlib import Path

from msgspec import Struct

from tocsin.gate.ledger import keep, note
from tocsin.gate.ledger.audit import Audit
from tocsin.gate.ledger.note import Checkpoint, PublicKey
from tocsin.model import Tampered

TRIES = 5
"""How often to begin again when the ledger grows while it is read."""


class Report(Struct, frozen=True, kw_only=True):
    """What the check found: `problems` in plain words (none: `ok`), `notes` that are no problem."""

    ok: bool
    size: int
    root: str
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """The report as it is printed."""
        if self.ok:
            head = f"The ledger holds {self.size} receipts; none was altered. Root {self.root}."
        else:
            head = f"THE LEDGER WAS ALTERED ({len(self.problems)} problems, {self.size} receipts signed)."
        return (head, *(f"- {problem}" for problem in self.problems), *(f"  note: {text}" for text in self.notes))


def verify(folder: Path, public_key: str | None = None) -> Report:
    """Check every byte of a ledger against its signed checkpoint.

    `public_key` (name+id+base64) is the key that you were handed when the ledger began;
    without it the key beside the log is believed, which a thief of the whole machine could
    have replaced. Never raises for a damaged ledger: that is what the report is for.
    """
    for _ in range(TRIES):
        before = _checkpoint_bytes(folder)
        report = _verified(folder, before, public_key)
        if report.ok or _checkpoint_bytes(folder) == before:
            break
    return report


def _verified(folder: Path, raw: bytes, public_key: str | None) -> Report:
    problems: list[str] = []
    key = _key(folder, public_key, problems)
    try:
        point, signed = _checkpoint(raw, key)
    except Tampered as error:
        return Report(ok=False, size=0, root="", problems=(*problems, f"{keep.CHECKPOINT}: {error}"))
    audit = Audit(folder, point)
    audit.run()
    if signed:
        problems.extend(audit.problems)
    elif key:
        what = "its text, which does not fit the files," if audit.problems else "its signature or the key"
        problems.append(f"{keep.CHECKPOINT}: {what} was changed; {key.name} did not sign this.")
    notes = tuple(audit.notes)
    return Report(ok=not problems, size=point.size, root=point.root.hex(), problems=tuple(problems), notes=notes)


def _checkpoint_bytes(folder: Path) -> bytes:
    path = folder / keep.CHECKPOINT
    return path.read_bytes() if path.exists() else b""


def _checkpoint(raw: bytes, key: PublicKey | None) -> tuple[Checkpoint, bool]:
    """What the checkpoint says, and whether the key signed it; raises Tampered where it says nothing."""
    if not raw:
        raise Tampered("it is missing or empty: restore it from a copy.")
    text, signatures = note.parse_note(raw)
    signed = key is not None and len(signatures) == 1 and note.is_signed(text, signatures, key)
    return note.parse_checkpoint(text), signed


def _key(folder: Path, public_key: str | None, problems: list[str]) -> PublicKey | None:
    """The key to check with: the one handed over, else the one beside the log."""
    given = _parsed(public_key, problems) if public_key else None
    try:
        beside = keep.read_public_key(folder)
    except Tampered as error:
        problems.append(f"{keep.PUBLIC}: {error}")
        return given
    if given is None:
        return beside
    if given != beside:
        problems.append(f"{keep.PUBLIC}: it is not the key that you were handed: it was replaced.")
    return given


def _parsed(public_key: str, problems: list[str]) -> PublicKey | None:
    try:
        return note.parse_key(public_key)
    except Tampered as error:
        problems.append(f"The key that you gave cannot be used: {error}")
        return None
