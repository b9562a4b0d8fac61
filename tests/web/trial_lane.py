"""A screening lane of a third party: its body, registered as a passage."""

import json
from typing import ClassVar

from tocsin.contract.screening_lanes import Passage, passage_of
from tocsin.model import Body, Level


class Portal(Body, frozen=True, tag="screening.trial-portal/1"):
    """What a portal of the tests says."""

    level: ClassVar[Level] = Level.AMBIENT
    alarm: bool | None = None
    second_look: str = ""
    count: int = 1


@passage_of.register
def _(body: Portal) -> Passage:
    return Passage(alarm=body.alarm, second_look=body.second_look, count=body.count)


def lines(source, at, *said) -> str:
    """What a portal said, each a second after the one before, as it is posted."""
    rows = [
        {
            "source": source,
            "t": at + n,
            "n": int(at * 1000) + n,
            "boot": "lane",
            "body": {"is": "screening.trial-portal/1", **one},
        }
        for n, one in enumerate(said)
    ]
    return "".join(f"{json.dumps(row)}\n" for row in rows)


DAY = (
    {"alarm": False, "count": 497},
    *[{"alarm": True}] * 3,
    {"second_look": "clear"},
    {"second_look": "clear"},
    {"second_look": "found"},
)
"""500 people, three alarms: two were nothing, one was right."""
