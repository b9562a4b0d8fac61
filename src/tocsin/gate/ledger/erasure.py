"""The receipt of an erasure: which bodies were taken away, so that a missing one is not a stolen one."""

from collections.abc import Sequence

from tocsin.model import BadInput, Receipt, derived_id

ERASURE = "ledger.erase"
"""The act in an erasure's receipt."""
_NAMED = "receipts"
RANGES_MAX = 500


def erasure(indices: Sequence[int], at: float, by: str, size: int) -> Receipt:
    """The receipt that covers these indices; raises BadInput where they are too scattered for one."""
    text = _as_ranges(sorted(set(indices)))
    if not text or text.count(",") >= RANGES_MAX:
        raise BadInput(f"One erasure covers 1 to {RANGES_MAX} ranges of receipts: erase in several steps.")
    identity = derived_id("erase", size, text, at)
    return Receipt(id=identity, at=at, act=ERASURE, subject="ledger", by=by, detail={_NAMED: text})


def covered(receipt: Receipt) -> list[int]:
    """The indices that an erasure's receipt names.

    >>> covered(erasure([3, 4, 5, 9], at=0.0, by="retention", size=10))
    [3, 4, 5, 9]
    """
    found: list[int] = []
    for part in str(receipt.detail.get(_NAMED, "")).split(","):
        first, _, last = part.partition("-")
        if first.isdecimal():
            found.extend(range(int(first), int(last or first) + 1))
    return found


def _as_ranges(indices: Sequence[int]) -> str:
    """Sorted numbers as `3-5,9`."""
    runs: list[list[int]] = []
    for index in indices:
        if runs and runs[-1][1] == index - 1:
            runs[-1][1] = index
        else:
            runs.append([index, index])
    return ",".join(_as_range(first, last) for first, last in runs)


def _as_range(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"
