"""A radiation counter that rises above its own background, by a test whose false alarms are set."""

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, exp, inf, log
from typing import Annotated, ClassVar

from msgspec import Meta, Struct
from msgspec.structs import replace

from tocsin.contract.bodies import Counts
from tocsin.contract.protocols import by_source
from tocsin.model import Figure, Finding, Level, Observation, derived_id

_YEAR_S = 365.25 * 86_400.0


class Background(Struct):
    """What one counter usually shows, and the rise that it is in.

    `sum` is the CUSUM in counts. `since` is when the rise began and `risen_at` when it was last seen, `readings`
    how many in a row exceed the reference, `recent` those not yet cited.
    """

    mean: float
    n: int = 1
    last_at: float = 0.0
    sum: float = 0.0
    since: float | None = None
    risen_at: float = 0.0
    readings: int = 0
    grade: str = ""
    cited_at: float = 0.0
    recent: list[str] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class RadiationRise:
    """Find a count rate that has risen above the counter's own background, as soon as chance no longer explains it.

    A CUSUM of Poisson counts: what exceeds the reference adds up, and rings at a threshold at which noise around a
    steady background rings `false_alarms_per_year` times (run length by the exact Markov chain). The reference is
    that of a rise to `ratio` times the background, and `drift` more: radon washed out by rain raises any counter
    by a fifth, and never adds up to an alarm. A rise is never learned.

    >>> from tocsin.contract.examples import counts
    >>> from tocsin.contract.folding import findings
    >>> findings(RadiationRise(), counts([100.0] * 60 + [240.0] * 2))[0].because
    '240 counts/s against a background of 100: 2.4 times, for 5 s; chance does this once a year at most.'

    References: E. S. Page (1954), Biometrika 41; D. Brook, D. A. Evans (1972), Biometrika 59; J. M. Lucas (1985),
    Technometrics 27, 129-144 (counts).
    """

    kind: ClassVar[str] = "cbrne.radiation"
    needs: ClassVar[Level] = Level.AMBIENT
    accepts: ClassVar[tuple[type, ...]] = (Counts,)
    key: ClassVar = by_source
    sees: ClassVar[tuple[str, ...]] = ("radiation",)
    default_nats: ClassVar[dict[str, float]] = {"rise": 1.5, "high": 3.0}

    false_alarms_per_year: Annotated[float, Meta(description="False alarms by noise, per counter and year.", gt=0)] = (
        1.0
    )
    ratio: Annotated[float, Meta(description="Times the background that is looked for, beyond rain.", gt=1)] = 1.5
    high_ratio: Annotated[float, Meta(description="Times the background for grade high.", gt=1)] = 10.0
    readings_min: Annotated[int, Meta(description="Readings in a row above the reference.", ge=1)] = 2
    warmup: Annotated[int, Meta(description="Readings learned before anything is judged.", ge=2)] = 30
    count_s: Annotated[float, Meta(description="Counting time of a reading that tells none, seconds.", gt=0)] = 1.0
    memory_s: Annotated[float, Meta(description="How slowly the background is learned, seconds.", gt=0)] = 1800.0
    drift: Annotated[float, Meta(description="Uncertainty of the background, as a part of it.", ge=0)] = 0.05
    calm_s: Annotated[float, Meta(description="Ordinary readings that end a rise, seconds.", gt=0)] = 60.0
    repeat_s: Annotated[float, Meta(description="How often a lasting rise is told again, seconds.", gt=0)] = 60.0
    cited_max: Annotated[int, Meta(description="Most readings cited at a time.", ge=1)] = 64

    def step(self, state: Background | None, fact: Observation[Counts]) -> tuple[Background | None, list[Finding]]:
        """Add one reading to the sum, then learn it unless it is a rise. Late and doubled readings change nothing."""
        rate = fact.body.counts_per_s
        if not 0.0 <= rate < inf:
            return state, []
        if state is None:
            return Background(mean=rate, last_at=fact.at), []
        if fact.at <= state.last_at:
            return state, []
        if state.n < self.warmup:
            return self._learned(state, rate, fact.at), []
        return self._judged(state, fact)

    def _judged(self, state: Background, fact: Observation[Counts]) -> tuple[Background, list[Finding]]:
        live_s = fact.body.live_s if fact.body.live_s is not None and fact.body.live_s > 0.0 else self.count_s
        expected = max(state.mean * live_s, 1.0) * (1.0 + self.drift)
        above = fact.body.counts_per_s * live_s - expected * (self.ratio - 1.0) / log(self.ratio)
        every_s = min(max(fact.at - state.last_at, 0.1), 3_600.0)
        run_length = 1.1 * _YEAR_S / self.false_alarms_per_year / _rounded(every_s)
        threshold = _threshold(_rounded(expected), self.ratio, run_length)
        total = min(max(0.0, state.sum + above), 2.0 * threshold)
        if above > 0.0 and total >= threshold:
            return self._risen(replace(state, sum=total), fact)
        return self._ordinary(replace(state, sum=total), fact, learns=total < threshold / 2.0), []

    def _ordinary(self, state: Background, fact: Observation[Counts], *, learns: bool) -> Background:
        """A reading that is no rise: learned where the sum is low, unless a rise has only just been told."""
        if state.grade and fact.at - state.risen_at >= self.calm_s:
            state = Background(mean=state.mean, n=state.n, last_at=state.last_at)
        if not state.grade and learns:
            return self._learned(state, fact.body.counts_per_s, fact.at)
        state.last_at, state.readings = fact.at, 0
        return state

    def _learned(self, state: Background, rate: float, at: float) -> Background:
        """Learn the mean: by counting while warming up, then with a slow exponential memory."""
        elapsed_s = min(at - state.last_at, self.memory_s)
        part = 1.0 / (state.n + 1) if state.n < self.warmup else 1.0 - exp(-elapsed_s / self.memory_s)
        mean = state.mean + part * (rate - state.mean)
        return Background(mean=mean, n=min(state.n + 1, 1_000_000), last_at=at, sum=state.sum)

    def _grade(self, state: Background, rate: float) -> str:
        return "high" if rate >= self.high_ratio * max(state.mean, 1.0) else "rise"

    def _is_told(self, state: Background, grade: str, at: float) -> bool:
        """Whether this grade, or a higher one, was told a short while ago."""
        return state.grade in ("high", grade) and at - state.cited_at < self.repeat_s

    def _risen(self, state: Background, fact: Observation[Counts]) -> tuple[Background, list[Finding]]:
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
        finding = self._finding(fact, risen)
        risen.cited_at, risen.recent = fact.at, []
        return risen, [finding]

    def _finding(self, fact: Observation[Counts], risen: Background) -> Finding:
        rate = fact.body.counts_per_s
        since = fact.at if risen.since is None else risen.since
        often = "once a year" if self.false_alarms_per_year == 1.0 else f"{self.false_alarms_per_year:g} times a year"
        return Finding(
            id=derived_id("f", self.kind, fact.source, since),
            at=fact.at,
            origin=fact.origin,
            kind=self.kind,
            subject=fact.source,
            because=f"{rate:.3g} counts/s against a background of {risen.mean:.3g}: "
            f"{rate / max(risen.mean, 1e-9):.2g} times, for {fact.at - since:.0f} s; "
            f"chance does this {often} at most.",
            evidence=tuple(risen.recent),
            source=fact.source,
            detector=self.kind,
            grade=risen.grade,
            place=fact.place,
            since=since,
            measure=rate,
            unit="counts/s",
            figures=(
                Figure(name="count rate", value=round(rate, 1), unit="1/s"),
                Figure(name="background there", value=round(risen.mean, 1), unit="1/s"),
            ),
        )


def _rounded(number: float) -> float:
    """A number as the next larger power of 1.1, so that few thresholds are computed.

    >>> round(_rounded(500.0), 1)
    539.4
    """
    return float(1.1 ** ceil(round(log(number) / log(1.1), 9)))


@lru_cache(maxsize=1024)
def _threshold(expected: float, ratio: float, run_length: float) -> float:
    from tocsin.physics.sequential import cusum_for_counts

    return cusum_for_counts(expected, ratio, run_length).threshold
