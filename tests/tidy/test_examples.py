"""Every example in a docstring is run, and prints what it says it prints."""

import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

import tocsin

SRC = Path(tocsin.__file__).parent
MODULES = sorted(
    found.name
    for found in pkgutil.walk_packages([str(SRC)], "tocsin.")
    if not found.ispkg and ">>>" in (SRC.parent / f"{found.name.replace('.', '/')}.py").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_print_what_they_say(name):
    failed, tried = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert tried > 0
    assert failed == 0


def test_there_are_examples():
    assert len(MODULES) > 3
