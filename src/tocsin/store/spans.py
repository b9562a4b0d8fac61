"""Which sequence numbers of one stream were seen: merged intervals, bounded in number."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from enum import Enum


class Verdict(Enum):
    """What a range of numbers is, measured against those seen."""

    NEW = "new"
    DUPLICATE = "duplicate"
    OVERLAPPING = "overlapping"
    TOO_OLD = "too old"


class Spans:
    """Disjoint closed intervals of whole numbers, never adjacent, at most `gaps_max` + 1 of them.

    `closed_to` is the end of the last gap that was closed to stay within bounds: a number up
    to it that counts as seen may in truth be one that came too late. `changed` and `gone` are
    the lower ends that a store has to write and delete. Numbers nearly always come in order:
    that way is kept short.

    >>> spans = Spans([(1, 4)])
    >>> spans.add(6, 9)
    >>> spans.verdict(5, 5), spans.verdict(4, 5), spans.verdict(2, 3)
    (<Verdict.NEW: 'new'>, <Verdict.OVERLAPPING: 'overlapping'>, <Verdict.DUPLICATE: 'duplicate'>)
    >>> spans.add(5, 5)
    >>> list(spans)
    [(1, 9)]
    """

    __slots__ = ("_his", "_los", "changed", "closed_to", "gone")

    def __init__(self, intervals: Iterable[tuple[int, int]] = (), closed_to: int | None = None) -> None:
        ordered = sorted(intervals)
        self._los = [lo for lo, _ in ordered]
        self._his = [hi for _, hi in ordered]
        self.closed_to = closed_to
        self.changed: set[int] = set()
        self.gone: set[int] = set()

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return zip(self._los, self._his, strict=True)

    def __len__(self) -> int:
        return len(self._los)

    def verdict(self, lo: int, hi: int) -> Verdict:
        """Whether lo..hi (inclusive) is unseen, seen in full, seen in part, or older than what is remembered."""
        if not self._his or lo > self._his[-1]:
            return Verdict.NEW
        index = bisect_right(self._los, hi) - 1
        if index < 0 or self._his[index] < lo:
            return Verdict.NEW
        return self._repeated(index, lo, hi)

    def _repeated(self, index: int, lo: int, hi: int) -> Verdict:
        """What to say of lo..hi, which meets the interval at `index`."""
        if not (self._los[index] <= lo and hi <= self._his[index]):
            return Verdict.OVERLAPPING
        return Verdict.TOO_OLD if self.closed_to is not None and lo <= self.closed_to else Verdict.DUPLICATE

    def add(self, lo: int, hi: int) -> None:
        """Count lo..hi as seen; it must be NEW."""
        if self._his and self._his[-1] == lo - 1:
            self._his[-1] = hi
            self.changed.add(self._los[-1])
        else:
            self._place(lo, hi)

    def _place(self, lo: int, hi: int) -> None:
        """Anywhere but right behind the newest."""
        index = bisect_right(self._los, lo) - 1
        if index >= 0 and self._his[index] == lo - 1:
            self._extend(index, hi)
        else:
            index += 1
            self._los.insert(index, lo)
            self._his.insert(index, hi)
            self.changed.add(lo)
        if index + 1 < len(self._los) and self._los[index + 1] == hi + 1:
            self._join(index)

    def close_gaps(self, gaps_max: int) -> int:
        """Close the oldest gaps until at most `gaps_max` are left; how many were closed."""
        closed = 0
        while len(self._los) > gaps_max + 1:
            self.closed_to = self._los[1] - 1
            self._join(0)
            closed += 1
        return closed

    def value_at(self, lo: int) -> int:
        """The upper end of the interval that begins at `lo`."""
        return self._his[-1] if lo == self._los[-1] else self._his[bisect_right(self._los, lo) - 1]

    def written(self) -> None:
        """Forget what had to be written: it was."""
        self.changed.clear()
        if self.gone:
            self.gone.clear()

    def _extend(self, index: int, hi: int) -> None:
        self._his[index] = hi
        self.changed.add(self._los[index])

    def _join(self, index: int) -> None:
        following = self._los.pop(index + 1)
        self.changed.discard(following)
        self.gone.add(following)
        self._extend(index, self._his.pop(index + 1))
