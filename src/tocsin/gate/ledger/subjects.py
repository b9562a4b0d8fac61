"""Which receipts are about whom: an index in memory, built when it is first asked for."""

from collections.abc import Callable, Sequence

from tocsin.model import Receipt

INCIDENT = "incident"
"""The detail under which a receipt names the incident that it belongs to."""


class Subjects:
    """Indices of receipts by subject and by incident."""

    def __init__(self) -> None:
        self._known: dict[str, list[int]] | None = None
        self._erased: set[int] = set()

    def of(self, subject: str, everything: Callable[[], list[tuple[int, Receipt | None]]]) -> list[int]:
        """The receipts about a subject in order; `everything` is read once."""
        if self._known is None:
            self._known = {}
            for index, receipt in everything():
                if receipt is not None:
                    self._add(index, receipt)
        return [index for index in self._known.get(subject, ()) if index not in self._erased]

    def add(self, first: int, receipts: Sequence[Receipt]) -> None:
        """Take in receipts that were just written."""
        if self._known is not None:
            for index, receipt in enumerate(receipts, first):
                self._add(index, receipt)

    def drop(self, index: int) -> None:
        """Forget what an erased receipt was about."""
        if self._known is not None:
            self._erased.add(index)

    def _add(self, index: int, receipt: Receipt) -> None:
        if self._known is not None:
            for subject in {receipt.subject, str(receipt.detail.get(INCIDENT, receipt.subject))}:
                self._known.setdefault(subject, []).append(index)
