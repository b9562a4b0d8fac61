"""A house in operation: broker, sources, engine, outbox, desk and console started together, stopped in order."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from tocsin.app.apart import groups, on_record, runs_apart
from tocsin.app.config import EMBEDDED, BrokerPlan, MemberPlan, OutletPlan, Settings
from tocsin.app.house import House, open_house, settled
from tocsin.app.inforce import changes
from tocsin.city.context import City
from tocsin.contract.protocols import RunningSource
from tocsin.contract.walk import configured, member_of
from tocsin.engine.broker import INGEST, Broker, Device, Tls
from tocsin.engine.bundler import Bundler
from tocsin.engine.desk import Desk
from tocsin.engine.embedded import Embedded
from tocsin.engine.interest import Interest
from tocsin.engine.keeping import Keeping, hours_by
from tocsin.engine.orders import Orders
from tocsin.engine.outbox import Carrier
from tocsin.engine.outlets import Outlet, open_outlet
from tocsin.engine.parent import SAPIENT, Ourselves, Papers, parent_of
from tocsin.engine.registry import Registry
from tocsin.engine.rulewatch import RuleWatch
from tocsin.engine.status import Status
from tocsin.engine.teller import Teller
from tocsin.formats.sapient import node_id
from tocsin.gate.outlet import release
from tocsin.model import Action, Delivery, Fact, Proposal
from tocsin.store.outbox import Outbox

log = structlog.get_logger()

Clock = Callable[[], float]


@dataclass(kw_only=True)
class Live:
    """Everything that runs. `stop` undoes `start` in the opposite order."""

    house: House
    engine: Embedded
    desk: Desk
    carrier: Carrier
    keeping: Keeping
    status: Status
    broker: Broker | None
    sources: Mapping[str, RunningSource]
    watch: RuleWatch
    clock: Clock

    def start(self) -> None:
        """Resume and run."""
        view = self.house.view
        self.engine.each_tick(Teller(view, self.status).tick)
        self.engine.each_tick(self.house.flow.doorway.expire)
        self.engine.each_tick(Bundler(view, self.house.log, self.house.casebook).tick)
        self.engine.each_tick(self.house.gallery.tick)
        self.engine.each_tick(Interest(view, self.sources, _source_of(self.house.settings)).tick)
        self.engine.each_tick(self.keeping.tick)
        self.engine.each_tick(lambda now: self.house.ruling.end(now, self.engine.post))
        self.engine.once_resumed(lambda: self.house.ruling.restore(self.house.graph.states_of(Registry.kind)))
        self.engine.once_resumed(self.house.setting_up.renew)
        self.engine.once_resumed(self._say_what_is_in_force)
        view.each_fact(self._automatic)
        refolded = self.engine.start()
        if refolded:
            log.info("resumed", refolded=refolded)
        self.carrier.start()
        self.watch.start()

    def stop(self) -> None:
        """Stop in order: nothing acknowledged is lost, every lease gets its second receipt."""
        self.house.view.ring.close()
        self.watch.stop()
        self.engine.stop()
        self.carrier.stop()
        self.keeping.wait()
        if self.broker is not None:
            self.broker.stop()
        self.house.close(self.clock())

    def _say_what_is_in_force(self) -> None:
        for change in changes(self.house.in_force, self.clock(), self.house.settings.origin):
            self.engine.post(change)

    def _automatic(self, fact: Fact) -> None:
        if isinstance(fact, Proposal) and fact.automatic and fact.state == "draft":
            self.desk.automatic(fact, self.clock())


def go_live(
    folder: Path,
    settings: Settings,
    city: City,
    *,
    devices: list[Device] | None = None,
    clock: Clock = time.time,
    rules: Path | None = None,
) -> Live:
    """Build a house and all that runs in it; nothing runs before `start`, except the broker.

    `rules` is the folder of the city's own rules: what changes there comes into force while it runs.
    """
    house = settled(open_house(folder, settings, city, rules=rules))
    broker = broker_of(folder / "broker", settings.broker, devices or []) if settings.broker.enabled else None
    sources = _sources(house, broker, clock)
    kinds = {name: (settings.inputs[name].kind, running) for name, running in sources.items()}
    engine = Embedded(house.flow, kinds, clock=clock)
    outbox = Outbox(house.log)
    outlets = {name: _outlet(house, plan) for name, plan in settings.outlets.items()}
    carrier = Carrier(outbox, outlets, partial(_permit, house, clock), clock, engine.post)
    watch = RuleWatch(
        house.resources.content, rules, house.reloading, post=engine.post, clock=clock, origin=settings.origin
    )
    house.rules.watch = watch
    kept_h = hours_by(house.policies, settings.retention_h)
    desk = Desk(
        view=house.view,
        engine=engine,
        ledger=house.ledger,
        policies=house.policies,
        origin=settings.origin,
        clock=clock,
        send=partial(_send, house, outbox),
        rules=house.rules,
        orders=Orders(sources),
    )
    return Live(
        house=house,
        engine=engine,
        desk=desk,
        carrier=carrier,
        keeping=Keeping(house.log, house.casebook, house.quarantine, outbox, kept_h, clips=house.gallery.clips),
        status=Status(engine, house.view, house.ledger, outbox, house.rules, (house.gallery, house.setting_up)),
        broker=broker,
        sources=sources,
        watch=watch,
        clock=clock,
    )


def broker_of(folder: Path, plan: BrokerPlan, devices: list[Device]) -> Broker:
    """The embedded broker of a plan, running."""
    tls = Tls(cert_file=plan.certificate, key_file=plan.private_key) if plan.certificate else None
    return Broker(folder, devices, host=plan.host, port=plan.port, tls=tls).start()


def _source_of(settings: Settings) -> dict[str, str]:
    """The sensor that each input delivers for, where it is one."""
    return {name: str(plan.parameters.get("source", name)) for name, plan in settings.inputs.items()}


def _permit(house: House, clock: Clock, delivery: Delivery, kind: str, *, exercise: bool = False) -> object:
    return release(house.ledger, delivery, kind, clock(), exercise=exercise)


def _send(house: House, outbox: Outbox, action: Action, now: float) -> None:
    for delivery in house.graph.act(action):
        outbox.put(delivery, now)


def _sources(house: House, broker: Broker | None, clock: Clock) -> dict[str, RunningSource]:
    """Every input connected, in the order of the settings; cameras in processes of their own."""
    plans = house.settings.inputs
    beside = {name: plan for name, plan in plans.items() if runs_apart(plan)}
    apart = {name: group.running(name) for group in groups(house, beside, clock) for name in group.start().names}
    return {name: apart[name] if name in apart else _source(house, name, plan, broker) for name, plan in plans.items()}


def _source(house: House, name: str, plan: MemberPlan, broker: Broker | None) -> RunningSource:
    member = member_of("sources", plan.kind)
    parameters = {"name": name, "origin": house.settings.origin, **plan.parameters}
    if broker is not None and parameters.get("url") == EMBEDDED:
        parameters |= _own_broker(broker, house)
    declared = configured(member, parameters)
    if getattr(member, "on_record", False):
        return on_record(house, declared)
    running: RunningSource = declared.start(house.resources, house.log.resume_point(name))
    return running


def _own_broker(broker: Broker, house: House) -> dict[str, Any]:
    """Where our own ingest session signs in; its password lies in a file that only we can read."""
    password = house.folder / "private" / "ingest.password"
    password.touch(mode=0o600)
    password.write_text(broker.credentials[INGEST], encoding="utf-8")
    ca = {"ca_file": broker.tls.cert_file} if broker.tls is not None else {}
    return {"url": broker.url, "user": INGEST, "password_file": str(password), **ca}


def _outlet(house: House, plan: OutletPlan) -> Outlet:
    secret = house.resources.secret(plan.secret) if plan.secret else ""
    folder = house.folder / plan.folder if plan.folder else None
    if plan.kind == SAPIENT:
        return _parent(house, plan)
    return open_outlet(plan.kind, folder, plan.url, secret, plan.ca_file, exercise=plan.exercise)


def _parent(house: House, plan: OutletPlan) -> Outlet:
    """The parent fusion node of a plan; it is told the city's name and the hazards that we know."""
    who = Ourselves(
        node_id=node_id(house.resources.token_key, "tocsin"),
        name=f"Tocsin, {house.city.name}",
        classes=tuple(house.resources.document("fusion/hazards.yaml")),
    )
    papers = Papers(ca_file=plan.ca_file, certificate=plan.certificate, private_key=plan.private_key)
    return parent_of(plan.url, who, papers, exercise=plan.exercise)
