"""The embedded engine: resumes where it was, waits when it must, and carries what people decide."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tocsin.app.config import Settings
from tocsin.app.house import House, open_house
from tocsin.city.context import City
from tocsin.contract.bodies import Concentration, Density
from tocsin.contract.protocols import Delivered
from tocsin.engine.desk import Desk, Person, Wish
from tocsin.engine.embedded import Embedded, Limits
from tocsin.engine.mailbox import Letter
from tocsin.model import (
    BadInput,
    Conflict,
    Incident,
    IncidentState,
    NotFound,
    Observation,
    Origin,
    Place,
    Reading,
    SourceState,
    Tick,
)

START = 1_800_000_000.0
SETTINGS = Settings(origin=Origin.SIMULATED, newcomers=SourceState.IN_SERVICE)
ANNA = Person("acc-anna", "supervisor")


class Feed:
    """A source that delivers what it is given and counts what is acknowledged."""

    def __init__(self) -> None:
        self._waiting: deque[Delivered] = deque()
        self._new = threading.Condition()
        self.acknowledged = 0

    def give(self, *readings: Reading, urgent: bool = False) -> None:
        with self._new:
            self._waiting.append(Delivered(readings, acknowledge=self._acknowledge, urgent=urgent))
            self._new.notify_all()

    def _acknowledge(self) -> None:
        with self._new:
            self.acknowledged += 1
            self._new.notify_all()

    def settled(self, count: int, wait_s: float = 20.0) -> bool:
        with self._new:
            return self._new.wait_for(lambda: self.acknowledged >= count, wait_s)

    def next_batch(self, wait_s: float) -> Delivered | None:
        with self._new:
            self._new.wait_for(lambda: bool(self._waiting), wait_s)
            return self._waiting.popleft() if self._waiting else None

    def snapshot(self) -> bytes:
        return b""

    def problem(self) -> str:
        return ""

    def close(self) -> None:
        return None


def gas(n: int, ppm: float, source: str = "g1") -> Reading[Concentration]:
    body = Concentration(substance="chlorine", ppm=ppm)
    return Reading(at=START + 5.0 * n, origin=Origin.SIMULATED, source=source, seq=n, boot="b", body=body, place=SQUARE)


SQUARE = Place(lon=24.94, lat=60.17, name="Square")


@contextmanager
def running(folder: Path, feed: Feed, **limits: float) -> Iterator[tuple[House, Embedded]]:
    house = open_house(folder, SETTINGS, City.empty("Test", SQUARE))
    engine = Embedded(house.flow, {"feed": ("feed", feed)}, clock=lambda: START + 600.0, limits=Limits(**limits))
    engine.start()
    try:
        yield house, engine
    finally:
        engine.stop()
        house.close(START + 600.0)


def desk_of(house: House, engine: Embedded) -> Desk:
    return Desk(
        view=house.view,
        engine=engine,
        ledger=house.ledger,
        policies=house.policies,
        origin=Origin.SIMULATED,
        clock=lambda: START + 600.0,
        send=lambda action, now: None,
    )


def release(feed: Feed) -> None:
    for n in range(8):
        feed.give(gas(n, 60.0))
    assert feed.settled(8)


def incident_of(house: House) -> Incident:
    ring, last = house.view.ring, house.view.ring.last
    while not (found := house.view.incidents()):
        assert ring.after(last, 10.0) != [], "no incident in time"
        last = ring.last
    (one,) = found
    return one


def test_a_release_becomes_an_incident_and_every_delivery_is_acknowledged(tmp_path):
    feed = Feed()
    with running(tmp_path, feed) as (house, _):
        release(feed)
        assert incident_of(house).title.startswith("Chlorine")
        assert [type(fact) for fact in house.log.read()].count(Observation) == 8


def test_it_resumes_with_the_same_incident_and_refuses_what_it_had(tmp_path):
    feed = Feed()
    with running(tmp_path, feed) as (house, _):
        release(feed)
        before = incident_of(house)
    again = Feed()
    with running(tmp_path, again) as (house, _):
        release(again)
        assert incident_of(house).id == before.id
        assert house.log.stats().duplicates == 8


def test_what_was_logged_but_not_folded_is_folded_at_the_next_start(tmp_path):
    house = open_house(tmp_path, SETTINGS, City.empty("Test", SQUARE))
    observations = house.flow.admit(Delivered(tuple(gas(n, 60.0) for n in range(8))), "feed", START)
    house.log.submit(observations).result()
    house.close(START)
    with running(tmp_path, Feed()) as (house, _):
        assert incident_of(house).title.startswith("Chlorine")


def test_a_source_is_held_back_while_the_folds_are_behind(tmp_path):
    feed = Feed()
    for n in range(50):
        feed.give(gas(n, 0.0))
    with running(tmp_path, feed, letters_max=1, unfolded_max=1) as (house, _):
        assert feed.settled(50)
        assert house.flow.counts.rejected == 0


def test_a_reading_from_the_future_goes_to_quarantine_and_moves_nothing(tmp_path):
    feed = Feed()
    with running(tmp_path, feed) as (house, _):
        feed.give(gas(100_000, 60.0))
        assert feed.settled(1)
        assert list(house.quarantine.count_by_reason()) == ["dated 499400 s ahead of the clock: set the time of g1"]
        assert all(isinstance(fact, Tick) for fact in house.log.read())


def test_a_level_above_what_a_source_may_be_asked_for_is_refused(tmp_path):
    feed = Feed()
    with running(tmp_path, feed) as (house, _):
        seat = house.seats.take("c1", "feed")
        seat.level_max = 0
        body = Density(persons_per_m2=1.0, persons=40.0)
        feed.give(Reading(at=START, origin=Origin.SIMULATED, source="c1", seq=1, body=body))
        assert feed.settled(1)
        (reason,) = house.quarantine.count_by_reason()
        assert reason.startswith("crowd.density/1 is level 1, but c1 may be asked for level 0 at most")


def test_decisions_reach_the_incident_with_a_receipt_before(tmp_path):
    feed = Feed()
    with running(tmp_path, feed) as (house, engine):
        release(feed)
        name, desk = incident_of(house).id, desk_of(house, engine)
        desk.decide(Wish(verb="acknowledge", target=name), ANNA)
        assert house.view.incident(name).state is IncidentState.ACKNOWLEDGED
        desk.decide(Wish(verb="close", target=name, others=("benign cause",)), ANNA)
        assert house.view.precision()["cbrne.toxic"]["benign"] == 1
        acts = [receipt.act for _, receipt in house.ledger.receipts(subject=name) if receipt]
        assert acts == ["acknowledge", "close"]


def test_decisions_survive_a_restart(tmp_path):
    feed = Feed()
    with running(tmp_path, feed) as (house, engine):
        release(feed)
        name = incident_of(house).id
        desk_of(house, engine).decide(Wish(verb="note", target=name, text="Fire service called."), ANNA)
    with running(tmp_path, Feed()) as (house, _):
        assert [note.text for note in house.view.incident(name).notes] == ["Fire service called."]


@pytest.mark.parametrize(
    ("wish", "error"),
    [
        (Wish(verb="dance", target="x"), BadInput),
        (Wish(verb="acknowledge", target="inc-none"), NotFound),
        (Wish(verb="note", target="NAME"), Conflict),
        (Wish(verb="shelve", target="NAME"), Conflict),
        (Wish(verb="shelve", target="NAME", until=START + 10**6), Conflict),
        (Wish(verb="close", target="NAME"), Conflict),
        (Wish(verb="merge", target="NAME"), Conflict),
        (Wish(verb="split", target="NAME", others=("nothing",)), Conflict),
        (Wish(verb="note", target="NAME", text="x" * 30_000), BadInput),
    ],
)
def test_a_wish_that_cannot_be_carried_out_says_why(tmp_path, wish, error):
    feed = Feed()
    with running(tmp_path, feed) as (house, engine):
        release(feed)
        name = incident_of(house).id
        asked = Wish(
            verb=wish.verb,
            target=wish.target.replace("NAME", name),
            text=wish.text,
            until=wish.until,
            others=wish.others,
        )
        with pytest.raises(error):
            desk_of(house, engine).decide(asked, ANNA)


def test_what_is_urgent_overtakes_what_waits(tmp_path):
    house = open_house(tmp_path, SETTINGS, City.empty("Test", SQUARE))
    feed = Feed()
    engine = Embedded(house.flow, {"feed": ("feed", feed)}, clock=lambda: START + 600.0)
    for n in range(20):
        engine._mailbox.post(Letter("feed", Delivered((gas(n, 0.0),))))
    engine._mailbox.post(Letter("panic", Delivered((gas(99, 0.0, "panic-1"),), urgent=True)))
    engine.start()
    feed.give(gas(100, 0.0))
    assert feed.settled(1)
    engine.stop()
    assert next(fact.source for fact in house.log.read() if isinstance(fact, Observation)) == "panic-1"
    house.close(START)


class OutOfOrder:
    """A fusion that is down."""

    def step(self, state: object, fact: object) -> tuple[object, list[object]]:
        raise RuntimeError


def test_danger_to_life_reaches_the_operator_when_fusion_is_down(tmp_path):
    feed = Feed()
    with running(tmp_path, feed) as (house, engine):
        next(node for node in house.graph.nodes if node.group == "fusion").stage = OutOfOrder()
        release(feed)
        told = house.view.ring.after(0, 5.0)
        while not any(event.name == "finding" for event in told or []):
            told = house.view.ring.after((told or [])[-1].number if told else 0, 5.0)
        assert engine.flow.graph.refused
        assert house.view.incidents() == []
