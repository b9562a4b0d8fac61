"""The running detector: takes bangs and weather, searches for common sources, and tells of bursts."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import cos as cosine
from math import hypot, radians
from math import sin as sine

import numpy as np

from tocsin.contract.bodies import Quantity, Wind
from tocsin.contract.sounds import Impulse
from tocsin.detectors.sound.shot.judging import judged
from tocsin.detectors.sound.shot.memory import (
    BANGS_MAX,
    BURSTS_MAX,
    EVIDENCE_MAX,
    FIRED_MAX,
    FRESH_S,
    KNOWN_MAX,
    Bang,
    Burst,
    Fired,
    Listening,
    bang_of,
)
from tocsin.detectors.sound.shot.parameters import Placing
from tocsin.detectors.sound.shot.telling import axes_m, finding_of, heard_of
from tocsin.model import Fact, Finding, Observation, Place, derived_id
from tocsin.physics.sound import Heard, Located, Locating, Weather, airborne_nats, located

SEARCHES_PER_S_MAX = 20
"""Most searches per second of event time; what comes beyond is counted in the state and searched with the next bang."""

ECHO_S = 1.5
"""So long after a bang's direct sound another one at the same microphone may be its echo."""

SLACK_S = 0.3
SIGMAS = 4.0
DIRECT_MIN = 0.5
SAME_PLACE_M = 30.0
FEW, FEW_NATS = 6, 1.0
"""With fewer microphones than this more must speak for a shot: what speaks against one comes with the others."""

ORDINARY = Weather()
KNOWN_SD = 1.5
"""How far weather at a station may be from that on the way of the sound: kelvin, and m/s per direction."""


@dataclass(frozen=True, slots=True)
class Folding:
    """The declaration at work."""

    rule: Placing
    _calm: Locating = field(init=False)

    def __post_init__(self) -> None:
        calm = Locating(clock_sd_s=self.rule.clock_sd_s, late_share=self.rule.late_share)
        object.__setattr__(self, "_calm", calm)

    def step(
        self, state: Listening | None, fact: Observation[Impulse] | Observation[Wind] | Observation[Quantity]
    ) -> tuple[Listening, Sequence[Fact]]:
        """Take one bang, or what the weather is."""
        memory = Listening() if state is None else state
        told: list[Finding] = []
        match fact.body:
            case Impulse():
                told = self._banged(memory, fact, fact.body)
            case Wind(speed_m_s=speed, from_deg=bearing) if 0.0 <= speed < 60.0:
                turn = radians(bearing)
                memory.wind = (fact.at, -speed * sine(turn), -speed * cosine(turn))
            case Quantity(name="temperature", unit="Cel", value=warm) if -60.0 < warm < 60.0:
                memory.temperature = (fact.at, warm)
        return memory, [*told, *self._alone(memory, fact)]

    def _banged(self, memory: Listening, fact: Observation[Impulse], body: Impulse) -> list[Finding]:
        known = fact.id in memory.known
        late = fact.at < memory.newest - 2.0 * self.rule.window_s
        if known or late or fact.place is None or "n-wave" in body.flags:
            return []
        memory.known = [*memory.known, fact.id][-KNOWN_MAX:]
        memory.zero = memory.zero or (fact.place.lon, fact.place.lat)
        bang = bang_of(fact, fact.place, memory.zero)
        self._forget(memory, fact.at)
        told = self._explained(memory, bang, fact)
        if told is not None:
            return told
        memory.bangs = [*memory.bangs, bang][-BANGS_MAX:]
        return self._searched(memory, bang, fact)

    def _forget(self, memory: Listening, at: float) -> None:
        memory.newest = max(memory.newest, at)
        memory.bangs = [one for one in memory.bangs if one.at > memory.newest - 2.0 * self.rule.window_s]
        memory.bursts = [one for one in memory.bursts if one.until > memory.newest - FRESH_S][-BURSTS_MAX:]
        memory.heard = {name: until for name, until in memory.heard.items() if until > memory.newest}

    # --- bangs of sources that are known already ---

    def _explained(self, memory: Listening, bang: Bang, fact: Observation[Impulse]) -> list[Finding] | None:
        """What follows where a bang already located explains this one; None where none does."""
        for burst in reversed(memory.bursts):
            for number, fired in reversed(list(enumerate(burst.fired))):
                off_s = _late_s(fired, bang)
                reach = SIGMAS * hypot(self.rule.clock_sd_s, axes_m(fired, 0.4)[0] / fired.speed_m_s)
                if abs(off_s) <= reach and all(one.source != bang.source for one in fired.bangs):
                    return self._joined(memory, burst, number, bang, fact)
                if 0.0 < off_s <= ECHO_S:
                    burst.echoes += 1
                    return []
        return None

    def _joined(
        self, memory: Listening, burst: Burst, number: int, bang: Bang, fact: Observation[Impulse]
    ) -> list[Finding]:
        """One more microphone heard a bang: place it anew."""
        burst.evidence = [*burst.evidence, bang.id][-EVIDENCE_MAX:]
        fired = burst.fired[number]
        fired.bangs = [*fired.bangs, bang]
        if self._may_search(memory, bang.at):
            found = self._found(memory, fired.bangs)
            burst.fired[number] = fired if found is None else self._fired(memory, fired.bangs, found)
        return self._told(memory, burst, fact)

    # --- new sources ---

    def _may_search(self, memory: Listening, at: float) -> bool:
        since, count = memory.searches
        if at - since >= 1.0 or at < since:
            since, count = at, 0
        memory.searches = (since, count + 1)
        memory.shed += count >= SEARCHES_PER_S_MAX
        return count < SEARCHES_PER_S_MAX

    def _searched(self, memory: Listening, bang: Bang, fact: Observation[Impulse]) -> list[Finding]:
        """Look for one source of this bang and others that nobody explained."""
        near = [one for one in memory.bangs if self._may_belong(one, bang)]
        if len({one.source for one in near}) < self.rule.microphones_min or not self._may_search(memory, bang.at):
            return []
        found = self._found(memory, near)
        if found is None or not self._convinces(near, found):
            return []
        return self._told(memory, self._enlisted(memory, near, found), fact)

    def _may_belong(self, one: Bang, bang: Bang) -> bool:
        """Whether both may be of one source: no farther apart in time than sound takes between them."""
        travel_s = hypot(one.east_m - bang.east_m, one.north_m - bang.north_m) / 320.0
        return abs(one.at - bang.at) <= min(self.rule.window_s, travel_s + SLACK_S)

    def _found(self, memory: Listening, bangs: list[Bang]) -> Located | None:
        rule, weather = self._believed(memory)
        return located(heard_at(bangs)[0], rule, weather)

    def _convinces(self, bangs: list[Bang], found: Located) -> bool:
        heard, order = heard_at(bangs)
        agreeing = {
            bangs[index].source for index, direct in zip(order, found.direct, strict=True) if direct >= DIRECT_MIN
        }
        enough = len(agreeing) >= self.rule.microphones_min and found.support_nats >= self.rule.support_nats
        inside = hypot(found.east_m - heard.spots_m[:, 0].mean(), found.north_m - heard.spots_m[:, 1].mean()) < 2_000.0
        return enough and inside and found.axes_m(0.9)[0] <= self.rule.error_m_max

    def _enlisted(self, memory: Listening, bangs: list[Bang], found: Located) -> Burst:
        """The burst that a located bang belongs to, or a new one; its bangs are explained now."""
        order = heard_at(bangs)[1]
        used = [bangs[index] for index, direct in zip(order, found.direct, strict=True) if direct >= DIRECT_MIN]
        fired = self._fired(memory, used, found)
        burst = self._near(memory, fired)
        if burst is None:
            name = derived_id("f", "sound.shot", min(one.id for one in used))
            burst = Burst(id=name, since=fired.at, until=fired.at, fired=[fired])
            memory.bursts = [*memory.bursts, burst][-BURSTS_MAX:]
        else:
            burst.fired, burst.count = [*burst.fired, fired][-FIRED_MAX:], burst.count + 1
        burst.until = max(burst.until, fired.at)
        burst.evidence = [*burst.evidence, *(one.id for one in used)][-EVIDENCE_MAX:]
        gone = {one.id for one in used}
        memory.bangs = [one for one in memory.bangs if one.id not in gone and not _echoed(burst, fired, one)]
        return burst

    def _near(self, memory: Listening, fired: Fired) -> Burst | None:
        for burst in reversed(memory.bursts):
            reach = SAME_PLACE_M + axes_m(burst.best, 0.9)[0] + axes_m(fired, 0.9)[0]
            near = hypot(burst.best.east_m - fired.east_m, burst.best.north_m - fired.north_m) <= reach
            if near and abs(fired.at - burst.until) <= self.rule.burst_s:
                return burst
        return None

    def _fired(self, memory: Listening, bangs: list[Bang], found: Located) -> Fired:
        spread = found.covariance_m2
        rule, weather = self._believed(memory)
        return Fired(
            at=round(found.at_s, 4),
            east_m=round(found.east_m, 2),
            north_m=round(found.north_m, 2),
            spread_m2=(round(float(spread[0, 0]), 2), round(float(spread[0, 1]), 2), round(float(spread[1, 1]), 2)),
            speed_m_s=round(found.speed_m_s, 2),
            airborne_nats=round(airborne_nats(heard_at(bangs)[0], found, rule, weather), 2),
            bangs=bangs,
        )

    def _told(self, memory: Listening, burst: Burst, fact: Observation[Impulse]) -> list[Finding]:
        """The finding of a burst; nothing while it is much more likely no shot, and nothing was told yet."""
        said = judged(burst, [one for one in memory.bursts if one.id != burst.id])
        few = len({bang.source for bang in burst.best.bangs}) < FEW
        if said.nats >= self.rule.shot_nats + FEW_NATS * few:
            burst.told = "located"
        elif burst.told or said.nats >= self.rule.doubtful_nats:
            burst.told = "doubtful"
        else:
            return []
        zero = memory.zero or (0.0, 0.0)
        return [finding_of(burst, said, Place(lon=zero[0], lat=zero[1]), fact)]

    def _alone(
        self, memory: Listening, fact: Observation[Impulse] | Observation[Wind] | Observation[Quantity]
    ) -> list[Finding]:
        """Bangs that one microphone is sure of, and no place followed from in time; once in a while."""
        told = []
        for bang in memory.bangs:
            waited = fact.at - bang.at > self.rule.window_s
            if waited and (bang.score or 0.0) >= self.rule.heard_score and bang.source not in memory.heard:
                memory.heard[bang.source] = bang.at + self.rule.burst_s
                zero = memory.zero or (0.0, 0.0)
                told.append(heard_of(bang, fact, Place(lon=zero[0], lat=zero[1]), self.rule.burst_s))
        return told

    def _believed(self, memory: Listening) -> tuple[Locating, Weather]:
        """What is known of the weather now, and how far it may be off."""
        wind = memory.wind if memory.wind and memory.newest - memory.wind[0] < FRESH_S else None
        warm = memory.temperature if memory.temperature and memory.newest - memory.temperature[0] < FRESH_S else None
        rule = replace(
            self._calm,
            wind_sd_m_s=KNOWN_SD if wind else self._calm.wind_sd_m_s,
            temperature_sd_k=KNOWN_SD if warm else self._calm.temperature_sd_k,
        )
        weather = Weather(
            temperature_c=warm[1] if warm else ORDINARY.temperature_c,
            east_m_s=wind[1] if wind else 0.0,
            north_m_s=wind[2] if wind else 0.0,
        )
        return rule, weather


def heard_at(bangs: list[Bang]) -> tuple[Heard, list[int]]:
    """The bangs as arrivals at microphones, and which bang each arrival is."""
    names = sorted({bang.source for bang in bangs})
    places = {bang.source: (bang.east_m, bang.north_m) for bang in bangs}
    index = np.array([names.index(bang.source) for bang in bangs])
    at = np.array([bang.at for bang in bangs])
    order = [int(one) for one in np.lexsort((at, index))]
    return Heard.of(np.array([places[name] for name in names]), index, at), order


def _late_s(fired: Fired, bang: Bang) -> float:
    """How much later than due a bang came, had it been this one."""
    far = hypot(bang.east_m - fired.east_m, bang.north_m - fired.north_m)
    return bang.at - fired.at - far / fired.speed_m_s


def _echoed(burst: Burst, fired: Fired, bang: Bang) -> bool:
    """Whether a bang is an echo of this one; it is counted."""
    echo = 0.0 < _late_s(fired, bang) <= ECHO_S
    burst.echoes += echo
    return echo
