"""Carries deliveries out: asks the gate, sends, notes what came of it. At least once, across restarts."""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, runtime_checkable

import structlog

from tocsin.engine.outlets import FolderOutlet, HttpOutlet, Outlet, SyslogOutlet, Undelivered, open_outlet
from tocsin.model import Delivery, Outcome, Refused, TocsinError, derived_id
from tocsin.store.outbox import Posted

__all__ = [
    "Carrier",
    "FolderOutlet",
    "HttpOutlet",
    "Kept",
    "Outlet",
    "Permit",
    "SyslogOutlet",
    "Undelivered",
    "open_outlet",
]

log = structlog.get_logger()


class Kept(Protocol):
    """The outbox on disk, as the carrier uses it (`tocsin.store.outbox.Outbox`)."""

    def due(self, now: float, limit: int = 100) -> Sequence[Delivery]:
        """Deliveries to try now, the longest due first."""
        ...

    def done(self, id: str, at: float) -> None:
        """It was delivered."""
        ...

    def failed(self, id: str, at: float, why: str) -> Posted:
        """It was not: try later, or give up."""
        ...

    def give_up(self, id: str, why: str) -> Posted:
        """Never try it again."""
        ...


@runtime_checkable
class Closes(Protocol):
    """An outlet that keeps a connection open, and says goodbye."""

    def close(self) -> None:
        """Give it back."""
        ...


class Permit(Protocol):
    """What the gate says before any effect (`tocsin.gate.outlet.permit`); raises Refused."""

    def __call__(self, delivery: Delivery, outlet_kind: str, *, exercise: bool = False) -> object:
        """Let it out, or raise."""
        ...


class Carrier:
    """Takes what is due to its outlet, the gate permitting, and tells every outcome.

    At least once: killed between an effect and noting it, the same delivery goes again after
    the restart, under the same id (`webhook-id` for HTTP, the same file in a folder). Outcomes
    are "delivered", "held back" (refused by the gate, or no such outlet) and "failed" (told at the
    first failure and when it is given up). An outlet that failed is not tried again in the same
    round, so that a dead receiver delays the others once only.
    """

    def __init__(  # its five collaborators, in the order of their use
        self,
        outbox: Kept,
        outlets: Mapping[str, Outlet],
        permit: Permit,
        now: Callable[[], float],
        on_outcome: Callable[[Outcome], None],
        *,
        pause_s: float = 0.5,
        batch_max: int = 100,
    ) -> None:
        self._outbox = outbox
        self._outlets = outlets
        self._permit = permit
        self._now = now
        self._on_outcome = on_outcome
        self._pause_s = pause_s
        self._batch_max = batch_max
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def run_once(self, now: float) -> int:
        """Try what is due; how many deliveries were settled (delivered or held back)."""
        failed: dict[str, str] = {}
        return sum(self._carry(delivery, now, failed) for delivery in self._outbox.due(now, self._batch_max))

    def start(self) -> None:
        """Carry in a thread of its own until `stop`."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="tocsin outbox", daemon=True)
        self._thread.start()

    def stop(self, wait_s: float = 15.0) -> None:
        """Finish the attempt under way, then stop; what is left goes after the next start."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(wait_s)
            self._thread = None
        for outlet in self._outlets.values():
            if isinstance(outlet, Closes):
                outlet.close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                settled = self.run_once(self._now())
            except TocsinError as error:
                log.warning("outbox round failed", code=error.code, why=str(error))
                settled = 0
            if not settled:
                self._stopping.wait(self._pause_s)

    def _carry(self, delivery: Delivery, now: float, failed: dict[str, str]) -> bool:
        if self._stopping.is_set():
            return False
        try:
            answer = self._send(delivery, now, failed)
        except Refused as error:
            self._outbox.give_up(delivery.id, str(error))
            self._tell(delivery, now, "held back", str(error))
            return True
        except Undelivered as error:
            failed[delivery.outlet] = str(error)
            self._again(delivery, now, str(error))
            return False
        self._outbox.done(delivery.id, now)
        self._tell(delivery, now, "delivered", answer)
        return True

    def _send(self, delivery: Delivery, now: float, failed: Mapping[str, str]) -> str:
        """What the outlet answered; raises Refused where it may not be sent, Undelivered where it cannot be now."""
        outlet = self._outlets.get(delivery.outlet)
        if outlet is None:
            raise Refused(f"No outlet is named {delivery.outlet!r}: add it to `outlets`, then retry the delivery.")
        self._permit(delivery, outlet.kind, exercise=outlet.exercise)
        if delivery.outlet in failed:
            raise Undelivered(failed[delivery.outlet])
        return outlet.send(delivery, now)

    def _again(self, delivery: Delivery, now: float, why: str) -> None:
        posted = self._outbox.failed(delivery.id, now, why)
        if posted.state == "dead":
            self._tell(delivery, now, "failed", f"{why} Given up after {posted.tries} attempts.")
        elif posted.tries == 1:
            self._tell(delivery, now, "failed", f"{why} It is tried again.")

    def _tell(self, delivery: Delivery, now: float, state: str, text: str) -> None:
        """A delivery's id begins with that of its action and a slash."""
        self._on_outcome(
            Outcome(
                at=now,
                origin=delivery.origin,
                id=derived_id("out", delivery.id, state, text),
                action=delivery.id.rpartition("/")[0],
                delivery=delivery.id,
                state=state,
                text=text,
            )
        )
