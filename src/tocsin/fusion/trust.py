"""How far a sensor is to be believed, and which healthy ones saw nothing."""

from collections.abc import Set as AbstractSet

from tocsin.city.context import City
from tocsin.fusion.score import Doubt
from tocsin.fusion.state import Hypothesis, Memory
from tocsin.fusion.tables import Hazard
from tocsin.model import Condition, SourceState

BY_STATE = {
    SourceState.TEST: (0.0, "the sensor is in test"),
    SourceState.MAINTENANCE: (0.0, "the sensor is in maintenance"),
    SourceState.CALIBRATION_OVERDUE: (0.5, "the calibration of the sensor is overdue: half trusted"),
}
BY_CONDITION = {
    Condition.COMPROMISED: (0.25, "the sensor is compromised"),
    Condition.SUSPECT: (0.5, "the sensor is suspect: half trusted"),
}
ATTACKED = (0.5, "the sensor is under attack over the network: half trusted")
TRUSTED = (1.0, "")


def doubt_of(memory: Memory, hypothesis: Hypothesis, hazard: Hazard) -> Doubt:
    """How much of a source's evidence counts for this hypothesis, and why less than all.

    An attack on a sensor makes what it measures doubtful, but not that it is attacked or silent.
    """
    attacked = _attacked(memory, hypothesis) if hazard.gate_m else frozenset()

    def doubt(source: str) -> tuple[float, str]:
        by_state = BY_STATE.get(memory.states.get(source, SourceState.IN_SERVICE), TRUSTED)
        by_condition = BY_CONDITION.get(memory.conditions.get(source, Condition.OK), TRUSTED)
        by_attack = ATTACKED if source in attacked else TRUSTED
        return min(by_state, by_condition, by_attack)

    return doubt


def _attacked(memory: Memory, hypothesis: Hypothesis) -> AbstractSet[str]:
    attacks = [one for one in memory.hypotheses.values() if one.hazard == "cyber" and one.open]
    return {name for one in attacks if one is not hypothesis for name in one.assets}


def unmoved(memory: Memory, hypothesis: Hypothesis, city: City | None) -> list[tuple[str, str, float]]:
    """Healthy sensors that should see it and report nothing: (source, name, probability)."""
    if city is None or hypothesis.place is None:
        return []
    moved = {held.source for held in hypothesis.held.values()}
    seen = city.coverage(hypothesis.place, hypothesis.hazard, memory.at)
    healthy = [row for row in seen if memory.conditions.get(row[0], Condition.OK) is Condition.OK]
    return [(source, city.sensors[source].name, p_detect) for source, p_detect in healthy if source not in moved]
