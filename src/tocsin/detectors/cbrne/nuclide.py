"""Nuclides in gamma spectra, by their peaks; it says "don't know" where peaks are left that nothing explains."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from tocsin.contract.nuclides import USES, nuclides_from
from tocsin.contract.protocols import by_source
from tocsin.contract.radiation import GammaSpectrum
from tocsin.contract.resources import Resources
from tocsin.contract.spectra import Found, nuclides_in
from tocsin.model import Figure, Finding, Level, Observation, derived_id
from tocsin.physics.radiation.nuclides import Nuclide

_GRADES = ("medicine", "unknown", "industry", "special")


class Episode(Struct):
    """What one instrument was last seen to show: nuclides, since when, and what is not yet cited."""

    last_at: float
    names: tuple[str, ...] = ()
    since: float = 0.0
    seen_at: float = 0.0
    told_at: float = 0.0
    recent: list[str] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Nuclides:
    """Find nuclides that are not of nature in the spectra of an instrument.

    Peaks are searched and fitted, and explained by a library: a nuclide is named where its strongest lines are found
    and none is missing that must be seen. The grade tells where the strangest of them is met with: `medicine` (a
    patient, most often), `industry`, or `special` (nuclear material); `unknown` where only peaks are left that
    nothing explains. One that could as well be another is told with it.

    >>> from tocsin.contract.examples import gamma
    >>> from tocsin.contract.folding import findings
    >>> findings(Nuclides(), gamma([{661.7: 3000.0}]))[0].because
    'The spectrum shows Cs-137 (662 keV), met with in industry.'

    References: G. F. Knoll (2010), Radiation Detection and Measurement, 4th ed., ch. 12; M. A. Mariscotti (1967).
    """

    kind: ClassVar[str] = "cbrne.nuclide"
    needs: ClassVar[Level] = Level.AMBIENT
    accepts: ClassVar[tuple[type, ...]] = (GammaSpectrum,)
    key: ClassVar = by_source
    sees: ClassVar[tuple[str, ...]] = ()
    default_nats: ClassVar[dict[str, float]] = {"medicine": 0.3, "unknown": 0.5, "industry": 2.0, "special": 3.0}

    sigmas_min: Annotated[float, Meta(description="Deviations from which on a peak is one.", gt=3)] = 5.0
    unknown_min: Annotated[int, Meta(description="Peaks left over from which on it is told.", ge=1)] = 2
    gap_s: Annotated[float, Meta(description="Longest pause within one episode, seconds.", gt=0)] = 900.0
    repeat_s: Annotated[float, Meta(description="How often a lasting episode is told again, seconds.", gt=0)] = 60.0
    cited_max: Annotated[int, Meta(description="Most spectra cited at a time.", ge=1)] = 64

    def start(self, resources: Resources) -> "Naming":
        """Read the library of nuclides from the content."""
        return Naming(self, nuclides_from(resources))


@dataclass(frozen=True, slots=True)
class Naming:
    """Nuclides at work."""

    settings: Nuclides
    library: tuple[Nuclide, ...]

    def step(self, state: Episode | None, fact: Observation[GammaSpectrum]) -> tuple[Episode, list[Finding]]:
        """Look at one spectrum. Backgrounds, and what comes late or twice, change nothing."""
        episode = Episode(last_at=fact.at) if state is None else state
        if fact.body.use != "Foreground" or (state is not None and fact.at <= state.last_at):
            return episode, []
        episode.last_at = fact.at
        found, left = nuclides_in(fact.body, self.library, self.settings.sigmas_min)
        own = tuple(one for one in found if one.use != "nature")
        if not own and left < self.settings.unknown_min:
            return episode, []
        return episode, self._told(episode, fact, own, left)

    def _told(
        self, episode: Episode, fact: Observation[GammaSpectrum], own: tuple[Found, ...], left: int
    ) -> list[Finding]:
        """Take it into the episode; a finding where it is news."""
        names = tuple(sorted(one.name for one in own))
        if names != episode.names or fact.at - episode.seen_at > self.settings.gap_s:
            episode.names, episode.since, episode.told_at, episode.recent = names, fact.at, 0.0, []
        episode.seen_at = fact.at
        episode.recent = [*episode.recent, fact.id][-self.settings.cited_max :]
        if fact.at - episode.told_at < self.settings.repeat_s:
            return []
        finding = self._finding(episode, fact, own, left)
        episode.told_at, episode.recent = fact.at, []
        return [finding]

    def _finding(
        self, episode: Episode, fact: Observation[GammaSpectrum], own: tuple[Found, ...], left: int
    ) -> Finding:
        grade = max((one.use for one in own), key=_GRADES.index, default="unknown")
        return Finding(
            id=derived_id("f", self.settings.kind, fact.source, *episode.names, episode.since),
            at=fact.at,
            origin=fact.origin,
            kind=self.settings.kind,
            subject=" and ".join(episode.names) or "unknown nuclide",
            because=_because(own, left),
            evidence=tuple(episode.recent),
            source=fact.source,
            detector=self.settings.kind,
            grade=grade,
            place=fact.place,
            since=episode.since,
            figures=tuple(
                Figure(name=f"{one.name} lines found", value=round(one.share, 2), unit="1", note=_lines(one))
                for one in own[:6]
            ),
        )


def _lines(one: Found) -> str:
    return ", ".join(f"{line:.0f}" for line in one.lines_kev[:4]) + " keV"


def _because(own: tuple[Found, ...], left: int) -> str:
    if not own:
        return f"The spectrum shows {left} peaks that no nuclide of the library explains: it is not known what it is."
    parts = []
    for one in own:
        other = f" or {' or '.join(one.alternatives)}" if one.alternatives else ""
        parts.append(f"{one.name}{other} ({_lines(one)}), met with in {_WHERE[one.use]}")
    return f"The spectrum shows {'; '.join(parts)}."


_WHERE = dict(zip(USES, ("industry", "medicine", "nature", "nuclear material"), strict=True))
