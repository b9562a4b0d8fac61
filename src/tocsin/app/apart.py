"""Wires cameras: those that run apart, one process per group, and those that see by themselves, on record."""

from collections.abc import Callable, Mapping
from typing import Any

from tocsin.app.config import MemberPlan
from tocsin.app.house import House, declared
from tocsin.contract.walk import configured, member_of
from tocsin.engine.apart import Apart, Input
from tocsin.engine.on_record import OnRecord
from tocsin.engine.setting_up import of_pictures


def runs_apart(plan: MemberPlan) -> bool:
    """Whether a source of this kind delivers what must not leave the process beside it."""
    return bool(getattr(member_of("sources", plan.kind), "apart", False))


def groups(house: House, plans: Mapping[str, MemberPlan], clock: Callable[[], float]) -> list[Apart]:
    """The groups of these inputs, not yet started; raises ConfigError for parameters that cannot work.

    They hear of changes to the set-up of cameras while they run.
    """
    by_group: dict[str, dict[str, Input]] = {}
    for name, plan in plans.items():
        parameters = {"name": name, "source": name, "origin": house.settings.origin, **plan.parameters}
        member = configured(member_of("sources", plan.kind), parameters)
        by_group.setdefault(member.group, {})[name] = Input(plan.kind, parameters)
    perceivers = _perceivers(house)
    made = [_group(house, name, inputs, perceivers, clock) for name, inputs in by_group.items()]
    for group in made:
        house.setting_up.elsewhere(group.reload)
    return made


def on_record(house: House, declared: Any) -> OnRecord:  # noqa: ANN401  # a declaration of a source
    """A source that sees people by itself, under its camera's record of processing; raises ConfigError."""
    declared.check(house.resources)
    running = OnRecord(declared.source, house.resources, declared.start)
    house.setting_up.elsewhere(running.reload)
    return running


def _group(
    house: House,
    name: str,
    inputs: Mapping[str, Input],
    perceivers: Mapping[str, Mapping[str, Any]],
    clock: Callable[[], float],
) -> Apart:
    doorway, gallery = house.flow.doorway, house.gallery
    return Apart(name, inputs, perceivers, house.resources, reach=doorway.reach, watched=gallery.watched, clock=clock)


def _perceivers(house: House) -> dict[str, Mapping[str, Any]]:
    settings = house.settings
    running = declared("perceivers", settings)
    return {kind: settings.members.get(kind, {}) for kind, one in running.items() if of_pictures(one)}
