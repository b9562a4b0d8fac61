"""SAPIENT nodes (BSI Flex 335 v2): we are the fusion node that they register with, over TCP or TLS."""

import re
import ssl
from dataclasses import dataclass, field
from typing import ClassVar

from msgspec import Struct

from tocsin.contract.orders import Order
from tocsin.contract.protocols import Delivered
from tocsin.contract.resources import Resources
from tocsin.formats.sapient import message, node_id, ulid
from tocsin.model import ConfigError, Conflict, Level, Origin
from tocsin.sources.sapient.node import Manners
from tocsin.sources.sapient.reception import Counts, Known, Reception
from tocsin.sources.sapient.sockets import Listener
from tocsin.sources.sapient.tasking import check_order, given

PORT = 14_000
"""Where nodes usually find their fusion node: no port is assigned to SAPIENT."""

_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


class NodePlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One node, by its UUID: the sensor of the city that it is, and the common name in its client certificate."""

    source: str
    subject: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SapientNodes:
    """Takes in what SAPIENT nodes report: registration, status, detections, alerts, answers to tasks.

    Any node may register and is staged until a person accepts it; `nodes` says of single ones which sensor of the
    city they are, and with `only_listed` no others are let in. With `certificate`, `private_key` and `client_ca`
    (PEM) the connection is TLS and every node needs a certificate of that authority. A node that registers for a
    status every few seconds and stays away for `silent_intervals` of them is called silent. Messages dated more
    than `ahead_s_max` ahead or `behind_s_max` behind, repeated, of a place further than `reach_m_max` from the
    node, or more than `rate_per_s_max` a second are refused by the standard's error message, and count against
    the node. `node_id` is our own UUID; one is made of the installation's key where it is empty.

    >>> running = SapientNodes(port=0).start(Resources())
    >>> running.problem(), running.port > 0
    ('', True)
    >>> running.close()
    """

    kind: ClassVar[str] = "feed.sapient"
    needs: ClassVar[Level] = Level.ANONYMOUS

    name: str = "sapient"
    host: str = "127.0.0.1"
    port: int = PORT
    node_id: str = ""
    nodes: dict[str, NodePlan] = field(default_factory=dict)
    only_listed: bool = False
    certificate: str = ""
    private_key: str = ""
    client_ca: str = ""
    ahead_s_max: float = 10.0
    behind_s_max: float = 900.0
    reach_m_max: float = 50_000.0
    silent_intervals: float = 2.5
    rate_per_s_max: float = 500.0
    waiting_max: int = 20_000
    connections_max: int = 256
    urgent: bool = False
    origin: Origin = Origin.LIVE

    def check(self, resources: Resources) -> None:
        """Raises ConfigError for ids, limits or certificates that cannot work; opens no port."""
        del resources
        for name in (*self.nodes, *((self.node_id,) if self.node_id else ())):
            if not _UUID.fullmatch(name.lower()):
                raise ConfigError(f"{self.name}: {name!r} is no UUID such as a8654cdf-4328-47de-81fa-c495589e30c9.")
        if min(self.waiting_max, self.connections_max) < 1 or self.rate_per_s_max <= 0 or self.silent_intervals <= 1:
            raise ConfigError(
                f"{self.name}: waiting_max and connections_max are 1 or more, rate_per_s_max is more than 0, "
                "silent_intervals more than 1."
            )
        self._tls()

    def start(self, resources: Resources, resume: bytes = b"") -> "RunningSapient":
        """Begin to listen; raises ConfigError where the port is taken, or a parameter cannot work."""
        del resume  # nodes register anew
        self.check(resources)
        sensors = resources.city.sensors if resources.city is not None else {}
        reception = Reception(
            id=self.node_id.lower() or node_id(resources.token_key, "tocsin"),
            via=self.name,
            origin=self.origin,
            key=resources.token_key or b"tocsin",
            manners=Manners(
                ahead_s_max=self.ahead_s_max,
                behind_s_max=self.behind_s_max,
                reach_m_max=self.reach_m_max,
                silent_intervals=self.silent_intervals,
                rate_per_s_max=self.rate_per_s_max,
            ),
            known={name.lower(): Known(source=one.source, subject=one.subject) for name, one in self.nodes.items()},
            only_known=self.only_listed,
            surveyed={name: one.place for name, one in sensors.items() if "place" not in one.coverage.assumed},
            waiting_max=self.waiting_max,
        )
        return RunningSapient(
            self, reception, Listener(self.host, self.port, reception, self._tls(), self.connections_max)
        )

    def _tls(self) -> ssl.SSLContext | None:
        """The context that nodes meet; None where no certificate is set."""
        if not (self.certificate or self.private_key or self.client_ca):
            return None
        if not (self.certificate and self.private_key and self.client_ca):
            raise ConfigError(f"{self.name}: TLS needs certificate, private_key and client_ca together.")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.verify_mode = ssl.CERT_REQUIRED
        try:
            context.load_cert_chain(self.certificate, self.private_key)
            context.load_verify_locations(self.client_ca)
        except (OSError, ValueError) as error:
            raise ConfigError(f"{self.name}: certificate, private_key or client_ca cannot be used: {error}.") from error
        return context


class RunningSapient:
    """The fusion node at work: a thread per connection hears, the engine takes, people give orders."""

    def __init__(self, declared: SapientNodes, reception: Reception, listener: Listener) -> None:
        self._declared = declared
        self._reception = reception
        self._listener = listener
        self.port = listener.port

    @property
    def counts(self) -> Counts:
        """What became of messages."""
        return self._reception.counts

    @property
    def listens(self) -> str:
        """Where nodes find us."""
        return f"{'tcp+tls' if self._declared.certificate else 'tcp'} {self._declared.host}:{self.port}"

    def faults(self) -> dict[str, dict[str, int]]:
        """What was wrong with what each node sent, by its source: kinds and how often."""
        return {node.teller.source: dict(node.faults) for node in list(self._reception.nodes.values())}

    def connected(self) -> tuple[str, ...]:
        """The sources that are registered and online."""
        return tuple(node.teller.source for node in list(self._reception.nodes.values()) if node.online)

    def next_batch(self, wait_s: float) -> Delivered | None:
        """What nodes said; an alert is acknowledged to its node once it is on disk."""
        return self._reception.next_batch(wait_s, urgent=self._declared.urgent)

    def takes(self, source: str, order: Order) -> bool:
        """Whether this sensor is a node that is connected here; raises Conflict where it takes no such order."""
        found = self._reception.line_of(source)
        if found is not None:
            check_order(found[0], order)
        return found is not None

    def order(self, source: str, order: Order, id: str) -> None:
        """Send the order as a Task; the node answers in its own time. Raises Conflict where it is gone."""
        found = self._reception.line_of(source)
        if found is None:
            raise Conflict(f"{source} is not connected: wait until it is back.")
        node, line = found
        check_order(node, order)
        now = self._reception.clock()
        task_id = ulid(now, f"{source} {id}".encode())
        line.say(message(self._reception.id, now, given(node, task_id, order), node.id))

    def snapshot(self) -> bytes:
        """Nothing: nodes register anew."""
        return b""

    def problem(self) -> str:
        """What was wrong with a node of late: refused registrations, broken messages, floods; else empty."""
        return self._listener.problem() or self._reception.problem()

    def close(self) -> None:
        """Hang up and stop listening."""
        self._reception.close()
        self._listener.close()


__all__ = ["NodePlan", "RunningSapient", "SapientNodes"]
