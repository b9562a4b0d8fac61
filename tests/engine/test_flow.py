"""The flow: a write that fails is not acknowledged, and is seen."""

from tests.engine.test_embedded import SETTINGS, SQUARE, START, gas
from tocsin.app.house import open_house
from tocsin.city.context import City
from tocsin.contract.protocols import Delivered
from tocsin.model import StoreError


def settled(house) -> None:
    """The writer takes the next job only when everybody was told of the last."""
    house.log.write(lambda connection: None)


def test_a_failed_write_is_seen_until_one_succeeds_and_never_acknowledged(tmp_path):
    house = open_house(tmp_path, SETTINGS, City.empty("Test", SQUARE))
    acknowledged = []
    delivered = Delivered((gas(1, 0.0),), acknowledge=lambda: acknowledged.append(1))
    observations = house.flow.admit(delivered, "feed", START + 60)
    house.log.write(lambda connection: connection.execute("ALTER TABLE log RENAME TO gone"))
    failed = house.flow.submit(observations, delivered)
    assert isinstance(failed.exception(), StoreError)
    settled(house)
    assert house.flow.problem.startswith("Nothing was written: no such table")
    assert acknowledged == []
    house.log.write(lambda connection: connection.execute("ALTER TABLE gone RENAME TO log"))
    house.flow.submit(observations, delivered).result()
    settled(house)
    assert (house.flow.problem, acknowledged) == ("", [1])
    house.close(START)
