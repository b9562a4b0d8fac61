"""Cards: what a finding of each grade is worth, in nats, and the count that says so."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import exp, lgamma, log
from pathlib import Path
from typing import Any, Self

import msgspec

from tocsin.model import DEFAULT_NATS_MAX, Basis, ConfigError, Fact, Finding, Weight

RECALL_ASSUMED = 0.5
"""Chance to see a true event, where only false alarms were counted."""

_MISS = 0.05
"""One-sided chance that the true rate lies beyond the bound."""


def poisson_upper(events: int) -> float:
    """Upper 95 % bound (one-sided, exact) of a Poisson mean after so many events.

    Without events this is the rule of three: -ln 0.05 = 2.996.

    >>> [round(poisson_upper(n), 3) for n in (0, 1, 10)]
    [2.996, 4.744, 16.962]
    """
    low, high = 0.0, 10.0 + 3.0 * events
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if _poisson_below(events, middle) > _MISS else (low, middle)
    return high


def _poisson_below(events: int, mean: float) -> float:
    """Chance of `events` or fewer; the terms are summed from the largest to keep their digits."""
    term = total = 1.0
    for n in range(events, 0, -1):
        term *= n / mean
        total += term
        if term < total * 1e-17:
            break
    return total * exp(events * log(mean) - mean - lgamma(events + 1))


def false_rate_upper(windows: int, false_alarms: int) -> float:
    """Upper 95 % bound of the chance of a false alarm in one window, at most 1."""
    return min(1.0, poisson_upper(false_alarms) / windows) if windows else 1.0


def counted(windows: int, false_alarms: int, text: str = "", recall: float = RECALL_ASSUMED) -> Weight:
    """The weight that a count of false alarms supports: ln(recall / upper bound), never negative.

    >>> round(counted(windows=3_000, false_alarms=0).nats, 2)
    6.22
    """
    nats = max(0.0, log(recall / false_rate_upper(windows, false_alarms)))
    return Weight(nats=nats, basis=Basis.COUNTED, text=text)


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One grade of a card: `windows` watched without a true event, and how many of them rang."""

    windows: int
    false_alarms: int = msgspec.field(name="false")
    nats: float
    text: str
    recall_assumed: float = RECALL_ASSUMED
    basis: Basis = Basis.COUNTED

    def weight(self) -> Weight:
        """The weight that follows from the counts."""
        weight = counted(self.windows, self.false_alarms, self.text, self.recall_assumed)
        return msgspec.structs.replace(weight, basis=self.basis)


class _Card(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    kind: str
    grades: dict[str, Row]


@dataclass(frozen=True)
class Cards:
    """All cards, by kind and grade."""

    rows: Mapping[tuple[str, str], Row] = field(default_factory=dict)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read `<kind>.toml` of a folder; an absent folder holds none. Raises ConfigError with the path."""
        cards = [_read(path) for path in sorted(folder.glob("*.toml"))] if folder.is_dir() else []
        return cls({(card.kind, grade): row for card in cards for grade, row in card.grades.items()})

    def weight(self, kind: str, grade: str, default_nats: Mapping[str, float]) -> Weight:
        """What a finding of this kind and grade is worth: by its card, else the capped default.

        >>> Cards().weight("cyber.ids", "low", {"low": 0.5}).basis
        <Basis.DEFAULT: 'default'>
        """
        row = self.rows.get((kind, grade))
        if row is not None:
            return row.weight()
        nats = min(default_nats.get(grade, 0.0), DEFAULT_NATS_MAX)
        return Weight(nats=nats, basis=Basis.DEFAULT, text=f"no card for {kind} {grade or 'ungraded'}")


def _read(path: Path) -> _Card:
    try:
        card = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _Card)
    except (OSError, ValueError) as error:
        message = f"Card {path} cannot be used: {error}. Make it again with its command."
        raise ConfigError(message) from error
    if card.kind != path.stem:
        message = f"Card {path} is about {card.kind!r}: name it {card.kind}.toml."
        raise ConfigError(message)
    for grade, row in card.grades.items():
        _honest(path, grade, row)
    return card


def _honest(path: Path, grade: str, row: Row) -> None:
    """Refuse a number that its own counts do not give: nobody writes weights by hand."""
    if row.basis is Basis.DEFAULT or not row.text or not 0 <= row.false_alarms <= row.windows:
        problem = "needs basis counted or measured, a text with data and command, and 0 <= false <= windows"
    elif not 0 < row.recall_assumed <= 1:
        problem = "needs a recall above 0 and at most 1"
    elif abs(row.nats - row.weight().nats) > 0.01:
        problem = f"says {row.nats:.2f} nats where its counts give {row.weight().nats:.2f}"
    else:
        return
    message = f"Card {path}, grade {grade!r}: {problem}. Make it again with its command."
    raise ConfigError(message)


def tally(seen: Iterable[Fact], found: Iterable[Fact], window_s: float, grades: Sequence[str]) -> dict[str, Row]:
    """Count, over input without a true event, the windows watched and those that rang, per grade.

    A window is `window_s` of one source (of one subject, where there is no source). The rows
    carry the weight that follows and an empty text: the caller names data and command with
    `msgspec.structs.replace`.
    """
    watched = {(_whose(fact), fact.at // window_s) for fact in seen}
    rang = {(fact.grade, _whose(fact), fact.at // window_s) for fact in found if isinstance(fact, Finding)}
    rows = {}
    for grade in grades:
        false = min(sum(1 for one in rang if one[0] == grade), len(watched))
        rows[grade] = Row(windows=len(watched), false_alarms=false, nats=counted(len(watched), false).nats, text="")
    return rows


def _whose(fact: Any) -> str:  # noqa: ANN401  # observations, findings and health name it differently
    return str(getattr(fact, "source", "") or getattr(fact, "subject", ""))


def card_text(kind: str, rows: Mapping[str, Row]) -> str:
    """The TOML of a card, ready to be written to `content/cards/<kind>.toml`."""
    parts = [f"kind = {_quoted(kind)}\n"]
    for grade, row in sorted(rows.items()):
        parts.append(
            f"\n[grades.{_quoted(grade)}]\nwindows = {row.windows}\nfalse = {row.false_alarms}\n"
            f"recall_assumed = {row.recall_assumed}\nnats = {row.nats:.4f}\nbasis = {_quoted(row.basis.value)}\n"
            f"text = {_quoted(row.text)}\n"
        )
    return "".join(parts)


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode()
