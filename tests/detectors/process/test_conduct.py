"""A node that lies is doubted at once, a clumsy one late; both are believed again after a calm."""

from tocsin.contract.examples import START_AT, seen
from tocsin.contract.folding import findings, folded
from tocsin.contract.sapient import Conduct
from tocsin.detectors.process.conduct import NodeConduct
from tocsin.model import Condition, Health, Origin, Tick


def told(after_s, **faults):
    body = Conduct(faults={name.replace("_", "-"): count for name, count in faults.items()})
    return seen(body, at=START_AT + after_s, seq=round(after_s), source="radar-1")


def tick(after_s):
    return Tick(at=START_AT + after_s, origin=Origin.SIMULATED)


ALARM = [told(0, invalid=2), told(5, elsewhere=1, flood=900), told(10, elsewhere=1), told(80, repeated=3)]
BENIGN = [told(10.0 * n, invalid=1) for n in range(5)]


def test_one_lie_is_enough_and_names_what_it_was():
    finding, health = folded(NodeConduct(), ALARM[:2])
    assert (finding.grade, finding.evidence) == ("lies", ("radar-1/0", "radar-1/5"))
    assert finding.because == (
        "radar-1 sent places that cannot be (1), messages too fast to be read (900), "
        "messages against the standard (2): it is half trusted."
    )
    assert health.condition is Condition.SUSPECT


def test_lasting_misconduct_is_one_finding_told_now_and_then():
    found = findings(NodeConduct(), ALARM)
    assert len({one.id for one in found}) == 1
    assert [round(one.at - START_AT) for one in found] == [5, 80]


def test_clumsiness_adds_up():
    assert findings(NodeConduct(), [told(5.0 * n, invalid=1) for n in range(12)])[0].grade == "clumsy"


def test_after_a_calm_it_is_believed_again():
    said = [one for one in folded(NodeConduct(), [*ALARM, tick(600), tick(681)]) if isinstance(one, Health)]
    assert [one.condition for one in said] == [Condition.SUSPECT, Condition.SUSPECT, Condition.OK]
    assert NodeConduct().wake_at(NodeConduct().step(None, told(0, elsewhere=1))[0]) == START_AT + 600
