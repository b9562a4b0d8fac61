"""A radiation source that moves past several counters: where it is, how fast, how strong, which nuclide."""

from dataclasses import dataclass
from math import inf, isfinite
from typing import Annotated, ClassVar

from msgspec import Meta

from tocsin.contract.bodies import Counts
from tocsin.contract.nuclides import doses_from, doubt_of, nuclides_from
from tocsin.contract.protocols import by_city
from tocsin.contract.radiation import GammaSpectrum
from tocsin.contract.resources import Resources
from tocsin.contract.spectra import nuclides_in
from tocsin.detectors.cbrne.radiation_source.following import Doses, Follower
from tocsin.detectors.cbrne.radiation_source.watching import Hall, Heard, Reading, hottest, learned
from tocsin.model import Finding, Level, Observation
from tocsin.physics.radiation.nuclides import Nuclide

Fact = Observation[Counts] | Observation[GammaSpectrum]

NATURE = "nature"

RECENT_MAX = 1_000
"""Most readings of the window; of more, the oldest are left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RadiationSource:
    """Find a source that moves past counters, and follow it: one finding with its way, speed, strength and nuclide.

    The last `window_s` of all counters near the one that shows most are explained by one source that goes straight,
    by maximum likelihood over Poisson counts, inverse square and air. It is told where that is `nats_min` likelier
    than background alone. What all counters show alike (rain) is taken off first. A nuclide comes from a spectrum
    of an instrument nearby.

    >>> from tocsin.contract.examples import hall_counts
    >>> from tocsin.contract.folding import findings
    >>> findings(RadiationSource(), hall_counts(passing=True))[-1].because.partition(":")[0]
    'A radiation source moves past 6 counters'

    References: M. R. Morelande, B. Ristic (2009), IEEE Trans. Signal Process. 57; IAEA EPR-First Responders (2006)
    for the inner cordon at 100 µSv/h.
    """

    kind: ClassVar[str] = "cbrne.radiation-source"
    needs: ClassVar[Level] = Level.AMBIENT
    accepts: ClassVar[tuple[type, ...]] = (Counts, GammaSpectrum)
    key: ClassVar = by_city
    sees: ClassVar[tuple[str, ...]] = ()
    default_nats: ClassVar[dict[str, float]] = {"near": 1.0, "followed": 2.0, "strong": 3.0}

    nats_min: Annotated[float, Meta(description="How much likelier than background, nats.", gt=5)] = 18.0
    sigmas: Annotated[float, Meta(description="Deviations of one counter that wake it.", gt=0)] = 6.0
    ratio_min: Annotated[float, Meta(description="Least excess at that counter, times its background.", gt=0)] = 0.3
    window_s: Annotated[float, Meta(description="Readings that are explained together, seconds.", gt=5)] = 40.0
    reach_m: Annotated[float, Meta(description="How far from it other counters are asked, metres.", gt=0)] = 150.0
    height_m: Annotated[float, Meta(description="Height of counters over the source, metres.", gt=0)] = 2.0
    cps_per_usv_h: Annotated[float, Meta(description="Counts/s per µSv/h of Cs-137, of one counter.", gt=0)] = 1000.0
    strong_usv_h: Annotated[float, Meta(description="Dose rate at 1 m for grade strong, µSv/h.", gt=0)] = 100.0
    warmup: Annotated[int, Meta(description="Readings learned of a counter before it is judged.", ge=2)] = 30
    count_s: Annotated[float, Meta(description="Counting time of a reading that tells none, seconds.", gt=0)] = 1.0
    memory_s: Annotated[float, Meta(description="How slowly backgrounds are learned, seconds.", gt=0)] = 1800.0
    gap_s: Annotated[float, Meta(description="Calm that ends an episode, seconds.", gt=0)] = 120.0
    repeat_s: Annotated[float, Meta(description="How often a lasting episode is told again, seconds.", gt=0)] = 10.0
    counters_max: Annotated[int, Meta(description="Most counters remembered.", ge=1)] = 100
    cited_max: Annotated[int, Meta(description="Most readings cited at a time.", ge=1)] = 64

    def start(self, resources: Resources) -> "Watching":
        """Read the library of nuclides from the content."""
        doses = Doses(doses_from(resources), self.cps_per_usv_h, self.strong_usv_h, doubt_of(resources))
        return Watching(self, nuclides_from(resources), Follower(self.kind, doses))


@dataclass(frozen=True, slots=True)
class Watching:
    """RadiationSource at work."""

    settings: RadiationSource
    library: tuple[Nuclide, ...]
    follower: Follower

    def step(self, state: Hall | None, fact: Fact) -> tuple[Hall, list[Finding]]:
        """Take one reading or spectrum. What has no place, comes late or twice, or is no number changes nothing."""
        hall = Hall() if state is None else state
        if fact.place is None:
            return hall, []
        if isinstance(fact.body, GammaSpectrum):
            self._name(hall, fact)
            return hall, []
        return hall, self._counted(hall, fact)

    def _name(self, hall: Hall, fact: Fact) -> None:
        """Remember what a spectrum shows beyond nature."""
        found, _ = nuclides_in(fact.body, self.library) if isinstance(fact.body, GammaSpectrum) else ([], 0)
        own = [one for one in found if one.use != NATURE]
        if own and fact.place is not None:
            hall.nuclide, hall.nuclide_at = own[0].name, fact.at
            hall.nuclide_lon, hall.nuclide_lat = fact.place.lon, fact.place.lat
            hall.alternatives = own[0].alternatives

    def _counted(self, hall: Hall, fact: Fact) -> list[Finding]:
        heard = self._heard(hall, fact)
        if heard is None:
            return []
        hall.recent = [one for one in hall.recent if fact.at - one.at <= self.settings.window_s][-RECENT_MAX:]
        hall.recent.append(self._reading(fact))
        hall.cited = [*hall.cited, fact.id][-self.settings.cited_max :]
        excited = hottest(hall, self.settings.sigmas, self.settings.ratio_min, fact.at)
        learned(hall, heard, hall.recent[-1], self.settings.memory_s, quiet=excited is None)
        if hall.since is not None and fact.at - hall.seen_at > self.settings.gap_s:
            hall.end()
        if excited is None or (hall.since is not None and fact.at - hall.fitted_at < self.settings.repeat_s / 2):
            return []
        return self._followed(hall, excited, fact)

    def _heard(self, hall: Hall, fact: Fact) -> Heard | None:
        """The counter, where this reading is news of it and it has been learned; else None."""
        rate, place = fact.body.counts_per_s if isinstance(fact.body, Counts) else inf, fact.place
        if place is None or not isfinite(rate) or rate < 0.0:
            return None
        heard = hall.counters.get(fact.source)
        if heard is None:
            if len(hall.counters) < self.settings.counters_max:
                hall.counters[fact.source] = Heard(lon=place.lon, lat=place.lat, mean=rate, last_at=fact.at)
            return None
        if fact.at <= heard.last_at:
            return None
        heard.lon, heard.lat = place.lon, place.lat
        if heard.n < self.settings.warmup:
            heard.mean += (rate - heard.mean) / (heard.n + 1)
            heard.n, heard.last_at = heard.n + 1, fact.at
            return None
        return heard

    def _reading(self, fact: Fact) -> Reading:
        body = fact.body
        live_s = body.live_s if body.live_s is not None and body.live_s > 0.0 else self.settings.count_s
        rate = body.counts_per_s if isinstance(body, Counts) else 0.0
        return Reading(source=fact.source, at=fact.at, counts=rate * live_s, live_s=live_s)

    def _followed(self, hall: Hall, excited: str, fact: Fact) -> list[Finding]:
        track = self.follower.fit(hall, excited, fact.at, self.settings.reach_m, self.settings.height_m)
        hall.fitted_at = fact.at
        if track is None or track.nats < self.settings.nats_min:
            return []
        return self.follower.told(hall, excited, track, fact, self.settings.repeat_s)
