"""Waiting for room: what must not be lost is offered again until it is taken."""

import threading
from collections.abc import Callable
from typing import TypeVar

from tocsin.model import TooMuch

T = TypeVar("T")

PAUSE_S_MAX = 0.2
"""Longest pause between two offers."""

_pause = threading.Event()


def patiently(call: Callable[[], T], stopping: Callable[[], bool] = lambda: False) -> T | None:
    """The answer of `call`, asked again while it says TooMuch; None when stopped before it was taken.

    The caller is held back meanwhile: that is the back-pressure.
    """
    while not stopping():
        try:
            return call()
        except TooMuch as error:
            _pause.wait(min(error.retry_after_s, PAUSE_S_MAX))
    return None
