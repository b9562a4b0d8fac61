"""A clear view of a camera: asked for with a reason, approved by another person, short, and seen by the asker alone."""

from collections.abc import Callable

from msgspec import Struct

from tocsin.engine.desk import Person
from tocsin.engine.doorway import Doorway
from tocsin.engine.requests import OPEN_S_MAX, Requests
from tocsin.engine.seats import Seats
from tocsin.gate.approve import Approver, unmask
from tocsin.gate.clearance import Ask, Clearance, stated
from tocsin.gate.ledger import Ledger
from tocsin.gate.policy import Policies
from tocsin.model import Level, NotFound, Origin, derived_id


class ViewRequest(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody asks for a clear view of a camera. `asked_by` is a pseudonymous account, times are seconds UTC."""

    id: str
    source: str
    reason: str
    asked_by: str
    role: str
    at: float
    until: float
    incident: str = ""


class ClearUntil(Struct, frozen=True, kw_only=True):
    """A clear view that was approved: of which camera, for whom, until when."""

    source: str
    asked_by: str
    until: float
    clearance: str


class Unmasking:
    """Keeps what is asked for, and what was cleared. Thread-safe."""

    def __init__(
        self, ledger: Ledger, policies: Policies, doorway: Doorway, clock: Callable[[], float], origin: Origin
    ) -> None:
        self._ledger = ledger
        self._policies = policies
        self._doorway = doorway
        self._clock = clock
        self._origin = origin
        self._requests: Requests[ViewRequest] = Requests("/api/views")
        self._cleared: dict[str, ClearUntil] = {}

    @property
    def _seats(self) -> Seats:
        return self._doorway.seats

    def ask(self, source: str, reason: str, by: Person, incident: str = "") -> ViewRequest:
        """Ask for a clear view; raises NotFound, Refused without a reason, TooMuch where too many wait."""
        if self._seats.find(source) is None:
            raise NotFound(f"There is no camera {source!r}: /api/cameras lists them.")
        why, now = stated(reason), self._clock()

        def made(number: int) -> ViewRequest:
            return ViewRequest(
                id=derived_id("view", source, by.account, now, number),
                source=source,
                reason=why,
                asked_by=by.account,
                role=by.role,
                at=now,
                until=now + OPEN_S_MAX,
                incident=incident,
            )

        return self._requests.add(made, now)

    def open(self, now: float) -> list[ViewRequest]:
        """The requests that wait at that moment, oldest first."""
        return self._requests.open(now)

    def answer(self, request_id: str, by: Person) -> ClearUntil:
        """Approve: the receipt first, then the view. Raises Refused naming the policy, NotFound or Conflict."""
        now = self._clock()
        request, granted = self._requests.answered(request_id, now, lambda one: self._granted(one, by, now))
        self._doorway.hold(granted, now)
        cleared = ClearUntil(
            source=request.source, asked_by=request.asked_by, until=granted.until, clearance=granted.id
        )
        self._cleared[request.source] = cleared
        return cleared

    def clear(self, source: str, account: str, now: float) -> ClearUntil | None:
        """The clear view that this account has of a camera at that moment, if any."""
        found = self._cleared.get(source)
        return found if found is not None and found.asked_by == account and now < found.until else None

    def running(self, now: float) -> list[ClearUntil]:
        """All clear views that are open at that moment: everybody may know."""
        return [one for one in self._cleared.values() if now < one.until]

    def _granted(self, request: ViewRequest, by: Person, now: float) -> Clearance:
        seat = self._seats.find(request.source)
        if seat is None:
            raise NotFound(f"There is no camera {request.source!r} any more.")
        wish = Ask(source=seat.id, purpose=seat.purpose, level=Level.CLEAR, zone=seat.zone, origin=self._origin)
        return unmask(
            self._ledger,
            self._policies,
            wish,
            reason=request.reason,
            asker=Approver(request.asked_by, request.role),
            approver=Approver(by.account, by.role),
            now=now,
            incident=request.incident,
        )
