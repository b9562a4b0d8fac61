"""Routes about rules: which are in force, what one matches, the names of attacks. They change nothing."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from tocsin.contract import attack
from tocsin.web.asking import InOffice, Who, answer
from tocsin.web.document import says
from tocsin.web.rulebook import RuleList, RuleShown, rule_list, rule_shown

router = APIRouter(prefix="/api", tags=["rules"])


@router.get("/rules", responses=says(RuleList, "Those that rang most first."))
def rules(office: InOffice, _who: Who) -> Response:
    """Every rule in force with its hits and how it is tuned, and every file or rule that is not, with the reason."""
    return answer(rule_list(office))


@router.get("/rules/{id:path}", responses=says(RuleShown, "The rule, with its text and what it means."))
def rule(
    id: str,
    office: InOffice,
    _who: Who,
    digest: Annotated[str, Query(max_length=100, description="Rules of an earlier time, as evidence names them.")] = "",
) -> Response:
    """One rule by id or name: as it is written, in plain words, how it is tuned and how often it rang."""
    return answer(rule_shown(office, id, digest))


@router.get("/attack", responses=says(attack.Names, "Names by short name or id."))
def attack_names(_who: Who) -> Response:
    """The names of MITRE ATT&CK's tactics, in the order of an attack, and of its techniques."""
    return answer(attack.names())
