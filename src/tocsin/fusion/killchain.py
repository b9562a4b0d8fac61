"""How far an attack has come: the steps that findings show, in the order of time, and in words."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from tocsin.fusion.place import began
from tocsin.fusion.state import Hypothesis
from tocsin.fusion.tables import Attack, Hazard
from tocsin.model import Finding, Reached


def steps_of(hypothesis: Hypothesis, hazard: Hazard, attack: Attack) -> tuple[Reached, ...]:
    """Each tactic that was seen, once, with when it was first seen; mere events are no steps."""
    telling = [one for one in hypothesis.held.values() if not hazard.is_event(one)]
    known = {tactic for one in telling if attack.depth(tactic := attack.tactic_of(one)) >= 0}
    steps = [_step(tactic, [one for one in telling if attack.tactic_of(one) == tactic], attack) for tactic in known]
    return tuple(sorted(steps, key=lambda step: (step.since, attack.depth(step.tactic))))


def _step(tactic: str, findings: Iterable[Finding], attack: Attack) -> Reached:
    own = list(findings)
    return Reached(
        tactic=tactic,
        name=attack.tactics[tactic],
        since=min(map(began, own)),
        techniques=tuple(sorted({one.technique for one in own if one.technique})),
    )


def furthest(steps: Sequence[Reached], attack: Attack) -> Reached | None:
    """The step that stands furthest along the kill chain."""
    return max(steps, key=lambda step: attack.depth(step.tactic), default=None)


def course(steps: Sequence[Reached]) -> str:
    """The steps in words, with the time of day (UTC) and the date where it changes; empty for fewer than two.

    >>> one = Reached(tactic="discovery", name="discovery", since=36_000.0)
    >>> course([one, Reached(tactic="lateral-movement", name="lateral movement", since=37_000.0)])
    'Steps so far: discovery (1970-01-01 10:00), lateral movement (10:16 UTC).'
    """
    if len(steps) < 2:
        return ""
    told, day = [], ""
    for step in steps:
        date, _, time = datetime.fromtimestamp(step.since, UTC).strftime("%Y-%m-%d %H:%M").partition(" ")
        told.append(f"{step.name} ({time if date == day else f'{date} {time}'})")
        day = date
    return f"Steps so far: {', '.join(told)[:-1]} UTC)."
