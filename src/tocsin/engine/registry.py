"""What people decided about sources, as a fold: it survives a restart, and a deadline ends it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import msgspec
from msgspec import Struct

from tocsin.city.cameras import Camera, check_camera
from tocsin.contract.protocols import Key
from tocsin.engine.seats import Seats
from tocsin.engine.view import View
from tocsin.model import BadInput, ConfigError, Decision, Fact, Level, Origin, SourceState, derived_id

STATES = {
    "accept": SourceState.IN_SERVICE,
    "in-service": SourceState.IN_SERVICE,
    "test": SourceState.TEST,
    "maintenance": SourceState.MAINTENANCE,
}
"""The state into which a decision puts a source."""

AIM, SET_UP = "aim", "set-up"
FORBID, ALLOW = "forbid", "allow"
"""A place's analytics, switched off or on again: the target is `place:` and the id of its record of processing."""

PLACE = "place:"
NAME = "engine.registry"


class Aim(Struct, frozen=True, kw_only=True):
    """Where a person pointed a camera: bearing (0 is north) and field of view in degrees."""

    bearing_deg: float
    field_deg: float


class Standing(Struct, kw_only=True):
    """The newest decisions about one source, or about the analytics of one place."""

    state: SourceState | None = None
    until: float | None = None
    aim: Aim | None = None
    camera: Camera | None = None
    switched: dict[str, bool] = {}


@dataclass(frozen=True, kw_only=True)
class Registry:
    """Remembers the newest state, aim and set-up of every source that somebody decided about, and what runs where.

    >>> fact = Decision(at=1.0, origin=Origin.LIVE, id="d", verb="test", target="gas-1", by="anna", until=60.0)
    >>> Registry().step(None, fact)[0].state
    <SourceState.TEST: 'test'>
    """

    kind: ClassVar[str] = NAME
    needs: ClassVar[Level] = Level.AMBIENT
    accepts: ClassVar[tuple[type, ...]] = (Decision,)
    key: ClassVar[Key] = Key("target", lambda fact: str(fact.target))

    def step(self, state: Standing | None, fact: Decision) -> tuple[Standing, Sequence[Fact]]:
        """Take one decision; those about incidents and proposals change nothing."""
        standing = state if state is not None else Standing()
        if fact.verb in STATES:
            standing.state, standing.until = STATES[fact.verb], fact.until
        elif fact.verb == AIM:
            standing.aim = aim_of(fact.text)
        elif fact.verb == SET_UP:
            standing.camera = camera_of(fact.text)
        elif fact.verb in (FORBID, ALLOW):
            standing.switched[fact.text] = fact.verb == ALLOW
        return standing, ()


def camera_of(text: str) -> Camera:
    """The set-up of a camera in a decision's text; raises BadInput saying which part of it is wrong."""
    try:
        camera = msgspec.json.decode(text, type=Camera)
        check_camera(camera, "The set-up")
    except msgspec.MsgspecError as error:
        raise BadInput(f"This is no set-up of a camera: {error}.") from error
    except ConfigError as error:
        raise BadInput(str(error)) from error
    return camera


def aim_of(text: str) -> Aim:
    """The aim in a decision's text; raises BadInput where it is none.

    >>> aim_of('{"bearing_deg": 370, "field_deg": 60}').bearing_deg
    370.0
    """
    try:
        return msgspec.json.decode(text, type=Aim)
    except msgspec.MsgspecError as error:
        message = f"An aim is bearing_deg and field_deg: {error}."
        raise BadInput(message) from error


class Ruling:
    """Applies what was decided about sources to their seats and to the view."""

    def __init__(self, seats: Seats, view: View, origin: Origin) -> None:
        self._seats = seats
        self._view = view
        self._origin = origin

    def restore(self, standings: Mapping[str, Standing]) -> None:
        """Put back what was decided before a restart."""
        for source, standing in standings.items():
            self._apply(source, standing)

    def hear(self, fact: Fact) -> None:
        """Apply a decision as it is folded."""
        if isinstance(fact, Decision) and (fact.verb in STATES or fact.verb in (AIM, SET_UP, FORBID, ALLOW)):
            standing, _ = Registry().step(None, fact)
            self._apply(fact.target, standing)

    def end(self, now: float, post: Callable[[Fact], None]) -> None:
        """Bring sources back whose test or maintenance is over: that, too, is a decision in the log."""
        for source in self._seats.expired(now):
            self._seats.set_state(source, SourceState.IN_SERVICE)
            post(
                Decision(
                    at=now,
                    origin=self._origin,
                    id=derived_id("dec", "until", source, now),
                    verb="in-service",
                    target=source,
                    by="policy:until",
                    text="The time that was set for it is over.",
                )
            )

    def _apply(self, source: str, standing: Standing) -> None:
        if standing.state is not None:
            self._seats.set_state(source, standing.state, standing.until)
        if standing.aim is not None:
            self._view.aim(source, standing.aim.bearing_deg, standing.aim.field_deg)
        if standing.camera is not None:
            self._view.set_up(source, standing.camera)
        for kind, allowed in standing.switched.items():
            self._view.switch(source.removeprefix(PLACE), kind, allowed=allowed)
