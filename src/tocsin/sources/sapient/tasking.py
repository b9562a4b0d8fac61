"""What is asked of a node: a person's order becomes a Task of the standard, as far as the node takes such."""

from collections.abc import Mapping
from typing import Any

from tocsin.contract.orders import Order
from tocsin.formats.sapient import at_lon_lat, task
from tocsin.model import Conflict
from tocsin.sources.sapient.node import Node

TASKS_KEPT = 200
"""Most tasks of one node whose answer is awaited or remembered."""

_THRESHOLDS = {
    "low": "DISCRETE_THRESHOLD_LOW",
    "medium": "DISCRETE_THRESHOLD_MEDIUM",
    "high": "DISCRETE_THRESHOLD_HIGH",
}


def command_of(order: Order) -> Mapping[str, Any]:
    """The command of the standard that carries an order."""
    match order.verb:
        case "look-at":
            return {"look_at": {"location_list": {"locations": [at_lon_lat(order.lon, order.lat)]}}}
        case "move-to":
            return {"move_to": {"locations": [at_lon_lat(order.lon, order.lat)]}}
        case "detection-threshold" | "detection-report-rate" | "classification-threshold":
            return {order.verb.replace("-", "_"): _THRESHOLDS[order.text]}
        case "mode":
            return {"mode_change": order.text}
        case _:
            return {"request": order.text}


def check_order(node: Node, order: Order) -> None:
    """Raise Conflict where the node has said that it takes no such order."""
    needed = next(iter(command_of(order)))
    if node.profile.commands and needed not in node.profile.commands:
        takes = ", ".join(sorted(node.profile.commands)).replace("_", " ")
        raise Conflict(f"{node.teller.source} takes no {needed.replace('_', ' ')}: it registered for {takes}.")


def given(node: Node, task_id: str, order: Order) -> dict[str, Any]:
    """The content of the Task; its answer is awaited from now on."""
    node.tasks[task_id] = "sent"
    for name in list(node.tasks)[: max(0, len(node.tasks) - TASKS_KEPT)]:
        del node.tasks[name]
    return task(task_id, command_of(order), control=order.control, name=order.verb)
