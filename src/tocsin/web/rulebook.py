"""What people ask about rules: which are in force, which not and why, what one matches, how it is tuned."""

from collections import Counter

from msgspec import Struct
from msgspec.structs import asdict, replace

from tocsin.contract.attack import Tag, tag_of
from tocsin.contract.rulebook import RuleBook
from tocsin.engine.rows import RefusedRow, RuleRow, RulesRow
from tocsin.engine.rules import Rules
from tocsin.model import NotFound
from tocsin.sigma.explaining import explain, logsource_words
from tocsin.sigma.rule import Correlation, Rule
from tocsin.web.office import Office

IN_FORCE, SUPPRESSED, EXCEPTED, UNFED, GONE = "in force", "suppressed", "in force with exceptions", "not fed", "gone"
"""The states of a rule, the first that holds from the right; `gone` is tuned still, but no longer loaded."""


class RuleLine(RuleRow, frozen=True, kw_only=True, omit_defaults=True):
    """A rule in the list: its row, where it looks in words, and its state in a word."""

    looks_at: str = ""
    state: str = IN_FORCE


class Unfed(Struct, frozen=True, kw_only=True):
    """A log source that rules look at and no field mapping has, and how many rules wait for it."""

    looks_at: str
    rules: int


class RuleList(Struct, frozen=True, kw_only=True):
    """All rules in force, those that rang most first, and all that could not be loaded, each with its reason."""

    summary: RulesRow
    rules: list[RuleLine]
    refused: list[RefusedRow]
    unfed: list[Unfed]


class Related(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Another rule, by id and title; with its text where it is a part of the one shown."""

    id: str
    title: str
    text: str = ""


class RuleShown(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One rule, whole: `rule` as it stands now, and what follows as it is written in the rules of `digest`.

    `words` says in plain words what it matches. `changed` says how the rule of now differs from the
    one shown; it is empty where they are the same. `forecast` is what a back-test counted.
    """

    rule: RuleLine
    digest: str
    text: str
    words: str
    attack: tuple[Tag, ...] = ()
    description: str = ""
    author: str = ""
    falsepositives: tuple[str, ...] = ()
    correlates: tuple[Related, ...] = ()
    correlated_by: tuple[Related, ...] = ()
    forecast: str = ""
    changed: str = ""


def rules_of(office: Office) -> Rules:
    """The rules of an office; raises NotFound where none run."""
    if office.rules is None:
        raise NotFound("No rules run here.")
    return office.rules


def rule_list(office: Office) -> RuleList:
    """Every rule with its state, and every refusal."""
    rules, now = rules_of(office), office.now()
    book = rules.book
    lines = [line_of(row, book) for row in rules.rows(now)]
    waiting = Counter(one.looks_at for one in lines if not one.fed)
    return RuleList(
        summary=rules.summary(now),
        rules=lines,
        refused=[
            RefusedRow(path=one.path, line=one.line, feature=one.feature, reason=one.reason)
            for one in book.loaded.refused
        ],
        unfed=[Unfed(looks_at=name, rules=count) for name, count in waiting.most_common()],
    )


def rule_line(office: Office, name: str) -> RuleLine:
    """How one rule stands now; one that is no longer loaded is `gone`."""
    rules = rules_of(office)
    row = next((row for row in rules.rows(office.now()) if row.id == name), None)
    if row is None:
        return RuleLine(id=name, title=name, level="", family="", path="", line=0, state=GONE)
    return line_of(row, rules.book)


def rule_shown(office: Office, name: str, digest: str = "") -> RuleShown:
    """One rule by id or name, as it is now or as it was in the rules of a digest; raises NotFound."""
    rules = rules_of(office)
    book = _book(rules, digest)
    found = book.find(name)
    if found is None:
        raise NotFound(f"No rule {name!r} is loaded: it may have been removed. The System page has all that are.")
    now = rules.book.find(found.id)
    return RuleShown(
        rule=rule_line(office, found.id),
        digest=book.digest,
        text=found.text,
        words=_words(found, book),
        attack=tuple(tag_of(tag) for tag in found.tags),
        description=found.description,
        author=found.author if isinstance(found, Rule) else "",
        falsepositives=found.falsepositives,
        correlates=_related(found, book),
        correlated_by=tuple(_told(one) for one in book.loaded.correlations if _refers(one, found, book)),
        forecast=_forecast(book, found.id),
        changed=_changed(found, now),
    )


def _book(rules: Rules, digest: str) -> RuleBook:
    try:
        return rules.book_of(digest)
    except NotFound as error:
        raise NotFound("The rules of that time are not kept any more: ask for the rule without a digest.") from error


def line_of(row: RuleRow, book: RuleBook) -> RuleLine:
    """A row with words."""
    found = book.find(row.id)
    if isinstance(found, Rule):
        looks_at = logsource_words(found.logsource)
    else:
        looks_at = "" if found is None else f"what {len(found.rules)} other rule{'s' * (len(found.rules) > 1)} match"
    return RuleLine(**asdict(row), looks_at=looks_at, state=state_of(row))


def state_of(row: RuleRow) -> str:
    """The state of a rule in a word."""
    if row.suppressed_until is not None:
        return SUPPRESSED
    if not row.fed:
        return UNFED
    return EXCEPTED if row.exempt else IN_FORCE


def _words(rule: Rule | Correlation, book: RuleBook) -> str:
    """What a rule matches; its title, tags and false positives are told apart."""
    bare = replace(rule, tags=(), falsepositives=())
    return explain(bare, book.every).partition("\n")[2]


def _related(rule: Rule | Correlation, book: RuleBook) -> tuple[Related, ...]:
    parts = _parts(rule, book) if isinstance(rule, Correlation) else []
    return tuple(Related(id=one.id, title=one.title, text=one.text) for one in parts)


def _parts(rule: Correlation, book: RuleBook) -> list[Rule | Correlation]:
    return [part for name in rule.rules if (part := book.find(name)) is not None]


def _refers(one: Correlation, rule: Rule | Correlation, book: RuleBook) -> bool:
    return any(part.id == rule.id for part in _parts(one, book))


def _told(rule: Rule | Correlation) -> Related:
    return Related(id=rule.id, title=rule.title)


def _forecast(book: RuleBook, rule: str) -> str:
    """What a back-test counted, in a sentence; empty where none did."""
    rate = book.rates.get(rule)
    if rate is None:
        return ""
    return (
        f"At most {rate.per_day_max:.3g} alarms a day (95 %): {rate.alarms} in {rate.days:.3g} days of recorded "
        f"history, counted by `{rate.command}`."
    )


def _changed(then: Rule | Correlation, now: Rule | Correlation | None) -> str:
    if now is None:
        return "This rule has been removed since."
    return "" if now.text == then.text else "This rule was changed since; it is shown as it was then."
