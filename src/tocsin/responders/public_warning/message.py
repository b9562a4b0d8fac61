"""A draft as a CAP 1.2 message: identifiers derived, marked where it is not meant, checked before it exists."""

from collections.abc import Sequence

from msgspec import Struct

from tocsin.formats import cap
from tocsin.model import Origin, Proposal, derived_id
from tocsin.responders.public_warning.area import circle_around
from tocsin.responders.public_warning.draft import SAID_OF, Draft, read
from tocsin.responders.public_warning.templates import Endings


class Sender(Struct, frozen=True, kw_only=True):
    """Who warns: the CAP sender, a name for people, and where to ask."""

    id: str
    name: str
    contact: str


def origin_of(origins: Sequence[Origin]) -> Origin:
    """The origin of what follows from several facts: live only where all are."""
    return next((origin for origin in origins if origin is not Origin.LIVE), Origin.LIVE)


def identifier(proposal: Proposal) -> str:
    """The message's identifier: one for each revision of a proposal."""
    return derived_id("tocsin", proposal.id, proposal.rev)


def alert_of(proposal: Proposal, at: float, origin: Origin, sender: Sender, endings: Endings) -> cap.Alert:
    """The message, checked; raises BadInput with every reason why it may not be sent."""
    draft = read(proposal.draft)
    status = SAID_OF[origin]
    marks = _marks(status, endings)
    infos = tuple(
        _info(draft, sender, at, language, marks.get(language, next(iter(marks.values()), "")))
        for language in draft.languages
    )
    alert = cap.Alert(
        identifier=identifier(proposal),
        sender=sender.id,
        sent=cap.cap_time(at),
        status=status,
        msg_type=draft.msg_type,
        note=f"{status} {proposal.incident}: not for the public." if marks else "",
        references=draft.references,
        incidents=(proposal.incident,),
        infos=infos,
    )
    cap.check(alert, now=at, live=origin is Origin.LIVE, near=_near(proposal, draft))
    return alert


def _marks(status: cap.Status, endings: Endings) -> dict[str, str]:
    return {} if status == "Actual" else next(texts for name, texts in endings.marks.items() if name == status)


def _near(proposal: Proposal, draft: Draft) -> tuple[float, float] | None:
    place = proposal.place if proposal.place is not None else circle_around(draft.area.polygon)[0]
    return place.lon, place.lat


def _info(draft: Draft, sender: Sender, at: float, language: str, mark: str) -> cap.Info:
    text = draft.languages[language]
    return cap.Info(
        language=language,
        categories=draft.categories,
        event=text.event,
        response_types=draft.response_types,
        urgency=draft.urgency,
        severity=draft.severity,
        certainty=draft.certainty,
        effective=cap.cap_time(at),
        expires=cap.cap_time(draft.expires),
        sender_name=sender.name,
        headline=f"{mark}: {text.headline}" if mark else text.headline,
        description=f"{mark}. {text.description}" if mark else text.description,
        instruction=text.instruction,
        contact=sender.contact,
        areas=(cap.Area(description=draft.area.name, polygons=(draft.area.polygon,)),),
    )
