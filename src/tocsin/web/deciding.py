"""Routes that decide: the verbs of incidents, proposals, sensors and rules."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Path
from msgspec import Meta, Struct
from starlette.responses import Response

from tocsin.city.cameras import Camera
from tocsin.city.processing import Processing
from tocsin.contract.orders import Order
from tocsin.engine.desk import (
    INCIDENT_VERBS,
    ORDER,
    PLACE_VERBS,
    PROPOSAL_VERBS,
    RELOAD,
    RULE_VERBS,
    SOURCE_VERBS,
    TEXT_CHARS_MAX,
    Wish,
)
from tocsin.engine.registry import AIM, PLACE, SET_UP
from tocsin.engine.rows import RulesRow, SensorRow
from tocsin.model import BadInput, Incident, NotFound, Proposal, Verdict
from tocsin.store.accounts import Account
from tocsin.web import office as ask
from tocsin.web.asking import InOffice, Who, answer, body_of
from tocsin.web.document import says, takes
from tocsin.web.office import Office
from tocsin.web.roles import check_may
from tocsin.web.rulebook import RuleLine, rule_line, rules_of

router = APIRouter(prefix="/api", tags=["decide"])

Text = Annotated[str, Meta(max_length=TEXT_CHARS_MAX)]
Id = Annotated[str, Meta(max_length=500)]
Other = Annotated[str, Meta(max_length=4_000)]


class Asked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a verb needs, and nothing else.

    `until` (shelve, test, maintenance, suppress-rule, except-rule: seconds UTC), `to` (assign,
    hand-over: an account), `others` (merge: incidents; split: stages; except-rule: `field=value`,
    all of which an event must have), `verdict` and `text` (close), `text` (note, hand-over, reject;
    the reason of suppress-rule and except-rule), `draft` (edit), `typed` (approve, cancel, all-clear: the word to be
    typed), `bearing_deg` and `field_deg` (aim), `camera` (set-up), `kind` (forbid, allow: an analytic),
    `order` (order: what a sensor that can be tasked shall do; or the same as JSON in `text`).
    """

    text: Text = ""
    until: Annotated[float, Meta(ge=0, le=4e9)] | None = None
    others: Annotated[tuple[Other, ...], Meta(max_length=100)] = ()
    to: Id = ""
    verdict: Verdict | None = None
    typed: Annotated[str, Meta(max_length=100)] = ""
    draft: Text = ""
    bearing_deg: Annotated[float, Meta(ge=0, le=360)] | None = None
    field_deg: Annotated[float, Meta(gt=0, le=360)] | None = None
    camera: Camera | None = None
    kind: Id = ""
    order: Order | None = None


Body = Annotated[Asked, Depends(body_of(Asked))]


IncidentVerb = Annotated[str, Path(json_schema_extra={"enum": list(INCIDENT_VERBS)})]
ProposalVerb = Annotated[str, Path(json_schema_extra={"enum": list(PROPOSAL_VERBS)})]
RuleVerb = Annotated[str, Path(json_schema_extra={"enum": list(RULE_VERBS)})]
PlaceVerb = Annotated[str, Path(json_schema_extra={"enum": list(PLACE_VERBS)})]
SourceVerb = Annotated[str, Path(json_schema_extra={"enum": list(SOURCE_VERBS)})]


@router.post(
    "/incidents/{id:path}/{verb}",
    responses=says(Incident, "The incident as it is now."),
    openapi_extra=takes(Asked, {"acknowledge": {}, "close": {"verdict": "true", "text": "Leak at the rink."}}),
)
def decide_incident(id: str, verb: IncidentVerb, asked: Body, office: InOffice, who: Who) -> Response:
    """Acknowledge, shelve, assign, note, hand over, merge, split, close, and the way back of each."""
    _decide(office, who, INCIDENT_VERBS, wish_of(verb, id, asked))
    return answer(office.view.incident(id))


@router.post(
    "/proposals/{id:path}/{verb}",
    responses=says(Proposal, "The proposal as it is now."),
    openapi_extra=takes(Asked, {"approve": {"typed": "WARN"}, "edit": {"draft": "{}"}}),
)
def decide_proposal(id: str, verb: ProposalVerb, asked: Body, office: InOffice, who: Who) -> Response:
    """Edit, approve or reject what a responder offers; follow what was sent by update, cancel or all-clear."""
    _decide(office, who, PROPOSAL_VERBS, wish_of(verb, id, asked))
    return answer(office.view.proposal(id))


@router.post(
    "/sensors/{id:path}/{verb}",
    responses=says(SensorRow, "The sensor's row as it is now."),
    openapi_extra=takes(
        Asked,
        {
            "aim": {"bearing_deg": 90, "field_deg": 60},
            "test": {"until": 1800000000},
            "order": {"order": {"verb": "look-at", "lon": 24.94, "lat": 60.17}},
        },
    ),
)
def decide_sensor(id: str, verb: SourceVerb, asked: Body, office: InOffice, who: Who) -> Response:
    """Accept a newcomer, put a sensor under test or maintenance and back, aim a camera, give an order to a sensor."""
    ask.sensor_row(office, id)
    _decide(office, who, SOURCE_VERBS, wish_of(verb, id, asked))
    return answer(ask.sensor_row(office, id))


@router.post(
    "/processing/{id:path}/{verb}",
    responses=says(Processing, "The record of the place as it is now."),
    openapi_extra=takes(Asked, {"forbid": {"kind": "vision.loitering"}, "allow": {"kind": "vision.loitering"}}),
)
def decide_place(id: str, verb: PlaceVerb, asked: Body, office: InOffice, who: Who) -> Response:
    """Forbid an analytic at a place, whatever its cameras ask for, or allow it again."""
    _decide(office, who, PLACE_VERBS, wish_of(verb, f"{PLACE}{id}", asked))
    return answer(office.view.city.processing[id])


@router.post(
    "/rules/reload",
    responses=says(RulesRow, "The rules in force; what is new follows within moments."),
    openapi_extra={"security": [{"session": [], "page": []}]},
)
def reload_rules(office: InOffice, who: Who) -> Response:
    """Read the city's folder of rules at once, instead of within seconds. Rules that are broken change nothing."""
    _decide(office, who, (RELOAD,), Wish(verb=RELOAD, target="rules"))
    return answer(rules_of(office).summary(office.now()))


@router.post(
    "/rules/{id:path}/{verb}",
    responses=says(RuleLine, "The rule as it stands now."),
    openapi_extra=takes(
        Asked,
        {
            "suppress-rule": {"text": "Maintenance of the recorders.", "until": 1800000000},
            "except-rule": {"text": "Our own scanner.", "until": 1800000000, "others": ["src_ip=10.0.0.7"]},
            "lift-rule": {},
        },
    ),
)
def decide_rule(id: str, verb: RuleVerb, asked: Body, office: InOffice, who: Who) -> Response:
    """Suppress a rule until a moment, except events with certain values from it, or lift all of that again."""
    _decide(office, who, RULE_VERBS, wish_of(verb, id, asked))
    return answer(rule_line(office, id))


def wish_of(verb: str, target: str, asked: Asked) -> Wish:
    """A body as the desk's wish; raises BadInput naming the field that the verb needs."""
    others = asked.others or ((asked.to,) if asked.to else ()) or ((asked.verdict.value,) if asked.verdict else ())
    return Wish(
        verb=verb,
        target=target,
        text=_text(verb, asked),
        typed=asked.typed,
        until=asked.until,
        others=others,
    )


def _text(verb: str, asked: Asked) -> str:
    if verb == "edit":
        if not asked.draft:
            raise BadInput("An edit needs `draft`: the proposal's draft as you want it.")
        return asked.draft
    if verb == SET_UP:
        if asked.camera is None:
            raise BadInput("A set-up needs `camera`: calibration, areas, lines, analytics as you want them.")
        return msgspec.json.encode(asked.camera).decode()
    if verb == ORDER:
        return msgspec.json.encode(asked.order).decode() if asked.order is not None else asked.text
    if verb in PLACE_VERBS:
        return asked.kind
    if verb == AIM:
        if asked.bearing_deg is None or asked.field_deg is None:
            raise BadInput("An aim needs `bearing_deg` (0 is north) and `field_deg`.")
        aim = {"bearing_deg": asked.bearing_deg, "field_deg": asked.field_deg}
        return msgspec.json.encode(aim).decode()
    return asked.text


def _decide(office: Office, who: Account, verbs: tuple[str, ...], wish: Wish) -> None:
    if wish.verb not in verbs:
        raise NotFound(f"There is no verb {wish.verb!r} here: choose one of {', '.join(verbs)}.")
    check_may(who, wish.verb)
    office.desk.decide(wish, ask.person_of(who))
