"""The score of a hypothesis: a prior and contributions in nats that add up exactly (`math.fsum`)."""

from collections.abc import Callable, Iterable, Sequence
from math import exp, fsum, inf, log

from tocsin.fusion.state import Hypothesis
from tocsin.fusion.tables import Hazard
from tocsin.model import Basis, Contribution, Finding, Weight

Doubt = Callable[[str], tuple[float, str]]
"""Source → (factor on its evidence 0..1, why); factor 1 and an empty reason where nothing speaks against it."""

NO_NATS = 5e-4
"""A contribution smaller than this is not shown and not counted: it could not change a decision."""


def log_odds(parts: Iterable[Contribution]) -> float:
    """The exact sum of the contributions; their order does not matter."""
    return fsum(part.nats for part in parts)


def probability(nats: float) -> float:
    """Log odds as a number from 0 to 1.

    >>> probability(0.0)
    0.5
    """
    return 1.0 / (1.0 + exp(-max(-700.0, min(700.0, nats))))


def prior(hypothesis: Hypothesis, hazard: Hazard) -> Contribution:
    """What is believed before any evidence."""
    nats = hazard.prior_of(hypothesis.held.values())
    weight = Weight(nats=nats, basis=Basis.DEFAULT, text="assumed base rate, not calibrated")
    return Contribution(
        id=f"prior:{hypothesis.id}",
        role="prior",
        because=f"Such an event ({hazard.name}) is rare at any one place and time.",
        nats=nats,
        weight=weight,
        at=hypothesis.since,
    )


def faded(nats: float, finding: Finding, hazard: Hazard, now: float) -> float:
    """What is left of a weight that has not been renewed for longer than the hazard's hold time."""
    idle_s = now - finding.at - hazard.hold_s
    return nats if idle_s <= 0 else nats * 0.5 ** (idle_s / hazard.half_life_s)


def supporting(hypothesis: Hypothesis, hazard: Hazard, now: float, doubt: Doubt) -> list[Contribution]:
    """The findings, widest first; within one detector they add up to no more than the cap.

    In a campaign a detector (one rule of it, where rules are named) counts once per tactic: different steps of an
    attack add up, a step that is repeated does not.
    """
    spent: dict[str, float] = {}
    steps: set[tuple[str, str, str]] = set()
    parts: list[Contribution] = []
    for finding in sorted(hypothesis.held.values(), key=lambda held: (-held.weight.nats, held.id)):
        step = (finding.detector, finding.tactic, finding.rule)
        repeated = hazard.campaign and bool(finding.tactic) and step in steps
        steps.add(step)
        pool, _ = hazard.cap_of(finding)
        part = _one(finding, hazard, now, doubt, inf if repeated else spent.get(pool, 0.0))
        spent[pool] = spent.get(pool, 0.0) + max(0.0, part.nats)
        parts.append(part)
    return parts


def _one(finding: Finding, hazard: Hazard, now: float, doubt: Doubt, spent: float) -> Contribution:
    notes: list[str] = []
    nats = faded(finding.weight.nats, finding, hazard, now)
    if nats < finding.weight.nats:
        notes.append(f"not renewed for {now - finding.at:.0f} s")
    factor, why = doubt(finding.source)
    if why:
        notes.append(why)
    nats *= factor
    _, cap = hazard.cap_of(finding)
    if nats > cap - spent:
        told = f"capped: all such findings count {cap:g} nats at most"
        notes.append(f"repeats {finding.tactic}: a step counts once" if spent == inf else told)
        nats = max(0.0, cap - spent)
    return Contribution(
        id=finding.id,
        role="for" if nats >= 0 else "against",
        because=finding.because,
        nats=nats,
        weight=finding.weight,
        at=finding.at,
        source=finding.source,
        detector=finding.detector,
        note="; ".join(notes),
        evidence=finding.evidence,
        rule=finding.rule,
        tactic=finding.tactic,
        technique=finding.technique,
        extents=finding.extents,
        figures=finding.figures,
    )


def opposing(
    hypothesis: Hypothesis, unmoved: Sequence[tuple[str, str, float]], hazard: Hazard, at: float
) -> list[Contribution]:
    """Healthy sensors that should have seen it and did not: (source, name, probability), most telling first.

    All of them together count no more than the hazard's `against_cap_nats`: a plume goes one way.
    """
    room = hazard.against_cap_nats
    parts: list[Contribution] = []
    for source, name, p_detect in sorted(unmoved, key=lambda row: (-row[2], row[0])):
        weight = -log(1.0 - min(p_detect, 0.99))
        nats = min(weight, room)
        if nats < NO_NATS:
            break
        room -= nats
        parts.append(
            Contribution(
                id=f"unmoved:{source}:{hypothesis.id}",
                role="against",
                because=f"{name} would see it with probability {p_detect:.0%} and reports nothing unusual.",
                nats=-nats,
                weight=Weight(nats=-weight, basis=Basis.DEFAULT, text="detection probability from the sensor's entry"),
                at=at,
                source=source,
                note="" if nats == weight else "capped: silence of neighbours counts so much at most",
            )
        )
    return parts
