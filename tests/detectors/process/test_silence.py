"""A silent source is found within its time, once, and its return is told."""

from types import SimpleNamespace

import pytest

from tocsin.contract.bodies import Alive, Concentration, Contact
from tocsin.contract.examples import START_AT, gas, seen
from tocsin.contract.folding import Folding, findings, folded
from tocsin.contract.resources import Resources
from tocsin.contract.walk import start
from tocsin.detectors.process.silence import Silence
from tocsin.model import Condition, Finding, Health, Origin, Tick


def tick(after_s):
    return Tick(at=START_AT + after_s, origin=Origin.SIMULATED)


ALARM = [*gas([0.1] * 4), tick(104.0), tick(105.5), tick(300.0)]
BENIGN = [*gas([0.1] * 4), tick(60.0), tick(104.0)]


def alive(after_s, *, online=True):
    return seen(Alive(online=online), at=START_AT + after_s, seq=round(after_s), source="gas-1")


def test_silence_is_told_once_with_its_health():
    finding, health = folded(Silence(), ALARM)
    assert finding.because == "Nothing from gas-1 for 90 s; 90 s is its limit."
    assert finding.evidence == ("gas-1/3",)
    assert health.condition is Condition.SILENT


def test_a_source_that_returns_is_well_again():
    said = folded(
        Silence(),
        [*ALARM, seen(Concentration(substance="chlorine", ppm=0.0), at=START_AT + 400, seq=9, source="gas-1")],
    )
    assert [type(one) for one in said] == [Finding, Health, Health]
    assert said[-1].condition is Condition.OK


def test_a_heartbeat_does_not_hide_a_missing_measurement():
    said = folded(Silence(), [*gas([0.1]), alive(60.0), tick(91.0), alive(120.0), alive(180.0), tick(200.0)])
    assert [type(one) for one in said] == [Finding, Health]


def test_an_announced_absence_is_told_at_once():
    said = folded(Silence(), [alive(0.0), alive(5.0, online=False), alive(6.0, online=False), alive(9.0)])
    assert [getattr(one, "grade", "") or one.condition for one in said] == ["offline", Condition.SILENT, Condition.OK]


def test_what_speaks_only_when_something_happens_may_rest():
    assert findings(Silence(), [seen(Contact(name="door", active=False)), tick(80_000.0)]) == []
    assert len(findings(Silence(), [seen(Contact(name="door", active=False)), tick(90_000.0)])) == 1


def test_the_register_decides_where_it_knows_the_sensor():
    city = SimpleNamespace(sensors={"gas-1": SimpleNamespace(silent_after_s=20.0)})
    assert len(findings(Silence(), [*gas([0.1]), tick(20.0)], Resources(city=city))) == 1


@pytest.mark.parametrize("after_s", [89.0, 90.0])
def test_it_asks_to_be_woken_when_the_limit_is_reached(after_s):
    running = Folding(start(Silence(), Resources()), Silence.key)
    running.feed(gas([0.1])[0])
    assert running.stage.wake_at(running.states["gas-1"]) == START_AT + 90.0
    assert bool(running.feed(tick(after_s))) == (after_s >= 90.0)


def test_old_readings_do_not_count_as_a_return():
    late = seen(Concentration(substance="chlorine", ppm=0.0), at=START_AT + 50, seq=4, source="gas-1")
    assert len(folded(Silence(), [*ALARM, late])) == 2


def promised(after_s, within_s=12.5):
    return seen(Alive(within_s=within_s), at=START_AT + after_s, seq=round(after_s), source="node-1")


def test_what_a_source_promises_is_awaited_and_nothing_else():
    measured = seen(Concentration(substance="chlorine", ppm=0.1), at=START_AT + 1, seq=1, source="node-1")
    beats = [promised(5.0 * n) for n in range(60)]
    assert findings(Silence(), [beats[0], measured, *beats[1:], tick(300.0)]) == []
    finding, _ = folded(Silence(), [*beats, tick(307.0), tick(308.0)])
    assert finding.because == "Nothing from node-1 for 13 s; 12.5 s is its limit."
