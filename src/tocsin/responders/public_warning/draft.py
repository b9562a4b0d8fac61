"""The draft of a warning: the document that a person reads and edits before approving it."""

from collections.abc import Sequence
from typing import Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from tocsin.formats.cap.alert import Category, Certainty, ResponseType, Severity, Status, Urgency
from tocsin.model import BadInput, Extent, Origin, Place, Priority, Ring
from tocsin.responders.public_warning.area import box, outline_around, reach_m, ring_around, still_right
from tocsin.responders.public_warning.templates import RADIUS_M_MIN, Template, Templates

SAID_OF: dict[Origin, Status] = {
    Origin.LIVE: "Actual",
    Origin.REPLAY: "Test",
    Origin.SIMULATED: "Exercise",
    Origin.EXERCISE: "Exercise",
}
"""The status of a message by the origin of its facts: Actual only for live ones."""

RING_POINTS_MIN = 4
"""A closed ring has at least three corners and the first again; what has fewer is no area."""

DRAFT_BYTES_MAX = 65_536
"""Longest edited draft that is read."""


class Text(Struct, frozen=True, kw_only=True):
    """What the warning says in one language."""

    event: str
    headline: str
    description: str
    instruction: str


class DraftArea(Struct, frozen=True, kw_only=True):
    """Where the warning holds: its name and a closed ring of (lon, lat)."""

    name: str
    polygon: Ring


class Draft(Struct, frozen=True, kw_only=True):
    """A CAP message to be, as JSON (keys as in CAP). The first language is repeated at the top.

    `expires` is seconds UTC; `references` are the messages that this one updates or cancels.
    """

    headline: str
    event: str
    urgency: Urgency
    severity: Severity
    certainty: Certainty
    instruction: str
    description: str
    area: DraftArea
    languages: dict[str, Text]
    status: Status
    msg_type: Literal["Alert", "Update", "Cancel"] = msgspec.field(name="msgType")
    response_types: tuple[ResponseType, ...] = msgspec.field(name="responseTypes")
    categories: tuple[Category, ...]
    expires: float
    references: tuple[str, ...] = ()

    @property
    def ending(self) -> str:
        """How this message ends its warning: cancelled, all-clear, or "" where it does not."""
        if self.msg_type == "Cancel":
            return "cancelled"
        return "all-clear" if "AllClear" in self.response_types else ""


class Situation(Struct, frozen=True, kw_only=True):
    """What a warning needs to know of an incident's revision.

    `area_because` says why the area is that large, `people` how many are usually in it; `zone`
    is the place as policies name it. `over` once it returned to normal or was closed,
    `dismissed` where it proved false.
    """

    at: float
    origin: Origin
    hazard: str
    priority: Priority
    title: str
    area: DraftArea
    area_because: str
    zone: str = ""
    people: int | None = None
    over: bool = False
    dismissed: bool = False


def warned_area(
    template: Template, place: Place | None, name: str, bounds: tuple[float, ...], extents: Sequence[Extent] = ()
) -> tuple[DraftArea, str]:
    """The area to warn and why it is that large: the place, and what findings tell of how far the danger reaches.

    Without a place it is all of the city.
    """
    if place is None:
        west, south, east, north = bounds
        return DraftArea(name=name, polygon=box((west, south, east, north))), "the place is unknown: all of the city"
    taken = [(one, extent) for extent in extents if (one := template.taken(extent)) is not None]
    settled = any(one.settles for one, _ in taken)
    hazard_m = RADIUS_M_MIN if settled else max(RADIUS_M_MIN, template.radius_m)
    radius_m = hazard_m + reach_m(place)
    reason = "the least" if settled else template.radius_why
    why = f"a circle of {radius_m:.0f} m: {hazard_m:.0f} m ({reason}) and {radius_m - hazard_m:.0f} m of uncertainty"
    circle = ring_around(place, radius_m)
    if not taken:
        return DraftArea(name=name, polygon=circle), why
    labels = dict.fromkeys(extent.label for _, extent in taken)
    rings = [ring for _, extent in taken for ring in extent.rings if len(ring) >= RING_POINTS_MIN]
    polygon = outline_around([circle, *rings])
    return DraftArea(name=name, polygon=polygon), f"all of these: {'; '.join(labels)}; {why}"


def composed(situation: Situation, templates: Templates, languages: tuple[str, ...], at: float) -> Draft:
    """The draft of a first warning, as the templates say it."""
    template = templates.by_hazard[situation.hazard]
    texts = {name: _worded(template, name, situation.area.name) for name in languages}
    first = texts[languages[0]]
    return Draft(
        headline=first.headline,
        event=first.event,
        urgency=template.urgency,
        severity=template.severity_at(situation.priority),
        certainty=template.certainty,
        instruction=first.instruction,
        description=first.description,
        area=situation.area,
        languages=texts,
        status=SAID_OF[situation.origin],
        msg_type="Alert",
        response_types=template.response_types,
        categories=template.categories,
        expires=at + template.expires_s,
    )


def _worded(template: Template, language: str, place: str) -> Text:
    words = template.languages[language]
    return Text(
        event=words.event,
        headline=words.headline.format(place=place),
        description=words.description.format(place=place),
        instruction=words.instruction.format(place=place),
    )


def updated(draft: Draft, references: tuple[str, ...]) -> Draft:
    """The same as an Update of what was sent."""
    return replace(draft, msg_type="Update", references=references)


def ended(sent: Draft, kind: str, hazard: str, templates: Templates, references: tuple[str, ...]) -> Draft:
    """The message that cancels a warning ("cancel") or gives the all-clear ("all-clear") for its area.

    A language that a person added and the templates lack is ended in the words of the first.
    """
    cancelled = kind == "cancel"
    endings = templates.endings.cancel if cancelled else templates.endings.all_clear
    words = templates.by_hazard[hazard].languages
    texts = {}
    for language, text in sent.languages.items():
        known = language if language in endings and language in words else next(iter(words))
        ending = endings[known]
        filled = {"event": text.event, "place": sent.area.name}
        texts[language] = Text(
            event=text.event,
            headline=ending.headline.format(**filled),
            description=ending.description.format(**filled),
            instruction=ending.instruction if cancelled else words[known].all_clear,
        )
    first = next(iter(texts.values()))
    return replace(
        sent,
        headline=first.headline,
        description=first.description,
        instruction=first.instruction,
        languages=texts,
        urgency="Past",
        severity="Minor",
        certainty="Unlikely" if cancelled else "Observed",
        response_types=("None",) if cancelled else ("AllClear",),
        msg_type="Cancel" if cancelled else "Update",
        references=references,
    )


def written(draft: Draft) -> str:
    """The draft as JSON text."""
    return msgspec.json.encode(draft).decode()


def read(text: str) -> Draft:
    """The draft in JSON text; raises BadInput naming the key that is wrong."""
    if len(text) > DRAFT_BYTES_MAX:
        message = f"A draft of {len(text)} characters is too long: at most {DRAFT_BYTES_MAX}."
        raise BadInput(message)
    try:
        return msgspec.json.decode(text, type=Draft)
    except msgspec.DecodeError as error:
        message = f"This draft cannot be read: {error}."
        raise BadInput(message) from error


def edited(old: Draft, text: str) -> Draft:
    """The draft after a person's edit. What only Tocsin may say (status, type, references) stays.

    The repeated text at the top wins where it was changed, else the first language does.
    """
    new = read(text)
    first = next(iter(old.languages))
    if first not in new.languages:
        message = f"The draft lacks the language {first!r}: keep its text."
        raise BadInput(message)
    changed = {name: getattr(new, name) for name in _TOP if getattr(new, name) != getattr(old, name)}
    top = replace(new.languages[first], **changed)
    return replace(
        new,
        headline=top.headline,
        event=top.event,
        description=top.description,
        instruction=top.instruction,
        languages={**new.languages, first: top},
        status=old.status,
        msg_type=old.msg_type,
        references=old.references,
    )


_TOP = ("event", "headline", "description", "instruction")


def differs(old: Draft, new: Draft) -> bool:
    """Whether people would be told something else: a later expiry alone is no news."""
    return replace(old, expires=new.expires, msg_type=new.msg_type, references=new.references) != new


def settled_area(old: DraftArea, new: DraftArea, moved_m_min: float) -> DraftArea:
    """The old area while it is still right: a little movement is no news."""
    return old if still_right(old.polygon, new.polygon, moved_m_min) else new
