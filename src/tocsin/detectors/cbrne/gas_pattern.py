"""Which gas an electronic nose smells, while its sensors drift; it says "don't know" where that is so."""

from collections import Counter
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta, Struct

from tocsin.contract.noses import GasPattern
from tocsin.contract.protocols import by_source
from tocsin.contract.resources import Resources
from tocsin.model import ConfigError, Finding, Level, Observation, derived_id

if TYPE_CHECKING:
    from tocsin.physics.drift import Committee, Layout

_TOXIC = "agents/aegl.yaml"
_MONTH_S = 30.44 * 86_400.0
_PER_SENSOR = 8


class Answer(Struct, frozen=True, kw_only=True):
    """What was made of one exposure: the likeliest gas, whether it is sure enough to be said, and how sure."""

    gas: str
    sure: bool
    agreement: float
    probability: float


class Nose(Struct):
    """One instrument: calibration exposures until the first unknown one, then its judges; and the gas being told."""

    last_at: float
    taught: list[tuple[float, ...]] = []
    names: list[str] = []
    gases: list[str] = []
    judges: list[bytes] = []
    gas: str = ""
    since: float = 0.0
    seen_at: float = 0.0
    readings: int = 0
    cited_at: float = 0.0
    recent: list[str] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class GasPatterns:
    """Find gases that an electronic nose was calibrated to, and follow its sensors as they drift, without labels.

    Exposures to known gases (`known`) calibrate it. Every later one is judged by nine judges who differ in how
    they think that sensors drift; only where all (`agreement_min`) name the same gas is it said. Each exposure
    teaches the judges; one to a known gas teaches it for certain.

    >>> from tocsin.contract.examples import noses
    >>> from tocsin.contract.folding import findings
    >>> findings(GasPatterns(), noses(["ammonia", "ethanol"], then=["ammonia"] * 4))[0].because
    'Smells of ammonia: 9 of 9 judges agree, 3 exposures in a row.'

    References: A. Vergara et al. (2012), Sensors and Actuators B 166-167, 320-329 (the drift that is meant).
    """

    kind: ClassVar[str] = "cbrne.gas-pattern"
    needs: ClassVar[Level] = Level.AMBIENT
    accepts: ClassVar[tuple[type, ...]] = (GasPattern,)
    key: ClassVar = by_source
    sees: ClassVar[tuple[str, ...]] = ()
    default_nats: ClassVar[dict[str, float]] = {"toxic": 2.0, "other": 0.1}

    replicas: Annotated[
        tuple[tuple[int, ...], ...], Meta(description="Groups of like sensors, by number from 0; empty: none alike.")
    ] = ()
    agreement_min: Annotated[float, Meta(description="Share of judges who must agree.", gt=0.5, le=1)] = 1.0
    readings_min: Annotated[int, Meta(description="Sure exposures in a row.", ge=1)] = 3
    each_min: Annotated[int, Meta(description="Calibration exposures needed of each gas.", ge=3)] = 8
    taught_max: Annotated[int, Meta(description="Most calibration exposures kept.", ge=20)] = 600
    gap_s: Annotated[float, Meta(description="Longest pause within one episode, seconds.", gt=0)] = 600.0
    repeat_s: Annotated[float, Meta(description="How often a lasting episode is told again, seconds.", gt=0)] = 60.0
    cited_max: Annotated[int, Meta(description="Most exposures cited at a time.", ge=1)] = 64

    def start(self, resources: Resources) -> "Smelling":
        """Read which gases are toxic from the content; raises ConfigError for groups that overlap."""
        numbers = [number for group in self.replicas for number in group]
        if sorted(numbers) != list(range(len(numbers))):
            raise ConfigError(f"{self.kind}: `replicas` must name every sensor from 0 on once.")
        return Smelling(self, frozenset(resources.document(_TOXIC)["agents"]))


@dataclass(frozen=True, slots=True)
class Smelling:
    """GasPatterns at work."""

    settings: GasPatterns
    toxic: frozenset[str]

    def step(self, state: Nose | None, fact: Observation[GasPattern]) -> tuple[Nose | None, list[Finding]]:
        """Learn a calibration exposure, or judge one. Late, doubled and broken ones change nothing."""
        state, answer = self.judge(state, fact)
        if state is None or answer is None:
            return state, []
        return state, self._told(state, fact, answer)

    def judge(self, state: Nose | None, fact: Observation[GasPattern]) -> tuple[Nose | None, Answer | None]:
        """The answer to one exposure, where there can be one."""
        if not self._is_whole(state, fact.body) or (state is not None and fact.at <= state.last_at):
            return state, None
        nose = Nose(last_at=fact.at) if state is None else state
        months, nose.last_at = (fact.at - nose.last_at) / _MONTH_S, fact.at
        if not nose.judges:
            if fact.body.known:
                self._teach(nose, fact.body)
                return nose, None
            if not self._calibrate(nose):
                return nose, None
        return nose, self._judged(nose, fact.body, months)

    def _is_whole(self, state: Nose | None, body: GasPattern) -> bool:
        """Whether it has eight finite numbers per sensor, of as many sensors as before."""
        sensors = sum(map(len, self.settings.replicas)) or len(body.features) // _PER_SENSOR
        size = len(state.taught[0]) if state is not None and state.taught else sensors * _PER_SENSOR
        return len(body.features) == size >= 2 * _PER_SENSOR and all(map(isfinite, body.features))

    def _teach(self, nose: Nose, body: GasPattern) -> None:
        nose.taught = [*nose.taught, body.features][-self.settings.taught_max :]
        nose.names = [*nose.names, body.known][-self.settings.taught_max :]

    def _layout(self, sensors: int) -> "Layout":
        from tocsin.physics.drift import Layout

        return Layout(self.settings.replicas or tuple((number,) for number in range(sensors)))

    def _calibrate(self, nose: Nose) -> bool:
        """Make the judges of what was taught; False where too little was."""
        import numpy as np

        from tocsin.physics.drift import Committee

        counted = Counter(nose.names)
        gases = sorted(gas for gas, count in counted.items() if count >= self.settings.each_min)
        if len(gases) < 2:
            return False
        rows = [row for row, name in enumerate(nose.names) if name in gases]
        features = np.array([nose.taught[row] for row in rows])
        labels = np.array([gases.index(nose.names[row]) for row in rows])
        committee = Committee.of(self._layout(features.shape[1] // _PER_SENSOR), features, labels)
        nose.gases, nose.judges = gases, committee.packed()
        nose.taught, nose.names = nose.taught[:1], []
        return True

    def _judged(self, nose: Nose, body: GasPattern, months: float) -> Answer | None:
        import numpy as np

        from tocsin.physics.drift import Committee

        features = np.array(body.features)
        committee = Committee.unpacked(nose.judges, self._layout(len(features) // _PER_SENSOR), len(nose.gases))
        committee.pass_time(months)
        answer = None
        if body.known in nose.gases:
            committee.teach(features, nose.gases.index(body.known))
        elif not body.known:
            answer = self._answer(nose, committee, features)
        nose.judges = committee.packed()
        return answer

    def _answer(self, nose: Nose, committee: "Committee", features: object) -> Answer:
        judged = committee.judge(features)  # type: ignore[arg-type]  # an array, and NumPy is imported late
        return Answer(
            gas=nose.gases[judged.gas],
            sure=judged.agreement >= self.settings.agreement_min,
            agreement=judged.agreement,
            probability=judged.probability,
        )

    def _told(self, nose: Nose, fact: Observation[GasPattern], answer: Answer) -> list[Finding]:
        """Count a sure answer into the episode, and tell it when it is news."""
        if not answer.sure:
            nose.readings = 0
            return []
        if answer.gas != nose.gas or fact.at - nose.seen_at > self.settings.gap_s:
            nose.gas, nose.since, nose.readings, nose.cited_at, nose.recent = answer.gas, fact.at, 0, 0.0, []
        nose.seen_at, nose.readings = fact.at, nose.readings + 1
        nose.recent = [*nose.recent, fact.id][-self.settings.cited_max :]
        if nose.readings < self.settings.readings_min or fact.at - nose.cited_at < self.settings.repeat_s:
            return []
        finding = self._finding(nose, fact, answer)
        nose.cited_at, nose.recent = fact.at, []
        return [finding]

    def _finding(self, nose: Nose, fact: Observation[GasPattern], answer: Answer) -> Finding:
        from tocsin.physics.drift import COMMITTEE

        kind, agree = self.settings.kind, round(answer.agreement * len(COMMITTEE))
        return Finding(
            id=derived_id("f", kind, fact.source, answer.gas, nose.since),
            at=fact.at,
            origin=fact.origin,
            kind=kind,
            subject=answer.gas,
            because=f"Smells of {answer.gas}: {agree} of {len(COMMITTEE)} judges agree, "
            f"{nose.readings} exposures in a row.",
            evidence=tuple(nose.recent),
            source=fact.source,
            detector=kind,
            grade="toxic" if answer.gas in self.toxic else "other",
            place=fact.place,
            since=nose.since,
        )
