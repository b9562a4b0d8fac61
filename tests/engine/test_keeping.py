"""Retention: what is over its hours is gone with its key, and nothing else."""

from tocsin.contract.bodies import Counts, Density
from tocsin.contract.resources import content_folder
from tocsin.engine.keeping import Keeping, hours_by
from tocsin.gate.keys import KeyRing
from tocsin.gate.policy import Policies
from tocsin.model import Level, Observation, Origin
from tocsin.store.casebook import Casebook
from tocsin.store.log import EventLog
from tocsin.store.outbox import Outbox
from tocsin.store.quarantine import Quarantine, Rejected

HOUR_S = 3600.0
START = 1_800_000_000.0


def counted(at: float, seq: int) -> Observation[Counts]:
    return Observation(at=at, origin=Origin.LIVE, source="r1", seq=seq, body=Counts(counts_per_s=1.0))


def crowd(at: float, seq: int) -> Observation[Density]:
    body = Density(persons_per_m2=1.0)
    return Observation(at=at, origin=Origin.LIVE, source="c1", seq=seq, body=body, level=Level.ANONYMOUS)


def test_each_class_is_kept_for_its_own_hours(tmp_path):
    with EventLog.open(tmp_path / "log", KeyRing.open(tmp_path / "keys")) as log:
        log.submit([counted(START, 1), crowd(START, 1)]).result()
        log.submit([counted(START + 10 * HOUR_S, 2), crowd(START + 10 * HOUR_S, 2)]).result()
        quarantine = Quarantine(log)
        quarantine.put([Rejected(at=START, source="x", reason="r", raw=b"raw")]).result()
        keeping = Keeping(log, Casebook(log), quarantine, Outbox(log), {"ambient": 100.0, "anonymous": 5.0})
        keeping.run(START + 11 * HOUR_S)
        assert [(fact.source, fact.seq) for fact in log.read()] == [("r1", 1), ("r1", 2), ("c1", 2)]
        keeping.run(START + 100 * HOUR_S)
        assert (quarantine.list(), keeping.problem) == ([], "")


def test_one_round_at_a_time_and_only_when_due(tmp_path):
    with EventLog.open(tmp_path / "log", KeyRing.open(tmp_path / "keys")) as log:
        log.submit([crowd(START, 1)]).result()
        keeping = Keeping(log, Casebook(log), Quarantine(log), Outbox(log), {"anonymous": 1.0})
        keeping.tick(START + 10 * HOUR_S)
        keeping.wait()
        log.submit([crowd(START + 11 * HOUR_S, 2)]).result()
        keeping.tick(START + 10 * HOUR_S + 1.0)
        keeping.wait()
        assert [fact.seq for fact in log.read()] == [2]


def test_nobody_keeps_longer_than_policy_allows():
    policies = Policies.load(content_folder() / "policies")
    hours = hours_by(policies, {"anonymous": 10_000.0, "ambient": 1.0})
    assert hours["anonymous"] == min(policy.kept_h(Level.ANONYMOUS) for policy in policies.all) < 10_000
    assert hours["ambient"] == 1.0
    assert hours["redacted+"] <= 72
