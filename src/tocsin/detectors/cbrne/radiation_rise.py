"""A radiation counter that rises above its own background."""

from dataclasses import dataclass
from math import exp, inf, sqrt
from typing import Annotated, ClassVar

from msgspec import Meta, Struct
from msgspec.structs import replace

from tocsin.contract.bodies import Counts
from tocsin.contract.protocols import by_source
from tocsin.model import Finding, Level, Observation, derived_id


class Background(Struct):
    """What one counter usually shows, and the rise that it is in.

    `since` is when the rise began and `risen_at` when it was last seen, `readings` how many in
    a row show it, `recent` those not yet cited.
    """

    mean: float
    n: int = 1
    last_at: float = 0.0
    since: float | None = None
    risen_at: float = 0.0
    readings: int = 0
    grade: str = ""
    cited_at: float = 0.0
    recent: list[str] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class RadiationRise:
    """Find a count rate that exceeds the counter's own background by chance in no credible way.

    A rise needs both: `sigmas` deviations (Poisson noise of reading and background, after
    Currie, with the drift of the background added), and `ratio` times the background, because
    radon washed out by rain raises any counter slowly by a third. A rise is never learned.

    >>> from tocsin.contract.examples import counts
    >>> from tocsin.contract.folding import findings
    >>> findings(RadiationRise(), counts([100.0] * 60 + [240.0] * 2))[0].because
    '240 counts/s against a background of 100: 2.4 times, 12.4 sigma, for 5 s.'

    References: L. A. Currie (1968), Limits for qualitative detection and quantitative
    determination, Anal. Chem. 40, 586-593.
    """

    kind: ClassVar[str] = "cbrne.radiation"
    needs: ClassVar[Level] = Level.AMBIENT
    accepts: ClassVar[tuple[type, ...]] = (Counts,)
    key: ClassVar = by_source
    sees: ClassVar[tuple[str, ...]] = ("radiation",)
    default_nats: ClassVar[dict[str, float]] = {"rise": 1.5, "high": 3.0}

    sigmas: Annotated[float, Meta(description="Deviations above background.", gt=0)] = 5.0
    ratio: Annotated[float, Meta(description="Times the background, beyond what rain does.", gt=1)] = 1.5
    high_ratio: Annotated[float, Meta(description="Times the background for grade high.", gt=1)] = 10.0
    readings_min: Annotated[int, Meta(description="Readings in a row.", ge=1)] = 2
    warmup: Annotated[int, Meta(description="Readings learned before anything is judged.", ge=2)] = 30
    count_s: Annotated[float, Meta(description="Counting time behind one reading, seconds.", gt=0)] = 1.0
    memory_s: Annotated[float, Meta(description="How slowly the background is learned, seconds.", gt=0)] = 1800.0
    drift: Annotated[float, Meta(description="Uncertainty of the background, as a part of it.", ge=0)] = 0.05
    calm_s: Annotated[float, Meta(description="Ordinary readings that end a rise, seconds.", gt=0)] = 60.0
    repeat_s: Annotated[float, Meta(description="How often a lasting rise is told again, seconds.", gt=0)] = 60.0
    cited_max: Annotated[int, Meta(description="Most readings cited at a time.", ge=1)] = 64

    def step(self, state: Background | None, fact: Observation[Counts]) -> tuple[Background | None, list[Finding]]:
        """Judge one reading, then learn it unless it is a rise. Late and doubled readings change nothing."""
        rate = fact.body.counts_per_s
        if not 0.0 <= rate < inf:
            return state, []
        if state is None:
            return Background(mean=rate, last_at=fact.at), []
        if fact.at <= state.last_at:
            return state, []
        sigma = self._sigma(state, rate)
        return self._risen(state, fact, sigma) if self._rises(state, rate, sigma) else (self._ordinary(state, fact), [])

    def _rises(self, state: Background, rate: float, sigma: float) -> bool:
        return state.n >= self.warmup and sigma >= self.sigmas and rate >= self.ratio * state.mean

    def _ordinary(self, state: Background, fact: Observation[Counts]) -> Background:
        """A reading that is no rise: learned, unless a rise has only just been told."""
        if not state.grade or fact.at - state.risen_at >= self.calm_s:
            return self._learned(state, fact.body.counts_per_s, fact.at)
        state.last_at, state.readings = fact.at, 0
        return state

    def _sigma(self, state: Background, rate: float) -> float:
        """Deviation in units of the noise of both; a background below one count is taken as one."""
        expected = max(state.mean * self.count_s, 1.0)
        noise = sqrt(expected * (1.0 + 1.0 / state.n) + (self.drift * expected) ** 2)
        return (rate * self.count_s - expected) / noise

    def _learned(self, state: Background, rate: float, at: float) -> Background:
        """Learn the mean: by counting while warming up, then with a slow exponential memory."""
        elapsed_s = min(at - state.last_at, self.memory_s)
        part = 1.0 / (state.n + 1) if state.n < self.warmup else 1.0 - exp(-elapsed_s / self.memory_s)
        return Background(mean=state.mean + part * (rate - state.mean), n=min(state.n + 1, 1_000_000), last_at=at)

    def _grade(self, state: Background, rate: float) -> str:
        return "high" if rate >= self.high_ratio * max(state.mean, 1.0) else "rise"

    def _is_told(self, state: Background, grade: str, at: float) -> bool:
        """Whether this grade, or a higher one, was told a short while ago."""
        return state.grade in ("high", grade) and at - state.cited_at < self.repeat_s

    def _risen(self, state: Background, fact: Observation[Counts], sigma: float) -> tuple[Background, list[Finding]]:
        grade = self._grade(state, fact.body.counts_per_s)
        risen = replace(
            state,
            last_at=fact.at,
            since=fact.at if state.since is None else state.since,
            risen_at=fact.at,
            readings=state.readings + 1,
            recent=[*state.recent, fact.id][-self.cited_max :],
        )
        if risen.readings < self.readings_min or self._is_told(state, grade, fact.at):
            return risen, []
        risen.grade = "high" if state.grade == "high" else grade
        finding = self._finding(fact, risen, sigma)
        risen.cited_at, risen.recent = fact.at, []
        return risen, [finding]

    def _finding(self, fact: Observation[Counts], risen: Background, sigma: float) -> Finding:
        rate = fact.body.counts_per_s
        since = fact.at if risen.since is None else risen.since
        return Finding(
            id=derived_id("f", self.kind, fact.source, since),
            at=fact.at,
            origin=fact.origin,
            kind=self.kind,
            subject=fact.source,
            because=f"{rate:.3g} counts/s against a background of {risen.mean:.3g}: "
            f"{rate / max(risen.mean, 1e-9):.2g} times, {sigma:.1f} sigma, for {fact.at - since:.0f} s.",
            evidence=tuple(risen.recent),
            source=fact.source,
            detector=self.kind,
            grade=risen.grade,
            place=fact.place,
            since=since,
            measure=rate,
            unit="counts/s",
        )
