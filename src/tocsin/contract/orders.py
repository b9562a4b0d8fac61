"""What a person may ask of a sensor that can be tasked, and what a connection must offer so that it reaches it."""

from typing import Annotated, Literal, Protocol, runtime_checkable

from msgspec import Meta, Struct

from tocsin.model import BadInput

Verb = Literal[
    "request",
    "look-at",
    "move-to",
    "mode",
    "detection-threshold",
    "detection-report-rate",
    "classification-threshold",
]
"""What can be asked; `text` holds the request, the mode or the threshold, `lon` and `lat` the place."""

REQUESTS = ("Registration", "Status", "Reset", "Start", "Stop")
THRESHOLDS = ("low", "medium", "high")


class Order(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One order to one sensor. `text` is a request (Status, Reset …), a mode, or low, medium or high."""

    verb: Verb
    text: Annotated[str, Meta(max_length=200)] = ""
    lon: Annotated[float, Meta(ge=-180, le=180)] = 0.0
    lat: Annotated[float, Meta(ge=-90, le=90)] = 0.0
    control: Literal["start", "stop", "pause"] = "start"


def order_of(text: str) -> Order:
    """The order in a decision's text; raises BadInput saying what is wrong with it.

    >>> order_of('{"verb": "request", "text": "Status"}').text
    'Status'
    """
    import msgspec

    try:
        order = msgspec.json.decode(text, type=Order)
    except msgspec.MsgspecError as error:
        raise BadInput(f"An order is a verb with what it needs: {error}.") from error
    if order.verb == "request" and order.text not in REQUESTS:
        raise BadInput(f"A request is one of {', '.join(REQUESTS)}: not {order.text!r}.")
    if order.verb.endswith(("threshold", "rate")) and order.text not in THRESHOLDS:
        raise BadInput(f"A {order.verb} is low, medium or high: not {order.text!r}.")
    if order.verb == "mode" and not order.text:
        raise BadInput("Name the mode that the sensor shall change to.")
    return order


@runtime_checkable
class Orderable(Protocol):
    """A running source whose sensors take orders."""

    def takes(self, source: str, order: Order) -> bool:
        """Whether this sensor speaks over this connection now; raises Conflict where it takes no such order."""
        ...

    def order(self, source: str, order: Order, id: str) -> None:
        """Send an order, known by `id`; raises Conflict where the sensor is gone."""
        ...
