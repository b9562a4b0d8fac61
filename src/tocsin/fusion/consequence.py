"""How soon somebody must act: probability times consequence for people and for what depends on the thing."""

from tocsin.city.context import City
from tocsin.fusion.score import probability
from tocsin.fusion.state import Hypothesis
from tocsin.fusion.tables import Hazard
from tocsin.model import Priority

SEVERITY = {"info": 0, "nuisance": 1, "harm": 2, "life": 3}
"""How bad a grade is for people, as named in the hazard table."""

NEAR_M = 150.0
"""Who is this near is near."""

LIKELY = 0.5

BY_SEVERITY = {
    3: (Priority.LIFE, Priority.HIGH),
    2: (Priority.HIGH, Priority.MEDIUM),
    1: (Priority.MEDIUM, Priority.LOW),
    0: (Priority.LOW, Priority.LOW),
}
"""Severity: priority where it is likely and has consequences, and else."""


def priority_of(hypothesis: Hypothesis, hazard: Hazard, city: City | None, at: float) -> Priority:
    """The priority of one hypothesis. A finding of danger to life is never ranked lower by doubt."""
    held = hypothesis.held.values()
    if danger_now(hypothesis, hazard, at):
        return Priority.LIFE
    worst = max((SEVERITY[hazard.severity_of(finding)] for finding in held), default=0)
    likely, otherwise = BY_SEVERITY[worst]
    if probability(hypothesis.log_odds) < LIKELY:
        return otherwise
    return likely if matters(hypothesis, hazard, city, at) else otherwise


def danger_now(hypothesis: Hypothesis, hazard: Hazard, at: float) -> bool:
    """Whether a raw priority 0 is being renewed: it is shown as such, however doubtful its sensor."""
    return any(finding.life and at - finding.at <= hazard.hold_s for finding in hypothesis.held.values())


def matters(hypothesis: Hypothesis, hazard: Hazard, city: City | None, at: float) -> bool:
    """Whether people are near (not known counts as yes), or a known thing of the city is hit."""
    if not hazard.gate_m:
        return bool(hypothesis.assets)
    if city is None or hypothesis.place is None:
        return True
    people = city.people_near(hypothesis.place, max(NEAR_M, hypothesis.place.radius_m), at)
    return people is None or people > 0
