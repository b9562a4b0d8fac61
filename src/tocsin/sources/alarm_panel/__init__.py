"""Alarm panels that report by SIA DC-09 over TCP or UDP; each message is acknowledged when it is on disk."""

import re
from dataclasses import dataclass
from typing import ClassVar

from msgspec import Struct

from tocsin.contract.protocols import Delivered
from tocsin.contract.resources import Resources
from tocsin.formats.sia_dc09 import Codes, key_of
from tocsin.model import ConfigError, Level, Origin
from tocsin.sources.alarm_panel.reception import Known, Reception
from tocsin.sources.alarm_panel.switchboard import Switchboard

CODES = "alarm/codes.yaml"
"""Where the content says what codes mean."""

_ACCOUNT = re.compile(r"[0-9A-F]{3,16}")


class Panel(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One alarm panel. `account` is its number in hexadecimal digits, in quotes; `secret` names its key.

    `zones` says which zone is a sensor of its own; all others speak as zones of the panel.
    """

    account: str
    secret: str = ""
    zones: dict[str, str] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmPanels:
    """Receives what alarm panels report: SIA and Contact ID events by SIA DC-09, encrypted or not.

    `panels` maps the id of a sensor to its account and key (AES-128, -192 or -256 in hexadecimal digits,
    among the installation's secrets); a panel with a key is never believed without it, and an account
    that is not listed is answered that nobody knows it. The clock of an encrypted message must be at most
    `behind_s_max` behind or `ahead_s_max` ahead; else the panel is told the time and sends again. Port 0
    picks a free one. `waiting_max` messages wait at most, `connections_max` panels stay connected by TCP.

    >>> panels = AlarmPanels(panels={"hall": Panel(account="1234")}, port=0).start(Resources())
    >>> panels.problem(), panels.port > 0
    ('', True)
    >>> panels.close()
    """

    kind: ClassVar[str] = "alarm.panel"
    needs: ClassVar[Level] = Level.CLEAR

    panels: dict[str, Panel]
    name: str = "alarm"
    host: str = "127.0.0.1"
    port: int = 12_000
    tcp: bool = True
    udp: bool = True
    urgent: bool = True
    behind_s_max: float = 40.0
    ahead_s_max: float = 20.0
    waiting_max: int = 1_000
    connections_max: int = 256
    origin: Origin = Origin.LIVE

    def check(self, resources: Resources) -> None:
        """Raises ConfigError for a panel, a secret or a key that cannot work; opens nothing."""
        self._known(resources)
        if not (self.tcp or self.udp):
            raise ConfigError(f"{self.name} listens to nothing: set tcp or udp to true.")
        if min(self.waiting_max, self.connections_max) < 1:
            raise ConfigError(f"{self.name}: waiting_max and connections_max are 1 or more.")

    def start(self, resources: Resources, resume: bytes = b"") -> "RunningAlarmPanels":
        """Begin to listen; raises ConfigError where the port is taken, or a panel cannot work."""
        del resume  # a panel that got no acknowledgement sends again
        self.check(resources)
        codes = Codes.of(resources.document(CODES))
        reception = Reception(
            known=self._known(resources),
            codes=codes,
            via=self.name,
            origin=self.origin,
            window_s=(self.behind_s_max, self.ahead_s_max),
            waiting_max=self.waiting_max,
        )
        board = Switchboard(self.host, self.port, reception, tcp=self.tcp, udp=self.udp, most=self.connections_max)
        return RunningAlarmPanels(self, reception, board)

    def _known(self, resources: Resources) -> dict[str, Known]:
        """The panels by account."""
        found: dict[str, Known] = {}
        for source, panel in self.panels.items():
            account = panel.account.strip().upper()
            if not _ACCOUNT.fullmatch(account):
                raise ConfigError(f"{self.name}: the account of {source} is 3 to 16 hexadecimal digits, in quotes.")
            if account in found:
                raise ConfigError(f"{self.name}: {source} and {found[account].source} have one account: correct one.")
            zones = {zone.lstrip("0") or "0": sensor for zone, sensor in panel.zones.items()}
            found[account] = Known(source=source, key=self._key(source, panel, resources), zones=zones)
        if not found:
            raise ConfigError(f"{self.name} knows no panels: name each under `panels` with its account.")
        return found

    def _key(self, source: str, panel: Panel, resources: Resources) -> bytes:
        try:
            return key_of(resources.secret(panel.secret)) if panel.secret else b""
        except ConfigError as error:
            raise ConfigError(f"{self.name}, {source}: {error}") from None


class RunningAlarmPanels:
    """The receiver at work: one thread for the sockets, the engine asks and acknowledges from its own."""

    def __init__(self, declared: AlarmPanels, reception: Reception, board: Switchboard) -> None:
        self._declared = declared
        self._reception = reception
        self._board = board
        self.port = board.port
        self.counts = reception.counts

    def next_batch(self, wait_s: float) -> Delivered | None:
        """What panels said, in the order of arrival; its `acknowledge` answers them."""
        return self._reception.next_batch(wait_s, urgent=self._declared.urgent)

    def snapshot(self) -> bytes:
        """Nothing: a panel keeps what was not acknowledged."""
        return b""

    def problem(self) -> str:
        """What is wrong with a panel that called of late: not listed, wrong key, wrong clock; else empty."""
        return self._board.problem() or self._reception.problem()

    @property
    def listens(self) -> str:
        """Where panels call."""
        declared = self._declared
        transports = [name for name, wanted in (("tcp", declared.tcp), ("udp", declared.udp)) if wanted]
        host = f"[{declared.host}]" if ":" in declared.host else declared.host
        return ", ".join(f"{name} {host}:{self.port}" for name in transports)

    def close(self) -> None:
        """Hang up; what was not acknowledged, panels send again."""
        self._reception.close()
        self._board.close()


__all__ = ["AlarmPanels", "Panel", "RunningAlarmPanels"]
