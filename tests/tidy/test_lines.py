"""The lines that the code keeps: each is a check that fails the build and names what broke it."""

from pathlib import Path

import pytest

from tests.tidy import measure

ROOT = Path(__file__).resolve().parents[2]
SRC = measure.read(ROOT / "src")
TESTS = measure.read(ROOT / "tests")
DEFS = measure.functions(SRC)
VAGUE = {"utils", "util", "manager", "managers", "helpers", "helper", "common", "misc"}


def longest(count: int = 5) -> str:
    rows = sorted(DEFS, key=lambda item: -measure.body_lines(item[1]))[:count]
    return "; ".join(f"{s.path.relative_to(ROOT)}:{n.lineno} {n.name} {measure.body_lines(n)}" for s, n in rows)


@pytest.mark.parametrize(("share", "line"), [(0.5, 6), (0.9, 25), (1.0, 60)])
def test_functions_are_short(share, line):
    assert measure.quantile([measure.body_lines(node) for _, node in DEFS], share) <= line, longest()


@pytest.mark.parametrize(("share", "line"), [(0.9, 400), (1.0, 600)])
def test_files_are_short(share, line):
    sizes = {str(source.path.relative_to(ROOT)): source.lines for source in [*SRC, *TESTS]}
    longest_files = sorted(sizes.items(), key=lambda item: -item[1])[:5]
    assert measure.quantile(sizes.values(), share) <= line, longest_files


def test_functions_have_few_branches():
    ways = sorted(
        ((measure.branches(n), f"{s.path.relative_to(ROOT)}:{n.lineno} {n.name}") for s, n in DEFS), reverse=True
    )
    assert measure.quantile([count for count, _ in ways], 0.9) <= 5, "\n".join(
        f"{count} {where}" for count, where in ways if count > 5
    )


def test_nothing_imports_in_a_circle():
    assert measure.cycle(measure.imports(SRC, ROOT / "src")) == []


def test_everything_is_annotated():
    assert measure.unannotated(SRC) == []


def test_public_names_are_documented():
    bare = measure.undocumented(SRC)
    assert len(bare) <= 0.15 * len(measure.public_names(SRC)), bare


def test_every_file_says_what_it_holds():
    assert measure.without_opening_line([*SRC, *TESTS]) == []


def test_every_extension_has_words_and_an_example():
    silent = [
        f"{source.path.relative_to(ROOT)} {node.name}"
        for source, node in measure.members(SRC)
        if ">>>" not in (measure.ast.get_docstring(node) or "")
    ]
    assert silent == []


def test_few_handlers_catch_everything():
    broad = measure.broad_handlers(SRC)
    places = [f"{source.path.relative_to(ROOT)}:{node.lineno}" for source, node in broad]
    assert 1000 * len(broad) <= 0.3 * sum(source.lines for source in SRC), places


def test_nothing_is_swallowed():
    assert measure.swallowed([*SRC, *TESTS]) == []


def test_tests_are_short():
    assert measure.quantile([measure.body_lines(node) for _, node in measure.tests(TESTS)], 0.5) <= 11


def test_tests_use_the_real_thing():
    real = [source for source in TESTS if source.path.parent.name != "tidy"]
    assert measure.mock_words(real) <= 0.05 * len(measure.tests(TESTS))


def test_files_are_named_for_what_they_hold():
    assert [str(source.path) for source in [*SRC, *TESTS] if source.path.stem in VAGUE] == []
