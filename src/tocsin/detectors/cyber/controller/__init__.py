"""Commands to controllers that are never routine, or that come from whom, or as what, they never came before."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from msgspec import Meta

from tocsin.contract.bodies import LogEvents
from tocsin.contract.network import bounded, evidence_of, number, touched
from tocsin.contract.protocols import by_source
from tocsin.contract.resources import Resources
from tocsin.detectors.cyber.controller.commands import Command, Services
from tocsin.detectors.cyber.controller.sessions import Habit, Plant, Session, clusters
from tocsin.model import Finding, Level, Observation, Origin, Tick, derived_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Controller:
    """Name what a client does to a controller: lock, download, upload, stop, protocol change, unusual write.

    What each command does stands in `content/network/controller_services.yaml`. Deeds that are never
    routine are told at once; routine ones (writes) only when a client, or this command of it, is new
    to the controller after the learning period. Lesser deeds of one session are told as part of the
    greatest.

    >>> from tocsin.contract.examples import START_AT, seen
    >>> from tocsin.contract.folding import findings
    >>> ends = {"id.orig_h": "10.0.0.9", "id.resp_h": "10.0.0.2"}
    >>> row = {"log": "s7comm", "at": START_AT, "function_code": "0x29", **ends}
    >>> stop = seen(LogEvents(format="zeek", offsets=(0,), rows=(row,)))
    >>> findings(Controller(), [stop, Tick(at=START_AT + 30, origin=Origin.SIMULATED)])[0].because
    'Stop PLC attempt: 10.0.0.9 on controller 10.0.0.2 over S7comm (plc stop).'
    """

    kind: ClassVar[str] = "cyber.controller"
    needs: ClassVar[Level] = Level.ANONYMOUS
    accepts: ClassVar[tuple[type, ...]] = (LogEvents,)
    key: ClassVar = by_source
    sees: ClassVar[tuple[str, ...]] = ()
    default_nats: ClassVar[dict[str, float]] = {
        "other": 0.5,
        "write": 1.5,
        "configure": 1.0,
        "operate": 1.5,
        "upload": 2.0,
        "start": 2.0,
        "unlock": 2.0,
        "lock": 2.5,
        "mode": 2.5,
        "delete": 2.5,
        "suppress": 2.5,
        "network-change": 2.5,
        "restart": 2.5,
        "stop": 3.0,
        "download": 3.0,
        "protocol-change": 3.0,
        "firmware": 3.0,
    }

    learn_s: Annotated[float, Meta(description="How long a controller's routine is learnt, seconds.", ge=0)] = 86_400.0
    accept_s: Annotated[
        float, Meta(description="After so long an unusual command that goes on is routine, seconds.", ge=0)
    ] = 604_800.0
    settle_s: Annotated[
        float, Meta(description="How long a deed waits for the greater one that it may belong to, seconds.", ge=0)
    ] = 15.0
    cover_s: Annotated[
        float, Meta(description="How far around a deed the lesser ones are part of it, seconds.", gt=0)
    ] = 300.0
    window_s: Annotated[float, Meta(description="Longest session told as one, seconds.", gt=0)] = 3_600.0
    controllers_max: Annotated[int, Meta(description="Most controllers remembered per log.", ge=1)] = 256
    usual_max: Annotated[int, Meta(description="Most routine commands remembered per controller.", ge=1)] = 64
    sessions_max: Annotated[int, Meta(description="Most sessions followed at a time.", ge=1)] = 48
    evidence_max: Annotated[int, Meta(description="Most rows cited per deed and finding.", ge=1)] = 32

    def start(self, resources: Resources) -> "RunningController":
        """Read the table of commands; raises ConfigError where it is broken."""
        return RunningController(self, Services.load(resources))


class RunningController:
    """The detector at work, with its table."""

    def __init__(self, says: Controller, services: Services) -> None:
        self.says = says
        self._services = services
        self._many = services.many()

    def step(self, state: Plant | None, fact: Observation[LogEvents] | Tick) -> tuple[Plant, list[Finding]]:
        """Take in the commands of a batch; tell the sessions whose deeds have settled."""
        plant = Plant() if state is None else state
        if isinstance(fact, Tick):
            return plant, self._settled(plant, fact.at, fact.origin)
        plant.source, plant.place = fact.source, fact.place
        found = self._commanded(plant, fact)
        found += self._settled(plant, fact.at, fact.origin)
        bounded(plant.habits, self.says.controllers_max)
        return plant, found

    def _commanded(self, plant: Plant, fact: Observation[LogEvents]) -> list[Finding]:
        """What the commands of a batch bring to an end."""
        found: list[Finding] = []
        for index, row in enumerate(fact.body.rows):
            command = self._services.command(fact.body.format, row, number(row.get("at"), fact.at))
            if command is not None and self._is_news(plant, command):
                found += self._noted(plant, command, evidence_of(fact, index), fact.origin)
        return found

    def wake_at(self, state: Plant) -> float | None:
        """When the next session settles."""
        waiting = [one.fresh_since for one in state.sessions.values() if one.fresh_since is not None]
        return min(waiting) + self.says.settle_s if waiting else None

    def _is_news(self, plant: Plant, command: Command) -> bool:
        """Whether to note this command; what is routine is learnt instead."""
        deed = self._services.deeds[command.deed]
        habit = touched(plant.habits, command.controller) or Habit(since=command.at)
        plant.habits[command.controller] = habit
        if not deed.routine or (deed.quiet and (deed.covers or command.code in self._many)):
            return True
        if deed.quiet:
            return False
        name = f"{command.client} {command.protocol} {command.code}"
        learning = command.at < habit.since + self.says.learn_s
        usual_from = touched(habit.usual, name)
        if usual_from is None:
            usual_from = command.at if learning else command.at + self.says.accept_s
            habit.usual[name] = usual_from
            bounded(habit.usual, self.says.usual_max)
        return not learning and command.at < usual_from

    def _noted(self, plant: Plant, command: Command, evidence: str, origin: Origin) -> list[Finding]:
        """Add a command to its session, after what of it had settled before was told."""
        name = f"{command.client} {command.controller}"
        session = touched(plant.sessions, name)
        found = [] if session is None else self._before(plant, session, command.at, origin)
        if session is None or session.is_over(command.at, self.says.cover_s, self.says.window_s):
            session = Session(client=command.client, controller=command.controller, since=command.at, last=command.at)
            plant.sessions[name] = session
        deeds = [command.deed, *self._reached(session, command)]
        for deed in deeds:
            session.note(deed, command, evidence, self.says.evidence_max, quiet=self._services.deeds[deed].quiet)
        return found + self._crowded_out(plant, origin)

    def _before(self, plant: Plant, session: Session, at: float, origin: Origin) -> list[Finding]:
        """What a session tells before a command at that time: what has settled, and all where it is over."""
        ripe = session.is_ripe(at, self.says.settle_s)
        over = session.is_over(at, self.says.cover_s, self.says.window_s)
        return self._told(plant, session, origin) if ripe or over else []

    def _reached(self, session: Session, command: Command) -> list[str]:
        """The deed that many commands of one code together are, once they are that many."""
        many = self._many.get(command.code)
        if many is None:
            return []
        return [many.deed] if session.distinct(command, many.at_least) >= many.at_least else []

    def _crowded_out(self, plant: Plant, origin: Origin) -> list[Finding]:
        found: list[Finding] = []
        while len(plant.sessions) > self.says.sessions_max:
            found += self._told(plant, plant.sessions.pop(next(iter(plant.sessions))), origin)
        return found

    def _settled(self, plant: Plant, at: float, origin: Origin) -> list[Finding]:
        """Tell every session whose deeds are settled by then; forget those that are over."""
        found: list[Finding] = []
        for name, session in list(plant.sessions.items()):
            if session.is_ripe(at, self.says.settle_s):
                found += self._told(plant, session, origin)
            if session.fresh_since is None and session.is_over(at, self.says.cover_s, self.says.window_s):
                del plant.sessions[name]
        return found

    def _told(self, plant: Plant, session: Session, origin: Origin) -> list[Finding]:
        """One finding per greatest deed of the session that has new evidence, lesser ones within it."""
        found = [
            self._finding(plant, session, deed, parts, origin)
            for deed, parts in clusters(session, self._services.deeds, self.says.cover_s).items()
            if not self._services.deeds[deed].quiet and any(session.deeds[one].fresh for one in (deed, *parts))
        ]
        session.rest()
        return found

    def _finding(self, plant: Plant, session: Session, deed: str, parts: list[str], origin: Origin) -> Finding:
        kind, done = self.says.kind, session.deeds[deed]
        meant = self._services.deeds[deed]
        fresh = [evidence for one in (deed, *parts) for evidence in session.deeds[one].fresh]
        return Finding(
            id=derived_id("f", kind, plant.source, session.client, session.controller, deed, session.since),
            at=max(session.deeds[one].last for one in (deed, *parts)),
            origin=origin,
            kind=kind,
            subject=session.controller,
            because=self._because(session, deed, parts),
            evidence=tuple(dict.fromkeys(fresh)),
            source=plant.source,
            detector=kind,
            grade=deed,
            place=plant.place,
            actors=(session.client,),
            targets=(session.controller,),
            since=min(session.deeds[one].since for one in (deed, *parts)),
            measure=float(done.count),
            unit="commands",
            tactic=meant.tactic,
            technique=meant.technique,
        )

    def _because(self, session: Session, deed: str, parts: list[str]) -> str:
        done, meant = session.deeds[deed], self._services.deeds[deed]
        what = f"{meant.says}: {session.client} on controller {session.controller} over {done.protocol}"
        times = f", {done.count} commands" if done.count > 1 else ""
        never = " never seen there before" if meant.routine else ""
        said = [part for part in parts if not self._services.deeds[part].quiet]
        within = f"; within it {', '.join(said)}" if said else ""
        return f"{what} ({done.spoken}{times}){never}{within}."
