"""The composition root: builds one installation from its folder and settings, without starting anything."""

import gc
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

from tocsin.app.config import Settings
from tocsin.app.inforce import in_force, together
from tocsin.city.context import City
from tocsin.contract.cards import Cards
from tocsin.contract.pseudonyms import token_under
from tocsin.contract.resources import Resources, content_folder
from tocsin.contract.ruletexts import RuleTexts
from tocsin.contract.walk import configured, members, start
from tocsin.engine.doorway import Doorway, admission_by
from tocsin.engine.flow import Flow
from tocsin.engine.gallery import Gallery
from tocsin.engine.graph import Graph, Node, node
from tocsin.engine.inforce import InForce, RulesSince
from tocsin.engine.naming import Naming
from tocsin.engine.registry import Registry, Ruling
from tocsin.engine.reloading import RULES, Reloading
from tocsin.engine.ring import Ring
from tocsin.engine.rules import Rules
from tocsin.engine.seats import Seats
from tocsin.engine.setting_up import SettingUp, of_pictures
from tocsin.engine.unmasking import Unmasking
from tocsin.engine.view import View
from tocsin.gate.keys import KeyRing
from tocsin.gate.ledger import Ledger
from tocsin.gate.policy import Policies
from tocsin.model import ConfigError
from tocsin.store.casebook import Casebook
from tocsin.store.clips import Clips
from tocsin.store.limits import LogLimits
from tocsin.store.log import EventLog
from tocsin.store.quarantine import Quarantine
from tocsin.store.snapshots import Snapshots

SKEW_S_MAX = 300.0
"""How far ahead of our clock a reading may be dated before it is quarantined."""

GROUPS = {"detectors": "detector", "fusion": "fusion", "responders": "responder"}
"""The packages whose members are stages, and their group in the graph."""


@dataclass(frozen=True, kw_only=True)
class House:
    """Everything of one installation that outlives a request; `close` gives files back."""

    folder: Path
    settings: Settings
    city: City
    resources: Resources
    log: EventLog
    ledger: Ledger
    policies: Policies
    casebook: Casebook
    quarantine: Quarantine
    seats: Seats
    view: View
    graph: Graph
    ruling: Ruling
    flow: Flow
    in_force: dict[str, str]
    reloading: Reloading
    rules: Rules
    gallery: Gallery
    setting_up: SettingUp

    def close(self, now: float) -> None:
        """End the leases with their receipts and close log and ledger."""
        self.flow.doorway.close(now)
        self.log.close()
        self.ledger.close()


def open_house(
    folder: Path,
    settings: Settings,
    city: City,
    *,
    recorded: bool = False,
    pictures: bool = False,
    rules: Path | RuleTexts | None = None,
) -> House:
    """Open the stores of a folder (made where absent) and build the flow over them.

    `rules` is the folder of the city's own rules, where it has one, or all texts that shall be in
    force. `recorded` input has no clock that it could be ahead of, and is delivered by one hand that
    waits for each commit: nothing is gained by gathering. With `pictures` the perceivers of pictures run in
    this process too, as for recorded clips; else they run beside their cameras alone.
    """
    stores = _stores(folder, settings, city, recorded=recorded)
    texts = rules if isinstance(rules, RuleTexts) else RuleTexts.read(content_folder(), rules)
    texts.keep(folder)
    parts = in_force(city, stores.policies, settings, content_folder(), texts)
    resources = _resources(folder, city, texts, parts)
    seats = Seats(city, newcomers=settings.newcomers)
    view = View(city, seats, stores.casebook, Ring(first=stores.log.last_pos + 1))
    graph = Graph(_nodes(settings, resources), Cards.load(content_folder() / "cards"))
    perceivers = _perceivers(settings, pictures=pictures)
    doorway = Doorway(
        seats,
        [start(one, resources) for one in perceivers],
        admission_by(stores.policies, stores.ledger),
        skew_s_max=float("inf") if recorded else SKEW_S_MAX,
    )
    reloading = Reloading(
        graph, doorway, perceivers=perceivers, resources=resources, resources_of=partial(_with_rules, resources, parts)
    )
    gallery = Gallery(stores.clips, stores.ledger, seats, lambda: view.city)
    flow = Flow(
        doorway=doorway,
        graph=graph,
        log=stores.log,
        snapshots=Snapshots(stores.log),
        quarantine=stores.quarantine,
        told=(view, gallery),
        origin=settings.origin,
        reloading=reloading,
    )
    flow.show(gallery.show)
    return House(
        folder=folder,
        settings=settings,
        city=city,
        resources=resources,
        log=stores.log,
        ledger=stores.ledger,
        policies=stores.policies,
        casebook=stores.casebook,
        quarantine=stores.quarantine,
        seats=seats,
        view=view,
        graph=graph,
        ruling=_ruling(seats, view, settings),
        flow=flow,
        in_force=parts,
        reloading=reloading,
        rules=Rules(graph, reloading),
        gallery=gallery,
        setting_up=_setting_up(graph, view, reloading),
    )


@dataclass(frozen=True, kw_only=True)
class _Stores:
    """What lies on the disk of one installation, opened."""

    log: EventLog
    ledger: Ledger
    policies: Policies
    casebook: Casebook
    quarantine: Quarantine
    clips: Clips


def _stores(folder: Path, settings: Settings, city: City, *, recorded: bool) -> _Stores:
    private = folder / "private"
    private.mkdir(parents=True, exist_ok=True, mode=0o700)
    keys = KeyRing.open(private / "keys")
    log = EventLog.open(folder / "log", keys, limits=LogLimits(batch_wait_s_max=0.0) if recorded else None)
    return _Stores(
        log=log,
        ledger=Ledger.open(folder / "ledger", private / "ledger", origin=_ledger_origin(city)),
        policies=Policies.load(content_folder() / "policies", *(Path(name) for name in settings.policies)),
        casebook=Casebook(log),
        quarantine=Quarantine(log),
        clips=Clips.open(folder / "clips", keys),
    )


def _perceivers(settings: Settings, *, pictures: bool) -> tuple[Any, ...]:
    """The perceivers that run in this process: those of pictures only where clips are replayed here."""
    found = declared("perceivers", settings).values()
    return tuple(one for one in found if pictures or not of_pictures(one))


def _ruling(seats: Seats, view: View, settings: Settings) -> Ruling:
    """What is decided about sources takes effect as it is told."""
    ruling = Ruling(seats, view, settings.origin)
    view.each_fact(ruling.hear)
    return ruling


def _setting_up(graph: Graph, view: View, reloading: Reloading) -> SettingUp:
    """What reads cameras starts anew after that: it must hear of it later."""
    setting_up = SettingUp(graph, view, lambda: reloading.resources)
    view.each_fact(setting_up.hear)
    return setting_up


def naming_of(house: House, clock: Callable[[], float]) -> Naming:
    """What reveals a name of this house: under its key, its policies, with receipts in its ledger."""
    token_of = partial(token_under, house.resources.token_key)
    return Naming(house.ledger, house.policies, token_of, clock, origin=house.settings.origin)


def unmasking_of(house: House, clock: Callable[[], float]) -> Unmasking:
    """What opens a clear view of a camera of this house, after another's approval."""
    return Unmasking(house.ledger, house.policies, house.flow.doorway, clock, house.settings.origin)


def settled(house: House) -> House:
    """The same house, with all that it is made of left out of the garbage collector's later rounds.

    Compiled rules are millions of objects that live as long as the process: looking through them
    again and again costs more than the readings do.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    return house


def _resources(folder: Path, city: City, texts: RuleTexts, parts: Mapping[str, str]) -> Resources:
    private = folder / "private"
    return Resources(
        city=city,
        rules=texts,
        folder=folder,
        in_force=together(parts),
        token_key=_token_key(private),
        secrets=_secrets(private),
    )


def _with_rules(resources: Resources, parts: Mapping[str, str], texts: RuleTexts) -> Resources:
    """The same resources with other rules in force."""
    return replace(resources, rules=texts, in_force=together({**parts, RULES: texts.digest}))


def declared(package: str, settings: Settings) -> dict[str, Any]:
    """The members of a package that shall run, by kind, with their configured parameters."""
    found = {}
    for member in members(package):
        kind = cast("Any", member).kind
        if kind not in settings.off:
            found[kind] = configured(member, settings.members.get(kind, {}))
    return found


def check_members(settings: Settings) -> None:
    """Raise ConfigError where the settings name a member that does not exist."""
    known = {cast("Any", m).kind for package in (*GROUPS, "perceivers") for m in members(package)}
    for name in (*settings.members, *settings.off):
        if name not in known:
            message = f"No member {name!r}: there are {', '.join(sorted(known))}."
            raise ConfigError(message)


def _nodes(settings: Settings, resources: Resources) -> list[Node]:
    check_members(settings)
    own = [node(one.kind, one, "detector", resources) for one in (Registry(), InForce(), RulesSince())]
    return own + [
        node(kind, member, group, resources)
        for package, group in GROUPS.items()
        for kind, member in declared(package, settings).items()
    ]


def _ledger_origin(city: City) -> str:
    words = "".join(letter if letter.isalnum() else "-" for letter in city.name.lower())
    return f"tocsin/{words}"


def _token_key(private: Path) -> bytes:
    """The key of pseudonyms: made once, never leaves the machine."""
    path = private / "tokens.key"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_bytes(secrets.token_bytes(32))
    return path.read_bytes()


def _secrets(private: Path) -> Mapping[str, str]:
    """Named secrets, one file each under private/secrets."""
    folder = private / "secrets"
    return {path.name: path.read_text(encoding="utf-8").strip() for path in folder.glob("*")} if folder.is_dir() else {}
