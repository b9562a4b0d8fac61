"""Small true incidents, decisions and approvals, for docstrings, tests and pages of responders."""

from collections.abc import Sequence
from typing import Any

from tocsin.contract.examples import SQUARE, START_AT
from tocsin.model import (
    Action,
    Decision,
    Incident,
    IncidentState,
    Origin,
    Place,
    Priority,
    Proposal,
    Stage,
    derived_id,
)


def incident(
    hazard: str = "toxic",
    *,
    rev: int = 1,
    at: float = START_AT,
    origin: Origin = Origin.SIMULATED,
    state: IncidentState = IncidentState.OPEN,
    priority: Priority = Priority.LIFE,
    place: Place | None = SQUARE,
    **more: Any,  # noqa: ANN401  # any other field of an incident
) -> Incident:
    """One revision of an incident with a single stage of this hazard."""
    stage = Stage(
        id="hyp-1",
        hazard=hazard,
        kind=f"example.{hazard}",
        title=f"{hazard} at the square",
        log_odds=4.0,
        contributions=(),
        since=START_AT,
        last=at,
        priority=priority,
        place=place,
    )
    given = {
        "title": stage.title,
        "sentence": "Measured twice.",
        "next_step": "Look.",
        "score": 0.98,
        "score_label": "score, not calibrated",
        "stages": (stage,),
        "since": START_AT,
        **more,
    }
    return Incident(
        id=derived_id("inc", hazard),
        at=at,
        origin=origin,
        rev=rev,
        state=state,
        priority=priority,
        place=place,
        **given,
    )


def decision(verb: str, target: str, *, at: float = START_AT + 60, text: str = "") -> Decision:
    """What an operator decided about a target."""
    return Decision(
        at=at,
        origin=Origin.SIMULATED,
        id=derived_id("dec", verb, target, at),
        verb=verb,
        target=target,
        by="op-1",
        text=text,
    )


def approved(proposal: Proposal, *, at: float = START_AT + 60, by: Sequence[str] = ("op-1",)) -> Action:
    """The action that the gate makes of an approved proposal."""
    return Action(
        at=at,
        origin=proposal.origin,
        id=derived_id("act", proposal.id, proposal.rev),
        proposal=proposal,
        approved_by=tuple(by),
        approval="receipt-1",
    )
