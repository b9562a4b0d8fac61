"""Regular expressions that cannot run away: linear by RE2, else proven small and run on a cut text."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, TypeAlias

from tocsin.model import BadInput

Search = Callable[[str], bool]
Tree: TypeAlias = Any
"""Parts of Python's own parse tree of an expression: (operation, argument) pairs."""

TEXT_CHARS_MAX = 2048
"""How much of a value a backtracking expression sees."""
DEGREE_MAX = 2
"""Steps of a backtracking expression grow with at most this power of the text: 4 million at the cut."""
LITERAL_CHARS_MIN = 3
RARE = frozenset("`{}^$|<>~#!")
"""Characters that are worth looking for alone."""
PATTERN_CHARS_MAX = 20_000
MANY = 64
"""A repeat allowed more often than this counts as unbounded."""

_ZERO_WIDTH = {"ASSERT", "ASSERT_NOT"}
_REPEATS = {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}


@lru_cache(maxsize=10_000)
def bounded(pattern: str, flags: str = "") -> Search:
    """Whether an expression is found in a text, in bounded time; `flags` are letters of `ims`.

    RE2 runs in time linear in the text. Lookaround and backreferences are beyond it: those
    run in Python's engine if a static check bounds their work, on the first 2,048 characters.
    Raises BadInput where neither is possible.

    >>> bounded("b.*d", "i")("ABCD"), bounded("(?<!x)y")("xy")
    (True, False)
    """
    if len(pattern) > PATTERN_CHARS_MAX:
        raise BadInput(f"The expression has {len(pattern)} characters; {PATTERN_CHARS_MAX} are allowed.")
    linear, problem = _linear(pattern, flags)
    if linear:
        return linear
    if reason := _unbounded(pattern, flags):
        raise BadInput(f"The expression cannot be bounded in time: RE2 says {problem!r}, and {reason}.")
    cut = re.compile(pattern, _python_flags(flags))
    return lambda text: cut.search(text[:TEXT_CHARS_MAX]) is not None


def is_linear(pattern: str, flags: str = "") -> bool:
    """Whether RE2 takes an expression, so that it runs in time linear in the text."""
    return _linear(pattern, flags)[0] is not None


def required(pattern: str, flags: str = "") -> frozenset[str]:
    r"""Lower-case texts of which at least one stands in whatever the expression matches; empty if none is known.

    >>> sorted(required(r"\\(cmd|power)shell\.exe", "i"))
    ['hell.exe']
    >>> sorted(required("(?:wget|curl) .*"))
    ['curl', 'wget']
    """
    try:
        tree = _tree(pattern, flags)
    except (re.error, OverflowError, RecursionError):
        return frozenset()
    return _best(_necessary(tree, folds=bool(tree.state.flags & re.IGNORECASE)))


def _linear(pattern: str, flags: str) -> tuple[Search | None, str]:
    import re2  # type: ignore[import-untyped]

    least = _width(pattern, flags)
    options = re2.Options()
    options.log_errors = False
    try:
        search = re2.compile(f"(?{flags}){pattern}" if flags else pattern, options).search
    except re2.error as error:
        message = error.args[0] if error.args else ""
        return None, message.decode("utf-8", "replace") if isinstance(message, bytes) else str(message)

    def found(text: str) -> bool:
        if len(text) < least:
            return False
        try:
            return search(text) is not None
        except UnicodeEncodeError:  # half a surrogate pair, which no UTF-8 text holds
            return search(text.encode("utf-8", "replace").decode()) is not None

    return found, ""


def _width(pattern: str, flags: str) -> int:
    """Characters that a match has at least; 0 where that is not known."""
    try:
        return int(_tree(pattern, flags).getwidth()[0])
    except (re.error, OverflowError, RecursionError):
        return 0


def _unbounded(pattern: str, flags: str) -> str:
    """Why the work of a backtracking expression has no bound; empty if it has one."""
    try:
        tree = _tree(pattern, flags)
        degree = _degree(tree) + (0 if _anchored(tree, flags) else 1)
    except (re.error, OverflowError, RecursionError) as error:
        return f"Python's engine says {str(error)!r}"
    except BadInput as error:
        return str(error)
    return f"its work grows with power {degree} of the text" if degree > DEGREE_MAX else ""


def _python_flags(flags: str) -> int:
    return sum(int(getattr(re, letter.upper())) for letter in flags)


def _tree(pattern: str, flags: str) -> Tree:
    """The engine's own parse tree: the only one that says what the engine will do."""
    return importlib.import_module("re._parser").parse(pattern, _python_flags(flags))


def _anchored(tree: Tree, flags: str) -> bool:
    return bool(tree) and str(tree[0][0]) == "AT" and "BEGINNING" in str(tree[0][1]) and "m" not in flags


def _degree(items: Iterable[Any]) -> int:
    """With which power of the text's length a sequence may be retried; raises BadInput where there is none."""
    running = highest = 0
    for op, argument in items:
        below = _degree_of(str(op), argument)
        running += 0 if str(op) in _ZERO_WIDTH else below
        highest = max(highest, running + (below if str(op) in _ZERO_WIDTH else 0))
    return highest


def _degree_of(op: str, argument: Tree) -> int:
    if op not in _REPEATS:
        return max((_degree(inner) for inner in _inner(op, argument)), default=0)
    _low, high, inner = argument
    if high <= MANY:
        return _degree(inner) * min(int(high), 3)
    if _varies(inner):
        raise BadInput("it repeats something without end that itself has no fixed length")
    return 1 + _degree(inner)


def _varies(items: Iterable[Any]) -> bool:
    for op, argument in items:
        if (
            str(op) == "BRANCH"
            or (str(op) in _REPEATS and argument[0] != argument[1])
            or str(op).startswith("GROUPREF")
        ):
            return True
        if any(_varies(inner) for inner in _inner(str(op), argument)):
            return True
    return False


def _inner(op: str, argument: Tree) -> list[Any]:
    match op:
        case "BRANCH":
            return list(argument[1])
        case "SUBPATTERN":
            return [argument[3]]
        case "ASSERT" | "ASSERT_NOT":
            return [argument[1]]
        case "ATOMIC_GROUP":
            return [argument]
        case "GROUPREF_EXISTS":
            return [part for part in argument[1:] if part]
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            return [argument[2]]
    return []


def _necessary(items: Iterable[Any], *, folds: bool) -> list[frozenset[str]]:
    """For each part that must match: the texts of which one must stand there.

    Without regard to case an `s` may also stand for `ſ`, and an `i` for `ı`: no text reaches across them.
    """
    found: list[frozenset[str]] = []
    run = ""
    for op, argument in [*items, ("END", None)]:
        if str(op) == "LITERAL" and argument < 128 and not (folds and chr(argument) in "sSiI"):
            run += chr(argument).lower()
            continue
        if len(run) >= LITERAL_CHARS_MIN or (run and RARE.issuperset(run)):
            found.append(frozenset([run]))
        run = ""
        found.extend(_necessary_of(str(op), argument, folds=folds))
    return found


def _necessary_of(op: str, argument: Tree, *, folds: bool) -> list[frozenset[str]]:
    match op:
        case "SUBPATTERN":
            return _necessary(argument[3], folds=folds or bool(argument[1] & re.IGNORECASE))
        case "ATOMIC_GROUP":
            return _necessary(argument, folds=folds)
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT" if argument[0] >= 1:
            return _necessary(argument[2], folds=folds)
        case "BRANCH":
            branches = [_best(_necessary(branch, folds=folds)) for branch in argument[1]]
            return [frozenset().union(*branches)] if all(branches) else []
    return []


def _best(found: Iterable[frozenset[str]]) -> frozenset[str]:
    """The part that says most: few alternatives, each of them long."""
    return max(found, key=lambda texts: min(map(len, texts)) - len(texts), default=frozenset())
