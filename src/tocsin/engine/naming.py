"""Revealing a name: a token is matched against names that a person brings, after another's approval (level 4)."""

import re
from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from tocsin.contract.pseudonyms import is_token
from tocsin.engine.desk import Person
from tocsin.engine.requests import OPEN_S_MAX, Requests
from tocsin.gate.approve import Approver, unmask
from tocsin.gate.clearance import Ask, Clearance, stated
from tocsin.gate.ledger import Ledger
from tocsin.gate.meter import Used, cost_of
from tocsin.gate.policy import Policies
from tocsin.gate.traces import ended
from tocsin.model import BadInput, Level, Origin, derived_id

NAMES_MAX = 200_000
"""Most names of one answer: the accounts of a large city's directory."""

NAME_CHARS_MAX = 256
"""Longest name, in characters."""

PURPOSE = "public safety"
"""The purpose under which policies are asked: that of the sensors that saw the token."""


_HALF = re.compile("[\ud800-\udfff]")


class NameRequest(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody asks whose token this is. `asked_by` is a pseudonymous account, `at` and `until` seconds UTC."""

    id: str
    token: str
    reason: str
    incident: str
    asked_by: str
    role: str
    at: float
    until: float
    zone: str = ""


class Revealed(Struct, frozen=True, kw_only=True):
    """The brought name that has the token, empty where none has; `tried` is how many were brought."""

    name: str
    tried: int


class Naming:
    """Keeps what is asked for, and matches. No name is kept, logged or put into an error. Thread-safe.

    `token_of` gives the token of a name under the installation's key, and must not remember names.
    Requests live in memory alone: a restart forgets those that nobody has answered.
    """

    def __init__(
        self,
        ledger: Ledger,
        policies: Policies,
        token_of: Callable[[str], str],
        clock: Callable[[], float],
        *,
        origin: Origin = Origin.LIVE,
    ) -> None:
        self._ledger = ledger
        self._policies = policies
        self._token_of = token_of
        self._clock = clock
        self._origin = origin
        self._requests: Requests[NameRequest] = Requests("/api/names")

    def ask(self, token: str, reason: str, incident: str, by: Person, *, zone: str = "") -> NameRequest:
        """Ask for a name; `zone` is where the incident is, and decides which policy governs.

        Raises BadInput for what is no token, Refused without a reason, TooMuch where too many wait.
        """
        if not is_token(token):
            raise BadInput("This is no token: one is `t:` and 20 hexadecimal digits, as evidence shows it.")
        why, now = stated(reason), self._clock()

        def made(number: int) -> NameRequest:
            return NameRequest(
                id=derived_id("name", token, by.account, now, number),
                token=token,
                reason=why,
                incident=incident,
                asked_by=by.account,
                role=by.role,
                at=now,
                until=now + OPEN_S_MAX,
                zone=zone,
            )

        return self._requests.add(made, now)

    def open(self, now: float) -> list[NameRequest]:
        """The requests that wait at that moment, oldest first."""
        return self._requests.open(now)

    def answer(self, request_id: str, names: Sequence[str], by: Person) -> Revealed:
        r"""Match the token against these names; once, and only after the receipt is on disk.

        A name is an account (`anna`, `CITY\anna`, `anna@city.example`), a display name or a SID. Raises
        BadInput, Refused naming the policy, NotFound or Conflict; a refused request still waits.
        """
        _check(names)
        now = self._clock()
        request, granted = self._requests.answered(request_id, now, lambda one: self._granted(one, by, now))
        found = next((name for name in names if request.token in self._tokens(name)), "")
        self._end(granted, found=bool(found), tried=len(names))
        return Revealed(name=found, tried=len(names))

    def _granted(self, request: NameRequest, by: Person, now: float) -> Clearance:
        """Leave to look; its receipt is written here, and knows the token alone."""
        wish = Ask(source=request.token, purpose=PURPOSE, level=Level.CLEAR, zone=request.zone, origin=self._origin)
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

    def _end(self, granted: Clearance, *, found: bool, tried: int) -> None:
        """The second receipt: what was used of the leave. One person for one second, where a name was found."""
        used = Used(1, 1.0, cost_of(granted.level, 1, 1)) if found else Used()
        receipt = ended(granted, used, self._clock())
        self._ledger.append(replace(receipt, detail=receipt.detail | {"tried": tried, "found": int(found)}))

    def _tokens(self, name: str) -> Iterator[str]:
        r"""The tokens that admission gives: the account without its domain or realm, or the name as a whole."""
        account = name.rpartition("\\")[2].partition("@")[0]
        yield self._token_of(account)
        if account != name:
            yield self._token_of(name)


def _check(names: Sequence[str]) -> None:
    """Raise BadInput, which says where and never what."""
    if not names:
        raise BadInput("Bring names to compare with, one a line: none came.")
    if len(names) > NAMES_MAX:
        raise BadInput(f"{len(names)} names came; {NAMES_MAX} are the most: bring fewer.")
    for number, name in enumerate(names, 1):
        if len(name) > NAME_CHARS_MAX or not _is_text(name):
            raise BadInput(f"Name {number} is no text of {NAME_CHARS_MAX} characters at most: one name a line.")


def _is_text(name: str) -> bool:
    """Half of a surrogate pair has no bytes, so no token either."""
    return _HALF.search(name) is None
