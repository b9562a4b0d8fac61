"""One field of one lane: from a value to the texts found in it, by one search for all of them; bounded memory."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from tocsin.sigma.comparing import Test
from tocsin.sigma.literals import END, START, STRANGE, Text
from tocsin.sigma.taxonomy import Value, word_of

Found: TypeAlias = tuple[tuple[int, ...], tuple[int, ...]]
"""What a value satisfies, and which rules that wakes."""
Entry: TypeAlias = Found | None

VALUES_MAX = 2048
"""Values of a field that are remembered, twice over: those seen since the last turn, and those before it."""
CHARS_MAX = 512
"""Longer values are hardly ever seen twice."""
MISSES_MIN = 100
HITS_MIN = 0.2
"""A field of which fewer rows than this are answered from memory is not remembered for a while."""
FAST_CHARS_MAX = 20_000
"""Up to so many characters of texts are searched by the faster automaton: its tables are a hundred times as large."""
_CODE = re.compile("[0-9a-fx:. {}-]*")
CODE_SIGNS = "0123456789abcdefABCDEFxX-:. {}"
"""What numbers, times, addresses and GUIDs are made of: no keyword with another sign can stand in them."""
_BETWEEN = END + START
PAUSE = 20 * VALUES_MAX


class Scan:
    """Finds all texts of a field at once, and makes the few comparisons that no text can stand for."""

    def __init__(
        self,
        texts: Mapping[Text, int],
        tests: Sequence[tuple[Test, int]],
        waking: Callable[[Iterable[int]], tuple[int, ...]],
    ) -> None:
        from ahocorasick_rs import AhoCorasick, Implementation

        self._waking = waking
        self._tests = tuple(tests)
        self._whole = {text.text: number for text, number in texts.items() if text.how == "equals"}
        self._parts = {text.framed: number for text, number in texts.items() if text.how != "equals"}
        kind = Implementation.DFA if sum(map(len, self._parts)) < FAST_CHARS_MAX else Implementation.ContiguousNFA
        self._alone: dict[str, Entry] = {}
        self.codes = not any(_CODE.fullmatch(text.text) for text in texts)
        made = AhoCorasick(list(self._parts), store_patterns=True, implementation=kind) if self._parts else None
        self._search = made.find_matches_as_strings if made else None

    def refresh(self) -> None:
        """Take note that other rules are woken from now on."""
        self._alone = {text: ((number,), self._waking((number,))) for text, number in self._whole.items()}

    def value(self, given: str) -> Entry:
        """What one value satisfies."""
        text = given.lower()
        if self._search is None and not self._tests:
            return self._alone.get(text)
        if START in text or END in text:
            text = text.replace(START, STRANGE).replace(END, STRANGE)
        found = self._found(START + text + END) if self._search is not None else []
        whole = self._whole.get(text)
        if whole is not None:
            found.append(whole)
        found += [number for test, number in self._tests if test(given)]
        return (tuple(found), self._waking(found)) if found else None

    def values(self, texts: Iterable[str]) -> Entry:
        """What any of some values satisfies, with one search for all of them."""
        given = list(texts)
        framed = f"{START}{_BETWEEN.join(given)}{END}"
        if framed.count(START) != len(given) or framed.count(END) != len(given):
            framed = _BETWEEN.join(text.replace(START, STRANGE).replace(END, STRANGE) for text in given)
            framed = f"{START}{framed}{END}"
        found = self._found(framed.lower()) if self._search is not None else []
        if self._whole:
            found += [self._whole[text] for text in map(str.lower, given) if text in self._whole]
        return (tuple(found), self._waking(found)) if found else None

    def _found(self, framed: str) -> list[int]:
        assert self._search is not None  # noqa: S101 - for the type checker: both callers have looked
        try:
            hits = self._search(framed, overlapping=True)
        except UnicodeEncodeError:  # half a surrogate pair
            hits = self._search(framed.encode("utf-8", "replace").decode(), overlapping=True)
        return list(set(map(self._parts.__getitem__, hits))) if hits else []


class Memo(dict[Value, Entry]):
    """What values satisfy, for those that come again: bounded, and given up where none does.

    It answers `memo[value]` for every value but lists and objects, which cannot be remembered: those
    raise TypeError and are asked for by `other`. `seen` says how many rows were asked about so far.
    """

    def __init__(self, scan: Scan, seen: Callable[[], int]) -> None:
        super().__init__()
        self._scan = scan
        self._seen = seen
        self._before: dict[str, Entry] = {}
        self._misses = self._since = 0
        self._pause = 0

    def __missing__(self, value: Value) -> Entry:
        text = value
        if value.__class__ is not str:
            text = word_of(value)
            if value is None:
                return None
            if text is None:
                raise TypeError  # a tuple can be a key, but is a list to rules
            if value.__class__ is not int or -2 < value < 2:  # to a dict True and 1.0 are the same key as 1
                return self[text]
        if self._pause:
            self._pause -= 1
            return self._scan.value(text)
        if len(text) > CHARS_MAX:
            return self._scan.value(text)
        if len(self) >= VALUES_MAX:
            self._turn()
        entry = self._before[value] if value in self._before else self._missed(text)
        self[value] = entry
        return entry

    def other(self, value: Value) -> Entry:
        """What a value of any kind satisfies; of a list, what any of its elements does."""
        if not isinstance(value, list | tuple):
            word = word_of(value)
            return None if word is None else self[word]
        entries = [entry for each in value if (entry := self.other(each))]
        found = tuple(number for entry in entries for number in entry[0])
        return (found, tuple(number for entry in entries for number in entry[1])) if found else None

    def is_vain(self) -> bool:
        """Whether remembering does not help: hardly a value comes again."""
        rows = self._seen() - self._since
        return self._pause > 0 or (self._misses >= MISSES_MIN and rows - self._misses < HITS_MIN * rows)

    def look_for(self, scan: Scan) -> None:
        """Look for other texts from now on; what was remembered is forgotten."""
        self._pause = PAUSE if self.is_vain() else 0
        self._scan = scan
        self.clear()
        self._before = {}

    def _missed(self, text: str) -> Entry:
        self._misses += 1
        return self._scan.value(text)

    def _turn(self) -> None:
        """Forget what was not asked for since the last turn; stop remembering where it does not help."""
        self._pause = PAUSE if self.is_vain() else 0
        self._before = {} if self._pause else dict(self)
        self.clear()
        self._since, self._misses = self._seen(), 0
