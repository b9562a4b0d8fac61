"""Toxic gas against the levels and durations of AEGL."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from tocsin.contract.agents import AEGL, Limits, level_ppm, limits_from
from tocsin.contract.bodies import Concentration
from tocsin.contract.protocols import by_source
from tocsin.contract.resources import Resources
from tocsin.model import Finding, Level, Observation, derived_id

_BIN_S = 60.0
_SATURATED = frozenset({"saturated", "out-of-range"})
_URGENT_MIN = 60.0


class Exposure(Struct):
    """One substance at one sensor: the dose per minute, and what holds now.

    `dose` is in ppm·s; `exposed_s` and `exposed_readings` count the episode's readings that matter.
    `held` gives per grade since when, and for how many readings, it has been exceeded; `recent` are the ids of
    readings not yet cited.
    """

    last_at: float
    last_ppm: float = 0.0
    exposed_s: float = 0.0
    exposed_readings: int = 0
    dose: dict[int, float] = {}
    held: dict[str, tuple[float, int]] = {}
    since: float | None = None
    calm_at: float | None = None
    grade: str = ""
    cited_at: float = 0.0
    recent: list[str] = []


class Exposures(Struct):
    """All substances of one sensor that the table knows."""

    by_substance: dict[str, Exposure] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Toxic:
    """Find concentrations that exceed AEGL-1, -2 or -3 for long enough to be more than a spike.

    A grade is reached at its 10-minute value, held for `hold_s` and some readings, or when the
    time-weighted mean over a tabulated duration (or that of the episode) exceeds the value for
    that duration. One episode is one finding; a rising grade replaces the weight.

    >>> from tocsin.contract.examples import gas
    >>> from tocsin.contract.folding import findings
    >>> findings(Toxic(), gas([0.0, 4.2, 4.2, 4.2, 4.2]))[0].because
    '4.2 ppm chlorine for 15 s, above AEGL-2 (10 min: 2.8 ppm).'

    References: US EPA, Acute Exposure Guideline Levels; ten Berge et al. (1986), J. Hazard. Mater. 13.
    """

    kind: ClassVar[str] = "cbrne.toxic"
    needs: ClassVar[Level] = Level.AMBIENT
    accepts: ClassVar[tuple[type, ...]] = (Concentration,)
    key: ClassVar = by_source
    sees: ClassVar[tuple[str, ...]] = ("toxic",)
    default_nats: ClassVar[dict[str, float]] = {"aegl-1": 1.0, "aegl-2": 3.0, "aegl-3": 3.0}

    hold_s: Annotated[float, Meta(description="How long AEGL-2 or -3 must hold, seconds.", gt=0)] = 12.0
    hold_1_s: Annotated[float, Meta(description="How long AEGL-1 must hold, seconds.", gt=0)] = 15.0
    readings_min: Annotated[int, Meta(description="Readings in a row for AEGL-1 and -2.", ge=1)] = 3
    readings_3_min: Annotated[int, Meta(description="Readings in a row for AEGL-3.", ge=1)] = 2
    gap_s_max: Annotated[float, Meta(description="Longest time that one reading stands for, seconds.", gt=0)] = 60.0
    calm_s: Annotated[float, Meta(description="Clean air that ends an episode, seconds.", gt=0)] = 600.0
    repeat_s: Annotated[float, Meta(description="How often a lasting episode is told again, seconds.", gt=0)] = 60.0
    cited_max: Annotated[int, Meta(description="Most readings cited at a time.", ge=1)] = 64

    def start(self, resources: Resources) -> "_Judge":
        """Read the table of levels from the content."""
        return _Judge(self, limits_from(resources.document(AEGL)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reached:
    """A grade that holds, the end of the sentence that says why, and whether life is at stake."""

    grade: str
    because: str
    life: bool


@dataclass(frozen=True, slots=True)
class _Judge:
    """The running stage: the declaration and the table."""

    rule: Toxic
    limits: dict[str, Limits]

    def step(self, state: Exposures | None, fact: Observation[Concentration]) -> tuple[Exposures, list[Finding]]:
        """Add one reading to the exposure of its substance. Late and doubled readings change nothing."""
        exposures = Exposures() if state is None else state
        limits = self.limits.get(fact.body.substance)
        ppm = level_ppm(fact.body)
        found = [] if limits is None or ppm is None else self._taken(exposures, limits, ppm, fact)
        return exposures, found

    def _taken(
        self, exposures: Exposures, limits: Limits, ppm: float, fact: Observation[Concentration]
    ) -> list[Finding]:
        exposure = exposures.by_substance.get(fact.body.substance)
        if exposure is None:
            exposure = exposures.by_substance[fact.body.substance] = Exposure(last_at=fact.at)
        elif fact.at <= exposure.last_at:
            return []
        self._expose(exposure, limits, ppm, fact)
        exposure.last_at, exposure.last_ppm = fact.at, ppm
        return self._told(exposure, limits, ppm, fact)

    def _expose(self, exposure: Exposure, limits: Limits, ppm: float, fact: Observation[Concentration]) -> None:
        """Take the reading into dose, episode and held grades."""
        onset = limits.onset_ppm
        elapsed_s = fact.at - exposure.last_at
        if ppm >= onset:
            self._breathe(exposure, limits, ppm, fact.at, min(elapsed_s, self.rule.gap_s_max))
            self._lasts(exposure, fact)
        elif exposure.since is not None:
            self._calm(exposure, fact.at)
        exposure.dose = _remembered(exposure.dose, fact.at - 60.0 * limits.minutes[-1])
        if ppm >= onset or exposure.held:
            exposure.held = self._held(exposure.held, limits, ppm, fact.at, elapsed_s)

    def _lasts(self, exposure: Exposure, fact: Observation[Concentration]) -> None:
        """The episode goes on, or begins."""
        exposure.since = fact.at if exposure.since is None else exposure.since
        exposure.calm_at = None
        exposure.recent = [*exposure.recent, fact.id][-self.rule.cited_max :]

    def _calm(self, exposure: Exposure, at: float) -> None:
        """Clean air: after enough of it, the episode is over."""
        exposure.calm_at = at if exposure.calm_at is None else exposure.calm_at
        if at - exposure.calm_at >= self.rule.calm_s:
            exposure.since, exposure.calm_at, exposure.grade, exposure.recent = None, None, "", []
            exposure.exposed_s, exposure.exposed_readings = 0.0, 0

    @staticmethod
    def _breathe(exposure: Exposure, limits: Limits, ppm: float, at: float, lasting_s: float) -> None:
        """Add to the dose (trapezoid); one odd reading counts no more than the highest 10-minute value."""
        most = max(values[0] for values in limits.ppm.values())
        minute = int(at // _BIN_S)
        mean = (min(ppm, most) + min(exposure.last_ppm, most)) / 2
        exposure.dose[minute] = exposure.dose.get(minute, 0.0) + mean * lasting_s
        exposure.exposed_s += lasting_s
        exposure.exposed_readings += 1

    def _held(
        self, held: dict[str, tuple[float, int]], limits: Limits, ppm: float, at: float, elapsed_s: float
    ) -> dict[str, tuple[float, int]]:
        now: dict[str, tuple[float, int]] = {}
        for grade in limits.ppm:
            since, readings = held.get(grade, (at, 0))
            if elapsed_s > self.rule.gap_s_max:
                since, readings = at, 0
            if ppm >= limits.ppm[grade][0]:
                now[grade] = (since, readings + 1)
        return now

    def _told(self, exposure: Exposure, limits: Limits, ppm: float, fact: Observation[Concentration]) -> list[Finding]:
        """A finding when a grade is reached, and again while it lasts."""
        exposed = exposure.since is not None and exposure.calm_at is None
        reached = self._reached(exposure, limits, fact.at) if exposed else None
        if reached is None or not self._is_news(exposure, reached, fact.at):
            return []
        exposure.grade, exposure.cited_at = reached.grade, fact.at
        finding = _finding(fact, exposure, reached, ppm)
        exposure.recent = []
        return [finding]

    def _is_news(self, exposure: Exposure, reached: _Reached, at: float) -> bool:
        if not exposure.recent or reached.grade < exposure.grade:
            return False
        return reached.grade > exposure.grade or at - exposure.cited_at >= self.rule.repeat_s

    def _reached(self, exposure: Exposure, limits: Limits, at: float) -> _Reached | None:
        """The highest grade that holds now."""
        means = _means(exposure, limits, at)
        for grade in sorted(limits.ppm, reverse=True):
            if self._sustained(exposure, grade, at):
                value = f"{grade.upper()} (10 min: {limits.ppm[grade][0]:g} ppm{limits.doubt})"
                lasted = f"for {at - exposure.held[grade][0]:.0f} s, above {value}"
                return _Reached(grade=grade, because=lasted, life=grade != "aegl-1")
            if self._lasting(exposure, grade) and (reached := _exceeded(means, limits, grade)):
                return reached
        return None

    def _sustained(self, exposure: Exposure, grade: str, at: float) -> bool:
        since, readings = exposure.held.get(grade, (at, 0))
        readings_min = self.rule.readings_3_min if grade == "aegl-3" else self.rule.readings_min
        return readings >= readings_min and at - since >= self._hold_s(grade)

    def _lasting(self, exposure: Exposure, grade: str) -> bool:
        return exposure.exposed_readings >= self.rule.readings_min and exposure.exposed_s >= self._hold_s(grade)

    def _hold_s(self, grade: str) -> float:
        return self.rule.hold_1_s if grade == "aegl-1" else self.rule.hold_s


def _finding(fact: Observation[Concentration], exposure: Exposure, reached: _Reached, ppm: float) -> Finding:
    least = "At least " if ppm < fact.body.ppm or _SATURATED.intersection(fact.body.flags) else ""
    return Finding(
        id=derived_id("f", Toxic.kind, fact.source, fact.body.substance, exposure.since),
        at=fact.at,
        origin=fact.origin,
        kind=Toxic.kind,
        subject=fact.body.substance,
        because=f"{least}{ppm:.3g} ppm {fact.body.substance} {reached.because}.",
        evidence=tuple(exposure.recent),
        source=fact.source,
        detector=Toxic.kind,
        grade=reached.grade,
        place=fact.place,
        since=exposure.since,
        measure=ppm,
        unit="ppm",
        life=reached.life,
    )


def _remembered(dose: dict[int, float], since: float) -> dict[int, float]:
    oldest = int(since // _BIN_S)
    return {minute: taken for minute, taken in dose.items() if minute > oldest}


def _means(exposure: Exposure, limits: Limits, at: float) -> list[tuple[float, float]]:
    """Minutes and mean, in ppm, of each duration of the table and of the episode's own, shortest first.

    Air that was not measured, or was below every level, counts as clean.
    """
    lasted = min(max((at - (exposure.since or at)) / 60.0, limits.minutes[0]), limits.minutes[-1])
    durations = sorted({*limits.minutes, lasted})
    newest_first = sorted(exposure.dose.items(), reverse=True)
    means, total, n = [], 0.0, 0
    for minutes in durations:
        begin = (at - 60.0 * minutes) / _BIN_S
        while n < len(newest_first) and newest_first[n][0] >= begin:
            total += newest_first[n][1]
            n += 1
        means.append((minutes, total / (60.0 * minutes)))
    return means


def _exceeded(means: list[tuple[float, float]], limits: Limits, grade: str) -> _Reached | None:
    """The shortest duration whose mean exceeds its value for this grade, if any."""
    for minutes, mean in means:
        limit = limits.at(grade, minutes)
        if limit is not None and mean >= limit:
            value = f"{grade.upper()} ({limit:.3g} ppm{limits.doubt})"
            because = f"now, a mean of {mean:.3g} ppm over {minutes:.0f} min, above {value}"
            return _Reached(grade=grade, because=because, life=_threatens_life(grade, minutes))
    return None


def _threatens_life(grade: str, minutes: float) -> bool:
    return grade == "aegl-3" or (grade != "aegl-1" and minutes <= _URGENT_MIN)
