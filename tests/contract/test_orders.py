"""Orders to sensors: what can be asked, and what is refused before anything is sent."""

import pytest

from tocsin.contract.orders import Order, order_of
from tocsin.model import BadInput


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ('{"verb": "look-at", "lon": 24.94, "lat": 60.17}', Order(verb="look-at", lon=24.94, lat=60.17)),
        ('{"verb": "detection-threshold", "text": "low"}', Order(verb="detection-threshold", text="low")),
        ('{"verb": "request", "text": "Stop", "control": "stop"}', Order(verb="request", text="Stop", control="stop")),
    ],
)
def test_orders_are_read(text, order):
    assert order_of(text) == order


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        '{"verb": "fire"}',
        '{"verb": "request", "text": "Sing"}',
        '{"verb": "mode"}',
        '{"verb": "detection-report-rate", "text": "warp"}',
        '{"verb": "look-at", "lat": 91}',
    ],
)
def test_what_is_no_order_is_refused(text):
    with pytest.raises(BadInput):
        order_of(text)
