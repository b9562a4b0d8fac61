"""Objects over several lines: found one by one, whatever they hold, wherever a chunk ends."""

import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.formats import json_objects
from tocsin.formats.json_objects import pieces, spread

TEXTS = st.text(st.sampled_from('{}[]",: \\\u00e4x'), max_size=6)
VALUES = st.recursive(
    st.none() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.lists(st.dictionaries(TEXTS, VALUES, max_size=4), min_size=1, max_size=4)


@given(objects=OBJECTS, indent=st.none() | st.integers(0, 3), wrapped=st.booleans(), chunk=st.integers(20, 200))
@settings(deadline=None, max_examples=40)
def test_every_object_is_found_however_it_is_written(objects, indent, wrapped, chunk):
    text = json.dumps(objects, indent=indent) if wrapped else "\n".join(json.dumps(o, indent=indent) for o in objects)
    found = list(pieces(Dripping(text.encode(), chunk)))
    assert [json.loads(line) for line, problem in found if not problem] == objects
    assert not any(problem for _, problem in found)


class Dripping(io.BytesIO):
    """Gives a few bytes at a time, as a slow file does."""

    def __init__(self, content, size):
        super().__init__(content)
        self._size = size

    def read(self, _size=-1, /):
        return super().read(self._size)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'{"a": {"b": 1}', "truncated"),
        (b'{"a": 1}\nhello\n{"b": 2}', "none"),
        (b'{"a": "' + b"x" * (json_objects.OBJECT_BYTES_MAX + 400_000), "longer than"),
    ],
)
def test_what_is_no_object_comes_with_a_reason(content, reason):
    problems = [problem for _, problem in pieces(io.BytesIO(content)) if problem]
    assert len(problems) == 1
    assert reason in problems[0]


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b'{\n  "a": 1\n}', True),
        (b"[\n{", True),
        (b'[{"a": 1}]', True),
        (b'{"a": 1}\n', False),
        (b"[1, 2]", False),
        (b"hi", False),
    ],
)
def test_the_beginning_shows_whether_objects_are_spread_over_lines(head, expected):
    assert spread(head) is expected
