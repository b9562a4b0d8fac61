"""A screening lane of a third party: a body of its own with what makes it a look at an item."""

import json
from typing import ClassVar

from tocsin.model import Body, Level


class Portal(Body, frozen=True, tag="screening.trial-portal/1"):
    """What a portal of the tests says."""

    level: ClassVar[Level] = Level.AMBIENT
    alarm: bool
    item: str = ""
    look: int = 1


def lines(source, at, *said) -> str:
    """What a portal said, as it is posted."""
    rows = [
        {"source": source, "t": at, "n": n, "boot": "lane", "body": {"is": "screening.trial-portal/1", **one}}
        for n, one in enumerate(said)
    ]
    return "".join(f"{json.dumps(row)}\n" for row in rows)


ITEMS = [{"alarm": number < 3, "item": str(number)} for number in range(100)]
AGAIN = [{"alarm": number == 2, "item": str(number), "look": 2} for number in range(3)]
DAY = (*ITEMS, *AGAIN)
"""100 items, three alarms: by the second look two were nothing, one was right."""
