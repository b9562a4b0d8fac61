"""`tocsin policy report`: one page per place with cameras, as a data-protection officer hands it on."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from msgspec import Struct

from tocsin.app.config import Settings, load_settings
from tocsin.app.house import declared
from tocsin.app.layout import city_folder
from tocsin.city.context import City
from tocsin.city.processing import Processing
from tocsin.city.registry import Sensor
from tocsin.contract.analytics import Analytics
from tocsin.contract.camera_views import CameraView, Views
from tocsin.contract.cards import Cards
from tocsin.contract.resources import Resources, content_folder
from tocsin.engine.setting_up import about_cameras
from tocsin.gate.policy import Policies, Policy
from tocsin.model import Level, Refused

NEVER = (
    "face recognition or any other identification of people at a distance",
    "reading of emotions, or guessing of age, gender or ethnicity",
    "social scoring, or prediction about individuals",
    "sound: no microphone of a camera is opened",
)
"""What no camera of Tocsin does, whatever anybody switches on."""


class Runs(Struct, frozen=True, kw_only=True):
    """One analytic at a place: what it finds, how closely it looks, on which cameras, how its weight is known."""

    kind: str
    title: str
    level: int
    cameras: tuple[str, ...]
    basis: str


class Page(Struct, frozen=True, kw_only=True):
    """What is said of one place."""

    processing: Processing
    cameras: tuple[str, ...]
    staged: tuple[str, ...]
    runs: tuple[Runs, ...]
    policy: str
    level_max: int
    ceiling: int
    unmask_roles: tuple[str, ...]
    warrant_roles: tuple[str, ...]
    pictures_kept_h: float
    tracks_kept_h: float
    counts_from: int
    missing: tuple[str, ...] = ()


def pages(folder: Path, at: float) -> list[Page]:
    """A page per record of processing, and what would be missing of one; as things stand at that moment."""
    settings, city = load_settings(folder), City.load(city_folder(folder))
    policies = Policies.load(content_folder() / "policies", *(Path(name) for name in settings.policies))
    return [_page(record, city, settings, policies, at) for record in city.processing.values()]


def unrecorded(folder: Path) -> list[str]:
    """Cameras with an input that no record of processing covers: they do not start."""
    settings, city = load_settings(folder), City.load(city_folder(folder))
    sources = [str(plan.parameters.get("source", name)) for name, plan in settings.inputs.items()]
    views = Views(city)
    fed = (source for source in sources if (one := city.sensors.get(source)) is not None and one.family == "camera")
    return sorted(source for source in fed if views.of(source).missing)


def _page(record: Processing, city: City, settings: Settings, policies: Policies, at: float) -> Page:
    sensors = [one for one in city.sensors.values() if one.camera is not None and one.camera.processing == record.id]
    policy = _policy(sensors, city, policies, at)
    return Page(
        processing=record,
        cameras=tuple(one.name for one in sensors),
        staged=tuple(one.name for one in sensors if one.state.value == "staged"),
        runs=tuple(_runs(sensors, city, settings)),
        policy=policy.ref,
        level_max=policy.level_max,
        ceiling=policy.ceiling,
        unmask_roles=policy.unmask.roles,
        warrant_roles=policy.warrant.roles,
        pictures_kept_h=record.kept_h(policy.kept_h(Level.REDACTED)),
        tracks_kept_h=policy.kept_h(Level.ANONYMOUS),
        counts_from=policy.k_anonymity,
        missing=record.faults,
    )


def _policy(sensors: Sequence[Sensor], city: City, policies: Policies, at: float) -> Policy:
    """The policy that governs the first camera of the place: all of a place lie in one zone, or the widest counts."""
    zone = city.zone_of(sensors[0].place) if sensors else None
    purpose = (sensors[0].purpose if sensors else "") or "public safety"
    try:
        return policies.governing("" if zone is None else zone.id, purpose, at)
    except Refused:
        return policies.all[0]


def _runs(sensors: Sequence[Sensor], city: City, settings: Settings) -> Iterator[Runs]:
    views, cards = Views(city), Cards.load(content_folder() / "cards")
    seen = [views.of(one.id) for one in sensors]
    for kind, member in declared("detectors", settings).items():
        on = [view for view in seen if about_cameras(member) and _on(view, kind, member)]
        if on:
            weights = [cards.weight(kind, grade, member.default_nats).basis.value for grade in member.default_nats]
            yield Runs(
                kind=kind,
                title=_title(kind, member),
                level=int(member.needs),
                cameras=tuple(city.sensors[view.source].name for view in on),
                basis=", ".join(sorted(set(weights))),
            )


def _on(view: CameraView, kind: str, member: Any) -> bool:  # noqa: ANN401  # members are open
    return view.allows(kind, by_default=cast("bool", member.on_by_default))


def _title(kind: str, member: Any) -> str:  # noqa: ANN401  # members are open
    words = Analytics.load(Resources()).rows.get(kind)
    return words.name if words else (type(member).__doc__ or kind).strip().splitlines()[0]


def text_of(page: Page, at: float) -> str:
    """The page as Markdown: what a person signs, pins up or sends on.

    Everything on it is read from what is in force; nothing is repeated from elsewhere.
    """
    return "\n".join(
        line for part in (_head(page, at), _what_runs(page), _how_close(page), _foot(page)) for line in part
    )


def _head(page: Page, at: float) -> list[str]:
    record = page.processing
    moment = datetime.fromtimestamp(at, UTC)
    rows = {
        "Why": record.purpose,
        "Legal basis": record.legal_basis,
        "Who answers for it": record.controller,
        "Contact": record.contact,
        "Who receives it": ", ".join(record.recipients),
        "Last reviewed": record.reviewed,
    }
    shown = [f"- **{name}:** {value}" for name, value in rows.items() if value]
    faults = [f"- **Missing:** {one}" for one in page.missing]
    return [
        f"# Cameras at {record.name}",
        "",
        f"*As in force on {moment:%Y-%m-%d %H:%M} UTC.*",
        "",
        *faults,
        *shown,
        "",
    ]


def _what_runs(page: Page) -> list[str]:
    cameras = ", ".join(page.cameras) or "none"
    rows = [
        f"| {one.title} | `{one.kind}` | {one.level} | {', '.join(one.cameras)} | {one.basis} |" for one in page.runs
    ]
    table = ["| what it finds | analytic | level | cameras | weight known by |", "|---|---|---|---|---|", *rows]
    forbidden = ", ".join(f"`{one}`" for one in page.processing.forbidden) or "nothing"
    return [
        "## What runs",
        "",
        f"Cameras: {cameras}.",
        "",
        *(table if rows else ["Nothing is analysed here."]),
        "",
        f"Switched off here by the data-protection officer: {forbidden}.",
        "",
    ]


def _how_close(page: Page) -> list[str]:
    record = page.processing
    levels = "0 ambient, 1 counts, 2 anonymous tracks, 3 pictures with everybody masked, 4 clear, 5 identifying"
    reason = f" Longer than 72 h because: {record.retention_reason}" if record.retention_reason else ""
    asked, signed = ", ".join(page.unmask_roles), ", ".join(page.warrant_roles)
    return [
        "## How closely, and for how long",
        "",
        f"- Policy `{page.policy}`: level {page.level_max} at most without anybody's approval, {page.ceiling} at all.",
        f"- The levels: {levels}.",
        f"- Masked pictures are kept {page.pictures_kept_h:g} h at most, and only around findings.{reason}",
        f"- Tracks (pseudonyms that end with the visit) are kept {page.tracks_kept_h:g} h.",
        f"- Published counts speak of {page.counts_from} people or more.",
        f"- A clear picture takes a stated reason and another person ({asked}).",
        f"- Looking for one person takes a signed warrant ({signed}).",
        "- Each of these leaves a receipt in the ledger before it happens.",
        "",
    ]


def _foot(page: Page) -> list[str]:
    more = [f"More: {page.processing.more}", ""] if page.processing.more else []
    never = [f"- {one}" for one in NEVER]
    notice = ["## The notice on the spot", "", f"> {page.processing.notice}", ""]
    return ["## What never happens", "", *never, "", *notice, *more]
