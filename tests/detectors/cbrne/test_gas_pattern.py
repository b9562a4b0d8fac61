"""An electronic nose says which gas it smells where its judges agree, follows drift, and else says nothing."""

from math import nan

import pytest
from msgspec.structs import replace

from tocsin.contract.examples import noses
from tocsin.contract.folding import Folding, findings
from tocsin.contract.noses import GasPattern
from tocsin.contract.resources import Resources
from tocsin.detectors.cbrne.gas_pattern import GasPatterns
from tocsin.model import ConfigError

GASES = ["ammonia", "ethanol", "acetone"]
ALARM = noses(GASES, then=["ammonia"] * 4 + ["ethanol"] * 4)
BENIGN = noses(GASES, then=["ammonia", "ethanol", "acetone"] * 3)

STAGE = GasPatterns().start(Resources())


def drifted(facts, factor):
    """The same exposures with every response weaker by a factor that grows with time."""
    made = []
    for n, fact in enumerate(facts):
        part = factor**n
        change = [one * part if k % 8 != 1 else 1 + (one - 1) * part for k, one in enumerate(fact.body.features)]
        made.append(replace(fact, body=replace(fact.body, features=tuple(change))))
    return made


def answers(facts):
    state, found = None, []
    for fact in facts:
        state, answer = STAGE.judge(state, fact)
        if answer is not None:
            found.append(answer)
    return found


def test_a_toxic_gas_weighs_more_than_another():
    assert [(one.subject, one.grade) for one in findings(GasPatterns(), ALARM)] == [
        ("ammonia", "toxic"),
        ("ethanol", "other"),
    ]


def test_gas_is_followed_while_all_sensors_drift():
    then = [gas for _ in range(40) for gas in GASES]
    facts = noses(GASES, then=then)
    told = answers([*facts[:36], *drifted(facts[36:], 0.99)])
    right = [answer.gas == gas for answer, gas in zip(told, then, strict=True)]
    assert sum(right) >= 0.9 * len(right)


def test_before_calibration_and_with_too_little_it_says_nothing():
    assert answers(noses([], then=["ammonia"] * 5)) == []
    assert answers(noses(GASES, then=["ammonia"] * 5, each=4)) == []


def test_a_known_gas_given_later_teaches_and_is_no_finding():
    facts = noses(GASES, then=["ammonia"])
    taught = replace(facts[-1], body=replace(facts[-1].body, known="ammonia"))
    running = Folding(STAGE, GasPatterns.key)
    for fact in facts[:-1]:
        running.feed(fact)
    before = running.states["nose-1"].judges
    assert running.feed(replace(taught, at=taught.at + 1.0)) == []
    assert before != running.states["nose-1"].judges or not before


@pytest.mark.parametrize("features", [(), (1.0,) * 7, (1.0,) * 24, (nan,) * 32])
def test_a_broken_exposure_changes_nothing(features):
    facts = noses(GASES, then=["ammonia"] * 3)
    broken = replace(facts[-1], at=facts[-1].at - 1.0, body=GasPattern(features=features))
    assert findings(GasPatterns(), [*facts[:-1], broken, facts[-1]]) == findings(GasPatterns(), facts)


def test_an_exposure_that_comes_late_or_twice_changes_nothing():
    assert len(answers([*ALARM, ALARM[-1], ALARM[-3]])) == len(answers(ALARM))


def test_groups_that_leave_a_sensor_out_are_refused():
    with pytest.raises(ConfigError, match="replicas"):
        GasPatterns(replicas=((0, 1), (3,))).start(Resources())
