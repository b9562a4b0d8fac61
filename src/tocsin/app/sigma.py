"""The `tocsin sigma` commands: check rules, say what they match, try them, count how often they would ring."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tocsin.app.backtest import Told
    from tocsin.app.rulefiles import Named
    from tocsin.engine.rows import RuleRow
    from tocsin.sigma.rule import Correlation, Refusal, Rule
    from tocsin.sigma.taxonomy import Taxonomy

sigma = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Check, explain, try and back-test detection rules (Sigma)."
)

Paths = Annotated[list[Path], typer.Argument(help="Files or folders with rules (*.yml).")]
City = Annotated[Path | None, typer.Option(help="Folder of the installation whose rules and placeholders count too.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object per line, each with a type.")]

SHOWN_MAX = 40
"""Most refused or unfed rules that are printed for people; --json tells all."""


@sigma.command()
def lint(paths: Paths, city: City = None, as_json: AsJson = False) -> None:
    """Say which rules load, which not and exactly why; exit status 1 where one does not."""
    from tocsin.app.rulefiles import named
    from tocsin.app.tell import print_json

    found = named(paths, city)
    refused, unfed = found.refused(), _unfed(found)
    if as_json:
        print_json([*_refused_rows(refused), *unfed, {"type": "lint", **_counts(found), "unfed": len(unfed)}])
    else:
        _print_refused(refused)
        _print_unfed(unfed)
        counts = _counts(found)
        print(f"{counts['rules']} rules and {counts['correlations']} correlations load, {counts['refused']} do not.")
    raise typer.Exit(1 if refused else 0)


def _counts(found: "Named") -> dict[str, int]:
    from tocsin.sigma.rule import Rule

    rules = found.rules()
    plain = sum(isinstance(one, Rule) for one in rules)
    return {
        "files": len(found.files),
        "rules": plain,
        "correlations": len(rules) - plain,
        "refused": len(found.refused()),
    }


def _unfed(found: "Named") -> list[dict[str, Any]]:
    """Rules that load, but whose log source no mapping feeds."""
    from tocsin.sigma.matching import Matcher
    from tocsin.sigma.rule import Rule

    rules = [one for one in found.rules() if isinstance(one, Rule)]
    return [
        {"type": "unfed", "id": one.id, "path": one.path, "line": one.line, "logsource": _source(one.logsource)}
        for one in Matcher(rules, found.book.taxonomies).unfed
    ]


def _source(source: Any) -> str:  # noqa: ANN401  # a Logsource, imported when needed
    parts = {"product": source.product, "category": source.category, "service": source.service}
    return " ".join(f"{name}={value}" for name, value in parts.items() if value)


def _refused_rows(refused: "Sequence[Refusal]") -> list[dict[str, Any]]:
    from msgspec.structs import asdict

    return [{"type": "refused", **asdict(one)} for one in refused]


def _print_refused(refused: "Sequence[Refusal]") -> None:
    for one in refused[:SHOWN_MAX]:
        print(f"{one.path}:{one.line}: {one.feature}: {one.reason}")
    if len(refused) > SHOWN_MAX:
        print(f"… and {len(refused) - SHOWN_MAX} more: --json tells all.")


def _print_unfed(unfed: "Sequence[dict[str, Any]]") -> None:
    from collections import Counter

    for source, count in Counter(row["logsource"] for row in unfed).most_common(SHOWN_MAX):
        print(f"note: nothing feeds {source or 'an empty log source'} here ({count} rule{'s' if count > 1 else ''}).")


@sigma.command()
def explain(
    rule: Annotated[str, typer.Argument(help="File of a rule, or the id or name of one that is loaded.")],
    city: City = None,
    events: Annotated[bool, typer.Option("--events", help="Make events that it matches, one per branch.")] = False,
) -> None:
    """Say in plain words what a rule matches."""
    from tocsin.app.rulefiles import book_of
    from tocsin.contract.attack import spoken
    from tocsin.model import NotFound
    from tocsin.sigma.explaining import explain as words

    rules = _meant(rule, city)
    if not rules:
        raise NotFound(f"No rule {rule!r} is loaded: name a file, or an id that `tocsin sigma list` shows.")
    for number, one in enumerate(rules):
        print(("\n\n" if number else "") + words(one, rules, spoken()))
        if events:
            _print_events(one, book_of(city).taxonomies)


def _meant(rule: str, city: Path | None) -> "Sequence[Rule | Correlation]":
    """The rules of a file, or the one that is loaded under an id or name."""
    from tocsin.app.rulefiles import book_of, named

    path = Path(rule)
    if path.exists():
        found = named([path], city)
        _print_refused(found.refused())
        return found.rules()
    known = book_of(city).find(rule)
    return [known] if known is not None else []


def _print_events(rule: "Rule | Correlation", taxonomies: "Mapping[str, Taxonomy]") -> None:
    import json

    from tocsin.sigma.example_events import example_events
    from tocsin.sigma.rule import Rule

    examples = example_events(rule, taxonomies) if isinstance(rule, Rule) else []
    if not examples:
        print("No event could be made for it: write some into x.events.yml beside x.yml.")
    for example in examples:
        print(f"{example.format}: {json.dumps(example.row, ensure_ascii=False, sort_keys=True)}")


@sigma.command(name="test")
def try_rules(paths: Paths, city: City = None, as_json: AsJson = False) -> None:
    """Try rules on their unit events (x.events.yml beside x.yml); exit status 1 where one behaves otherwise."""
    from tocsin.app.ruletests import run_unit_events
    from tocsin.app.tell import print_json

    outcome = run_unit_events(paths, city)
    if as_json:
        print_json(outcome.rows())
    else:
        print("\n".join(outcome.lines()))
    raise typer.Exit(1 if outcome.failed else 0)


@sigma.command()
def backtest(
    paths: Paths,
    log: Annotated[list[Path], typer.Option("--log", help="Recorded log, readings or capture; may be repeated.")],
    city: City = None,
    save: Annotated[
        bool, typer.Option("--save", help="Write what was counted into the city: alarms then weigh by it.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Count how often rules would have rung over recorded history, and forecast alarms per day."""
    from tocsin.app.backtest import backtest as count
    from tocsin.app.backtest import save as keep
    from tocsin.app.tell import progress

    folder = _saved_into(city) if save else None
    progress(f"Reading {', '.join(map(str, log))} …")
    told = count(paths, log, city)
    (_print_json if as_json else _print_forecasts)(told)
    if folder is not None:
        path = keep(told, folder)
        progress(f"Written: {path}. Alarms of these rules weigh what was counted, from the next look at the folder.")


def _saved_into(city: Path | None) -> Path:
    from tocsin.model import ConfigError

    if city is None:
        raise ConfigError("--save writes into a city: name its folder with --city.")
    return city


def _print_json(told: "Told") -> None:
    from tocsin.app.tell import print_json

    print_json([*_refused_rows(told.refused), *(one.row() for one in told.forecasts), told.row()])


def _print_forecasts(told: "Told") -> None:
    from tocsin.app.backtest import span
    from tocsin.app.tell import columns

    _print_refused(told.refused)
    rows = [(one.title, one.hits, one.alarms, one.per_day_text(), one.busiest()) for one in told.forecasts]
    print(columns(("rule", "hits", "alarms", "alarms per day (95 %)", "busiest hour"), rows))
    print(f"\nOver {span(told.days)} of history. An alarm is one rule, one subject, one hour.")


@sigma.command(name="list")
def list_rules(
    city: Annotated[Path | None, typer.Option(help="Folder of the installation (default: what ships alone).")] = None,
    as_json: AsJson = False,
) -> None:
    """List the rules in force: how each is tuned, what is refused, what nothing feeds."""
    from tocsin.app.ruletests import rule_rows
    from tocsin.app.tell import columns, print_json

    rows, refused = rule_rows(city)
    if as_json:
        from msgspec import to_builtins

        print_json([*({"type": "rule", **to_builtins(row)} for row in rows), *_refused_rows(refused)])
        return
    print(columns(("id", "level", "state", "hits", "title"), [_list_row(row) for row in rows]))
    _print_refused(refused)
    print(f"{len(rows)} loaded, {len(refused)} refused.")


def _list_row(row: "RuleRow") -> tuple[str, ...]:
    from datetime import UTC, datetime

    state = "in force" if row.fed else "not fed"
    if row.suppressed_until is not None:
        state = f"suppressed until {datetime.fromtimestamp(row.suppressed_until, UTC):%Y-%m-%d %H:%M}"
    elif row.exempt:
        state = f"{len(row.exempt)} exceptions"
    return row.id, row.level, state, str(row.hits), row.title
