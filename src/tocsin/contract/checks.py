"""The contract as code: every member is run through every check; each raises ContractBroken saying what to do."""

from collections.abc import Callable
from pathlib import Path

from tocsin.contract import behaved, declared
from tocsin.contract.declared import Declared, Sample
from tocsin.model import TocsinError

Check = Callable[[Declared, Sample, Path], None]
"""A check takes a member, what it is tried on, and the folder that holds `docs/extensions`."""

DECLARATION: tuple[Check, ...] = declared.ALL
"""Checks that look at the declaration alone."""

BEHAVIOUR: tuple[Check, ...] = behaved.ALL
"""Checks that run the member on its samples."""

ALL: tuple[Check, ...] = (*DECLARATION, *BEHAVIOUR)
"""Every check. One that does not concern a kind of member passes it."""


def check(member: Declared, sample: Sample, root: Path) -> list[str]:
    """Run every check; the messages of those that failed, none for a sound member."""
    return [problem for one in ALL if (problem := _problem(one, member, sample, root))]


def _problem(one: Check, member: Declared, sample: Sample, root: Path) -> str:
    try:
        one(member, sample, root)
    except TocsinError as error:
        return f"{one.__name__}: {error}"
    except behaved.BREAKS as error:
        return f"{one.__name__}: it breaks: {error!r}"
    return ""
