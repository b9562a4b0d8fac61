"""The measures measure: each is shown a small planted source and must see what is wrong with it."""

import ast
from pathlib import Path

import pytest

from tests.tidy import measure


def planted(text, name="room.py"):
    return measure.Source(path=Path("/src/house") / name, text=text, tree=ast.parse(text))


def first(text):
    return measure.functions([planted(text)])[0][1]


def test_a_docstring_is_not_length():
    assert measure.body_lines(first('def f():\n    """Two\n    lines."""\n    return 1\n')) == 2


def test_every_turn_counts():
    assert measure.branches(first("def f(a):\n    return [b for b in a] if a and a[0] else 0\n")) == 4


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("def f(a: int): ...", ["its result"]),
        ("def f(a) -> int: ...", ["a"]),
        ("def f(self, *, b: int) -> None: ...", []),
    ],
)
def test_missing_annotations_are_named(text, missing):
    assert [line.rsplit(": ", 1)[1] for line in measure.unannotated([planted(text)])] == missing


def test_private_names_need_no_words():
    assert [line.split()[-1] for line in measure.undocumented([planted("def f(): ...\ndef _g(): ...\n")])] == ["f"]


def test_a_file_without_an_opening_line_is_found():
    assert len(measure.without_opening_line([planted("x = 1"), planted('"""What it holds."""')])) == 1


@pytest.mark.parametrize("caught", ["", " Exception", " BaseException", " (ValueError, Exception)", " Exception as e"])
def test_broad_and_swallowed_handlers_are_found(caught):
    source = planted(f"try:\n    f()\nexcept{caught}:\n    g()\n")
    assert len(measure.broad_handlers([source])) == len(measure.swallowed([source])) == 1


@pytest.mark.parametrize("body", ["raise", "report(error)", "raise Other from error"])
def test_a_broad_handler_that_speaks_is_not_swallowed(body):
    assert measure.swallowed([planted(f"try:\n    f()\nexcept Exception as error:\n    {body}\n")]) == []


def test_suppressing_everything_is_swallowing():
    kept = planted("with suppress(KeyError): f()\n")
    assert len(measure.swallowed([kept, planted("with contextlib.suppress(Exception): f()\n")])) == 1


def test_a_narrow_handler_is_not_broad():
    assert measure.broad_handlers([planted("try:\n    f()\nexcept (KeyError, OSError):\n    pass\n")]) == []


@pytest.mark.parametrize("back", ["from house import a", "from . import a", "from .a import x", "import house.a"])
def test_circles_are_found_however_they_are_written(back):
    pair = [planted("def f():\n    from house.b import y\n", "a.py"), planted(f"{back}\n", "b.py")]
    assert set(measure.cycle(measure.imports(pair, Path("/src")))) == {"house.a", "house.b"}


def test_importing_downwards_is_no_circle():
    pair = [planted("from house.b import y\n", "a.py"), planted("y = 1\n", "b.py")]
    assert measure.cycle(measure.imports(pair, Path("/src"))) == []


def test_stand_ins_are_counted():
    words = ["Mock()", "Magic" + "Mock()", "monkey" + "patch.setattr", "pat" + "ch('x')", "dispatch(x)"]
    assert measure.mock_words([planted("\n".join(words))]) == 4


def test_members_are_known_by_what_they_declare():
    text = "class A:\n    kind = 'x'\n    needs: int = 0\nclass B:\n    kind: str\n    needs: int\n"
    assert [node.name for _, node in measure.members([planted(text)])] == ["A"]


@pytest.mark.parametrize(("share", "value"), [(0.5, 3), (0.9, 5), (1.0, 5)])
def test_quantiles_take_the_nearest_rank(share, value):
    assert measure.quantile([5, 1, 3, 2, 4], share) == value
