"""What people decided about rules: suppressed until a moment, or not for certain values; folded from decisions."""

from msgspec import Struct

from tocsin.model import BadInput, Conflict, Decision
from tocsin.sigma.taxonomy import words

SUPPRESS, EXCEPT, LIFT = "suppress-rule", "except-rule", "lift-rule"
"""The verbs by which a rule is tuned: all of it, some values, and back."""

UNTIL_S_MAX = 90 * 86_400.0
"""Longest that a tuning holds: nothing is silenced for ever, somebody has to look again."""

RULES_MAX = 2_000
"""Most rules that are tuned at once; the oldest tuning goes first."""

EXCEPTIONS_MAX = 50
"""Most exceptions of one rule; the oldest goes first. A rule that needs more should be rewritten."""

GRACE_S = 86_400.0
"""How long an expired tuning is kept: for late events of its time, and to be seen."""


class Exempt(Struct, frozen=True, kw_only=True):
    """One exception: the rule does not hold for events in which every one of these fields has that value."""

    values: tuple[tuple[str, str], ...]
    until: float
    reason: str = ""
    by: str = ""


class Tuning(Struct, kw_only=True):
    """What is decided about one rule: `until` when it is suppressed altogether, and its exceptions."""

    until: float = 0.0
    reason: str = ""
    by: str = ""
    exempt: tuple[Exempt, ...] = ()

    def ends(self) -> float:
        """When the last of it is over."""
        return max((self.until, *(one.until for one in self.exempt)))


def pairs_of(others: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """The fields and values of an exception, each written `field=value`; raises BadInput for one that is not.

    >>> pairs_of(("CommandLine=whoami /all",))
    (('CommandLine', 'whoami /all'),)
    """
    pairs = tuple((one.partition("=")[0].strip(), one.partition("=")[2].strip()) for one in others)
    if not pairs or not all(map(all, pairs)):
        raise BadInput("An exception is one or more `field=value`, such as `src_ip=10.0.0.7`.")
    return pairs


def check_tuning(decision: Decision, now: float) -> None:
    """Raise a TocsinError for a tuning without reason, without an end in bounds, or with no proper exception."""
    if not decision.text.strip():
        raise Conflict("Say why: a rule that is silent without a reason will be missed by nobody.")
    if decision.until is None or not now < decision.until <= now + UNTIL_S_MAX:
        raise Conflict(f"It needs an end within the next {UNTIL_S_MAX / 86_400:.0f} days.")
    if decision.verb == EXCEPT:
        pairs_of(decision.others)


def tune(tunings: dict[str, Tuning], decision: Decision) -> None:
    """Take one decision about a rule into the tunings; others change nothing."""
    if decision.verb == LIFT:
        tunings.pop(decision.target, None)
    elif decision.verb in (SUPPRESS, EXCEPT) and decision.until is not None:
        _extend(_newest(tunings, decision.target), decision, decision.until)


def _newest(tunings: dict[str, Tuning], rule: str) -> Tuning:
    """The tuning of a rule, made the newest; the oldest beyond `RULES_MAX` go."""
    tunings[rule] = known = tunings.pop(rule, None) or Tuning()
    for oldest in list(tunings)[: max(0, len(tunings) - RULES_MAX)]:
        del tunings[oldest]
    return known


def _extend(known: Tuning, decision: Decision, until: float) -> None:
    if decision.verb == SUPPRESS:
        known.until, known.reason, known.by = until, decision.text, decision.by
        return
    made = Exempt(values=pairs_of(decision.others), until=until, reason=decision.text, by=decision.by)
    others = tuple(one for one in known.exempt if one.values != made.values)
    known.exempt = (*others, made)[-EXCEPTIONS_MAX:]


def forget(tunings: dict[str, Tuning], at: float) -> None:
    """Drop the tunings that were over a day before `at`."""
    for rule in [rule for rule, one in tunings.items() if one.ends() < at - GRACE_S]:
        del tunings[rule]


def same(value: object, wanted: str) -> bool:
    """Whether a field's value is the one of an exception: as text, in any case; one of many suffices.

    >>> same(["ANNA", "bo"], "anna"), same(80, "80"), same(None, "")
    (True, True, False)
    """
    return any(word.casefold() == wanted.casefold() for word in words(value))
