"""The texts of warnings as data: one file per hazard in content/warnings/hazards, and how warnings end."""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from msgspec import Struct

from tocsin.contract.resources import Resources
from tocsin.formats.cap.alert import Category, Certainty, ResponseType, Severity, Urgency
from tocsin.model import ConfigError, Extent, Priority

FOLDER = "warnings"

RADIUS_M_MIN = 150.0
"""No warned circle is smaller, whatever a template says."""


class Wording(Struct, frozen=True, kw_only=True):
    """A hazard in one language; `{place}` is filled in. `all_clear` says what to do afterwards."""

    event: str
    headline: str
    description: str
    instruction: str
    all_clear: str


class Ending(Struct, frozen=True, kw_only=True):
    """The end of a warning in one language; `{event}` and `{place}` are filled in."""

    headline: str
    description: str
    instruction: str = ""


class Taken(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Regions of findings that belong to the warned area: by kind, and by how the label begins (empty: any).

    `settles` where such a region says how far the danger reaches, so that no circle need stand in for it.
    """

    kind: str
    label: str = ""
    settles: bool = False


class Template(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is said of one hazard. `severity` is by priority; `radius_why` explains `radius_m` (metres).

    The warned area is the circle of `radius_m` together with the `extents` that findings tell.
    """

    hazard: str
    categories: tuple[Category, ...]
    response_types: tuple[ResponseType, ...]
    urgency: Urgency
    severity: dict[int, Severity]
    certainty: Certainty
    radius_m: float
    radius_why: str
    expires_s: float
    extents: tuple[Taken, ...] = ()
    languages: dict[str, Wording]

    def taken(self, extent: Extent) -> Taken | None:
        """Why this region is warned; None where it is not."""
        fitting = (one for one in self.extents if one.kind == extent.kind and extent.label.startswith(one.label))
        return next(fitting, None)

    def severity_at(self, priority: Priority) -> Severity:
        """How severe the warning calls it; Unknown where the template does not say."""
        return self.severity.get(int(priority), "Unknown")


class Endings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How warnings are marked when not meant, cancelled, and ended."""

    marks: dict[Literal["Exercise", "Test"], dict[str, str]]
    cancel: dict[str, Ending]
    all_clear: dict[str, Ending]


class Templates(Struct, frozen=True, kw_only=True):
    """All templates by hazard, and the endings."""

    by_hazard: dict[str, Template]
    endings: Endings


def load(resources: Resources, languages: Sequence[str]) -> Templates:
    """Read and check all templates; raises ConfigError naming file and what is missing."""
    names = sorted(path.name for path in (resources.content / FOLDER / "hazards").glob("*.yaml"))
    found = [_read(resources, f"{FOLDER}/hazards/{name}", Template, languages) for name in names]
    if not found:
        message = f"No template in {resources.content / FOLDER / 'hazards'}: put one there, such as toxic.yaml."
        raise ConfigError(message)
    endings = _read(resources, f"{FOLDER}/endings.yaml", Endings, languages)
    return Templates(by_hazard={template.hazard: template for template in found}, endings=endings)


def _read(resources: Resources, name: str, kind: type[Any], languages: Sequence[str]) -> Any:  # noqa: ANN401
    try:
        found = msgspec.convert(resources.document(name), kind)
    except msgspec.ValidationError as error:
        message = f"{resources.content / name}: {error}."
        raise ConfigError(message) from error
    for where, texts in _languages_of(found):
        if missing := [language for language in languages if language not in texts]:
            message = f"{resources.content / name}: {where} lacks {', '.join(missing)}. Add it or drop the language."
            raise ConfigError(message)
    return found


def _languages_of(found: Template | Endings) -> list[tuple[str, dict[str, Any]]]:
    if isinstance(found, Template):
        return [("languages", dict(found.languages))]
    marks = [(f"marks of {status}", dict(texts)) for status, texts in found.marks.items()]
    return [*marks, ("cancel", dict(found.cancel)), ("all_clear", dict(found.all_clear))]
