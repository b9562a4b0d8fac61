"""What each role may do here: a table. The gate's policies decide besides who may approve what."""

from tocsin.engine.desk import INCIDENT_VERBS, PLACE_VERBS, PROPOSAL_VERBS, RELOAD, RULE_VERBS, SOURCE_VERBS
from tocsin.engine.registry import SET_UP
from tocsin.model import Refused
from tocsin.store.accounts import ROLES, Account

EVERYBODY = frozenset(ROLES)
AT_THE_DESK = frozenset({"operator", "supervisor", "admin"})
LOOKING_CLOSER = AT_THE_DESK | {"dpo"}

ASK_FOR_NAME, ANSWER_FOR_NAME = "ask for a name", "answer who asks for a name"
SEE_PICTURES = "see masked pictures"
ASK_FOR_VIEW, APPROVE_VIEW = "ask for a clear view", "approve a clear view"

MAY: dict[str, frozenset[str]] = {
    "see": EVERYBODY,
    "see evidence": LOOKING_CLOSER,
    "see the ledger": EVERYBODY,
    "see quarantine": LOOKING_CLOSER,
    **dict.fromkeys((*INCIDENT_VERBS, *PROPOSAL_VERBS, *SOURCE_VERBS, *RULE_VERBS), AT_THE_DESK),
    **dict.fromkeys(PLACE_VERBS, frozenset({"dpo", "supervisor", "admin"})),
    SET_UP: frozenset({"supervisor", "admin"}),
    ASK_FOR_VIEW: AT_THE_DESK,
    APPROVE_VIEW: LOOKING_CLOSER,
    SEE_PICTURES: AT_THE_DESK | {"dpo"},
    "accept": frozenset({"supervisor", "admin"}),
    RELOAD: frozenset({"supervisor", "admin"}),
    ASK_FOR_NAME: LOOKING_CLOSER,
    ANSWER_FOR_NAME: LOOKING_CLOSER,
}
"""Which roles may do what. A device that nobody knows is let in by no operator alone."""


def check_may(account: Account, deed: str) -> None:
    """Raise Refused where the role of an account does not allow a deed."""
    if account.role not in MAY[deed]:
        allowed = ", ".join(sorted(MAY[deed]))
        raise Refused(f"The role {account.role} may not {deed}: ask somebody who is {allowed}.")
