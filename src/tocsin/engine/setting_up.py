"""Changes to cameras and places come into force: the stages and perceivers that read them start anew there."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import structlog

from tocsin.city.context import City
from tocsin.contract.pictures import Frame, Scene
from tocsin.contract.resources import Resources
from tocsin.contract.walk import start
from tocsin.engine.graph import Graph
from tocsin.engine.registry import AIM, ALLOW, FORBID, SET_UP
from tocsin.engine.view import View
from tocsin.model import Decision, Fact, TocsinError

log = structlog.get_logger()

CHANGING = (AIM, SET_UP, FORBID, ALLOW)
"""Decisions after which cameras are something else than before."""


def of_pictures(member: Any) -> bool:  # noqa: ANN401  # members of every kind
    """Whether a perceiver takes pictures: it then runs beside the cameras and nowhere else."""
    return any(body in (Frame, Scene) for body in getattr(member, "accepts", ()))


def about_cameras(member: Any) -> bool:  # noqa: ANN401  # members of every kind
    """Whether a stage reads the set-up of cameras: those that can be switched on and off for each."""
    return hasattr(member, "on_by_default")


class SettingUp:
    """Hears decisions in the engine's thread, and starts anew what reads cameras, with the city as it is then.

    `resources` gives those in force without the change; `elsewhere` is told of the new city, for perceivers
    in other processes.
    """

    def __init__(self, graph: Graph, view: View, resources: Callable[[], Resources]) -> None:
        self.problem = ""
        self._graph = graph
        self._view = view
        self._resources = resources
        self._elsewhere: list[Callable[[City], None]] = []

    def elsewhere(self, tell: Callable[[City], None]) -> None:
        """Have one more be told of the new city."""
        self._elsewhere.append(tell)

    def hear(self, fact: Fact) -> None:
        """Start anew what reads cameras after a decision about one."""
        if isinstance(fact, Decision) and fact.verb in CHANGING:
            self.renew()

    def renew(self) -> None:
        """Put the city of now in force; where a stage cannot start with it, all stay as they were."""
        resources = replace(self._resources(), city=self._view.city)
        try:
            stages = {
                node.name: start(node.member, resources) for node in self._graph.nodes if about_cameras(node.member)
            }
        except TocsinError as error:
            self.problem = f"A change to a camera is not in force: {error}"
            log.warning("cameras not set up", code=error.code)
            return
        self._graph.restart(stages)
        self.problem = ""
        for tell in self._elsewhere:
            tell(self._view.city)
