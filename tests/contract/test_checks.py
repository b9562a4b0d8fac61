"""Each check of the contract can fail: one planted bad member per check, and the sound one passes all."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar

import pytest
from msgspec import Meta, Struct
from msgspec.structs import replace

from tocsin.contract import behaved, checks, declared
from tocsin.contract.bodies import Counts, LogBatch
from tocsin.contract.declared import HEADINGS, Sample, page_of
from tocsin.contract.examples import counts
from tocsin.contract.protocols import Perceived, by_source
from tocsin.model import ContractBroken, Finding, Level, Observation, Origin, Reading, derived_id

SEEN_BY_ALL: list[int] = []
PAGE = "# A page\n" + "".join(f"## {heading}\n`limit` and more.\n" for heading in HEADINGS)


class Count(Struct):
    n: int = 0
    told: list[str] = []


@dataclass(frozen=True, kw_only=True)
class Loud:
    """Rings above a limit.

    >>> Loud().limit
    100.0
    """

    kind: ClassVar[str] = "cbrne.loud"
    needs: ClassVar[Level] = Level.AMBIENT
    accepts: ClassVar[tuple[type, ...]] = (Counts,)
    key: ClassVar = by_source
    sees: ClassVar[tuple[str, ...]] = ()
    default_nats: ClassVar[dict[str, float]] = {"loud": 1.0}
    limit: Annotated[float, Meta(description="Rings above it.")] = 100.0

    def step(self, state: Count | None, fact: Observation[Counts]) -> tuple[Count, list[Finding]]:
        state = state or Count()
        state.n += 1
        return state, [self.ring(fact, state)] if fact.body.counts_per_s > self.limit else []

    def ring(self, fact, state, **other):
        said = {"evidence": (fact.id,), "grade": "loud", "subject": fact.source, "because": "It is loud."} | other
        known = {"at": fact.at, "origin": fact.origin, "kind": self.kind, "detector": self.kind} | said
        return Finding(**{"id": derived_id("f", fact.source, fact.seq)} | known)


class Chance(Loud):
    def ring(self, fact, state):
        return super().ring(fact, state, because=f"Seen by {len(SEEN_BY_ALL.append(1) or SEEN_BY_ALL)}.")


@dataclass(frozen=True, kw_only=True)
class Remembers(Loud):
    """It keeps a memory beside its state."""

    memory: list[int] = field(default_factory=list)

    def start(self, _):
        return type(self)()

    def ring(self, fact, state):
        self.memory.append(1)
        return super().ring(fact, state, because=f"The {len(self.memory)}th time.")


class Half(Loud):
    def step(self, state: dict[str, int] | None, fact: Observation[Counts]) -> tuple[Any, list[Finding]]:
        state = state or {1: 0}
        return state, super().step(None, fact)[1]


class Unannotated(Loud):
    def step(self, state, fact):
        return super().step(state, fact)


class Inventor(Loud):
    def ring(self, fact, state):
        return super().ring(fact, state, evidence=("gas-9/1",))


class Mute(Loud):
    def ring(self, fact, state):
        return super().ring(fact, state, because="")


class Ungraded(Loud):
    def ring(self, fact, state):
        return super().ring(fact, state, grade="enormous")


class Silent(Loud):
    def step(self, state: Count | None, fact: Observation[Counts]) -> tuple[Count, list[Finding]]:
        return state or Count(), []


class Nervous(Loud):
    def step(self, state: Count | None, fact: Observation[Counts]) -> tuple[Count, list[Finding]]:
        return state or Count(), [self.ring(fact, state)]


class Fragile(Loud):
    def step(self, state: Count | None, fact: Observation[Counts]) -> tuple[Count, list[Finding]]:
        if state is None and fact.seq > 0:
            raise IndexError(fact.seq)
        return super().step(state, fact)


class Counting(Loud):
    def ring(self, fact, state):
        return super().ring(fact, state, id=f"f-{state.n}")


class Hoarder(Loud):
    def step(self, state: Count | None, fact: Observation[Counts]) -> tuple[Count, list[Finding]]:
        state, out = super().step(state, fact)
        state.told = [*state.told, fact.id]
        return state, out


class Reader(Loud):
    def step(self, state: Count | None, fact: Observation[Counts]) -> tuple[Count, list[Finding]]:
        Path(__file__).read_text()
        return super().step(state, fact)


class Curious(Loud):
    accepts = (LogBatch,)


class Deaf(Loud):
    accepts = ()


class Heavy(Loud):
    default_nats: ClassVar = {"loud": 9.0}


class Stranger(Loud):
    kind = "magic.loud"


class EmotionReader(Loud):
    """Named for what is never built."""


@dataclass(kw_only=True)
class Melting:
    """Not frozen.

    >>> 1 + 1
    2
    """

    kind: ClassVar[str] = "cbrne.melting"
    needs: ClassVar[Level] = Level.AMBIENT
    accepts: ClassVar[tuple[type, ...]] = (Counts,)
    default_nats: ClassVar[dict[str, float]] = {}


def lying():
    class Lying(Loud):
        """Shows what is not so.

        >>> 1 + 1
        3
        """

    return Lying


class Batched(Loud):
    def steps(self, state, batch):
        return state, []


@dataclass(frozen=True, kw_only=True)
class Leaky:
    """Lets out what it took in, one level closer than it says.

    >>> 2 + 2
    4
    """

    kind: ClassVar[str] = "log.leaky"
    needs: ClassVar[Level] = Level.ANONYMOUS
    accepts: ClassVar[tuple[type, ...]] = (LogBatch,)

    def perceive(self, reading):
        return Perceived(readings=(reading,))


ALARM = counts([50.0, 150.0, 60.0, 170.0])
SAMPLE = Sample(alarm=ALARM, benign=counts([50.0] * 5))
PLANTED = {
    "is_a_frozen_declaration": [Melting],
    "says_what_it_takes": [Melting, Deaf],
    "has_a_kind_in_its_family": [Stranger],
    "is_not_of_the_never_built": [EmotionReader],
    "asks_for_no_more_than_it_needs": [Curious],
    "says_what_it_gives": [Leaky],
    "weighs_every_grade_modestly": [Heavy],
    "has_a_runnable_example": [lying(), Silent],
    "same_in_same_out": [Chance],
    "cold_equals_warm": [Remembers],
    "snapshot_continues_alike": [Half, Unannotated],
    "cites_only_what_it_saw": [Inventor],
    "says_who_what_and_why": [Mute, Ungraded],
    "speaks_and_is_silent": [Silent, Nervous],
    "bears_disorder": [Fragile, Counting],
    "keeps_its_state_small": [Hoarder],
    "does_nothing_outside": [Reader],
    "batch_equals_fold": [Batched],
}


@pytest.fixture
def root(tmp_path):
    page = page_of(Loud(), tmp_path)
    page.parent.mkdir(parents=True)
    page.write_text(PAGE)
    return tmp_path


CHECKS = {check.__name__: check for check in checks.ALL}
CASES = [(check, member) for check, bad in PLANTED.items() for member in bad]


@pytest.mark.parametrize(("check", "member"), CASES, ids=lambda one: getattr(one, "__name__", one))
def test_a_bad_member_is_refused(check, member, root):
    with pytest.raises(ContractBroken, match=member.__name__):
        CHECKS[check](member(), SAMPLE, root)


WITHOUT_SOURCE = [one for one in checks.ALL if one is not declared.reads_no_clock_and_no_file]


@pytest.mark.parametrize("check", WITHOUT_SOURCE, ids=lambda check: check.__name__)
def test_a_sound_member_passes(check, root):
    check(Loud(), SAMPLE, root)


def test_every_check_is_planted_once():
    elsewhere = {"has_a_page", "reads_no_clock_and_no_file", "is_tried_on_what_it_needs", "lets_out_nothing_closer"}
    assert {check.__name__ for check in checks.ALL} == PLANTED.keys() | elsewhere


@pytest.mark.parametrize(
    ("page", "problem"),
    [
        (None, "write its page"),
        (PAGE.replace("## Privacy", "## Secrets"), "must have the headings"),
        (PAGE + "## More\nWords.\n", "must have the headings"),
        (PAGE.replace("`limit`", "the limit"), "parameter `limit`"),
        (PAGE.replace("## Sees\n`limit` and more.", "## Sees"), "says nothing under one"),
    ],
)
def test_a_page_must_say_all(page, problem, root):
    page_of(Loud(), root).write_text(page) if page else page_of(Loud(), root).unlink()
    with pytest.raises(ContractBroken, match=problem):
        declared.has_a_page(Loud(), SAMPLE, root)


def test_this_very_file_reads_files_and_is_refused(root):
    with pytest.raises(ContractBroken, match="pathlib"):
        declared.reads_no_clock_and_no_file(Loud(), SAMPLE, root)


def test_samples_above_the_declared_level_are_refused(root):
    close = [replace(fact, level=Level.CLEAR) for fact in ALARM]
    with pytest.raises(ContractBroken, match="CLEAR"):
        behaved.is_tried_on_what_it_needs(Loud(), Sample(alarm=close), root)


def test_a_perceiver_that_lets_too_much_out_is_refused(root):
    body = LogBatch(format="eve", lines=(b"{}",), offsets=(0,))
    reading = Reading(at=1.0, origin=Origin.LIVE, source="ids-1", seq=0, body=body)
    with pytest.raises(ContractBroken, match="lets LogBatch out"):
        behaved.lets_out_nothing_closer(Leaky(), Sample(alarm=[reading]), root)


def test_all_problems_are_listed_at_once(root):
    problems = checks.check(Melting(), SAMPLE, root)
    assert len(problems) >= 4
    assert problems[0].startswith("is_a_frozen_declaration: ")
