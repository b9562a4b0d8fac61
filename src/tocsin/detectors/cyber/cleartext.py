"""Credentials that cross the network in clear: an exposure of a server, not an attack."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, NamedTuple, TypeAlias

from msgspec import Meta, Struct
from msgspec.structs import replace

from tocsin.contract.bodies import LogEvents
from tocsin.contract.network import PRIVATE, bounded, checked, evidence_of, flows, inside, number, touched, whole
from tocsin.contract.protocols import by_source
from tocsin.model import Finding, Level, Observation, derived_id

Row: TypeAlias = Mapping[str, Any]

DIALOGUE_BYTES_MIN = 64
"""Least bytes each way of a connection in which somebody may have logged in (padding of frames looks like a few)."""

_ENDS = {"zeek": ("id.orig_h", "id.resp_h", "log"), "eve": ("src_ip", "dest_ip", "event_type")}
_PORTS = {23: "Telnet", 110: "POP3", 143: "IMAP", 512: "rexec", 513: "rlogin", 514: "rsh"}
_SERVICES = {"telnet": "Telnet", "pop3": "POP3", "imap": "IMAP", "rlogin": "rlogin", "rsh": "rsh"}
_LOGIN_PORTS = tuple(_PORTS)  # tuples, since a hostile row may hold what cannot be hashed
_LOGIN_SERVICES = tuple(_SERVICES)
_ENCRYPTED = ("ssl", "tls")
_MAIL_LOGINS = frozenset({"PASS", "USER", "AUTH", "LOGIN"})


class Shown(NamedTuple):
    """One row that shows a login in clear: by which protocol, and whether credentials were seen or only their way."""

    protocol: str
    sure: bool


class Exposure(Struct):
    """What was seen of one server and protocol in one window."""

    server: str
    protocol: str
    since: float
    window: int
    grade: str = "possible"
    count: int = 0
    clients: list[str] = []


class Exposed(Struct):
    """The exposures of one log, least recently extended first."""

    servers: dict[str, Exposure] = {}


def _ftp(row: Row) -> Shown | None:
    """A transfer or a login by FTP (RFC 959); a session that turned to TLS shows no commands."""
    told = row.get("cleartext_login") is True
    accepted = 100 <= whole(row.get("reply_code")) < 400 and row.get("command") != "AUTH"
    return Shown("FTP", sure=told or bool(row.get("user"))) if told or accepted else None


def _http(row: Row) -> Shown | None:
    """HTTP Basic authentication (RFC 7617): Zeek names the account, which is a token here."""
    return Shown("HTTP Basic", sure=True) if row.get("username") or row.get("cleartext_login") is True else None


def _snmp(row: Row) -> Shown | None:
    """SNMP v1 or v2c (RFC 1157, 1901), whose community is the password, answered by the server."""
    old = str(row.get("version")).lower() in ("1", "2", "2c", "v1", "v2c")
    return Shown("SNMP community", sure=True) if old and whole(row.get("get_responses")) else None


def _sip(row: Row) -> Shown | None:
    """A SIP registration or call (RFC 3261) that was accepted outside TLS."""
    accepted = 200 <= whole(row.get("status_code")) < 300
    if row.get("cleartext_login") is True:
        return Shown("SIP Basic", sure=True)
    return Shown("SIP", sure=False) if accepted and row.get("method") in ("REGISTER", "INVITE") else None


def _mqtt(row: Row) -> Shown | None:
    """An MQTT connection (OASIS 3.1.1, 5) outside TLS; sure where it carries a user name."""
    named = bool(row.get("username") or row.get("username_present") or row.get("password_present"))
    refused = "accept" not in str(row.get("connect_status", "accepted")).lower()
    return None if refused else Shown("MQTT", sure=named)


def _ldap(row: Row) -> Shown | None:
    """A simple bind of LDAP (RFC 4513) that was accepted outside TLS."""
    simple = "simple" in f"{row.get('opcode')} {row.get('argument')}".lower()
    accepted = str(row.get("result", "")).lower() in ("success", "0")
    return Shown("LDAP", sure=True) if simple and accepted else None


def _eve_ftp(row: Row) -> Shown | None:
    ftp = _inner(row, "ftp")
    return Shown("FTP", sure=True) if str(ftp.get("command")).upper() == "PASS" else None


def _eve_http(row: Row) -> Shown | None:
    return Shown("HTTP Basic", sure=True) if _inner(row, "http").get("username") else None


def _eve_mqtt(row: Row) -> Shown | None:
    connect = _inner(_inner(row, "mqtt"), "connect")
    flags = _inner(connect, "flags")
    return Shown("MQTT", sure=bool(flags.get("username") or flags.get("password"))) if connect else None


def _eve_pop3(row: Row) -> Shown | None:
    request = _inner(_inner(row, "pop3"), "request")
    return Shown("POP3", sure=True) if str(request.get("command")).upper() in _MAIL_LOGINS else None


def _inner(row: Row, name: str) -> Row:
    value = row.get(name)
    return value if isinstance(value, dict) else {}


_TITLES = {"imap": "IMAP", "pop3": "POP3", "smtp": "SMTP", "telnet": "Telnet"}


def _told(row: Row) -> Shown | None:
    """A login that our packet reader saw in clear."""
    log = str(row.get("log"))
    return Shown(_TITLES.get(log, log), sure=True) if row.get("cleartext_login") is True else None


_READERS: Mapping[str, Mapping[str, Callable[[Row], Shown | None]]] = {
    "zeek": {
        "ftp": _ftp,
        "http": _http,
        "snmp": _snmp,
        "sip": _sip,
        "mqtt_connect": _mqtt,
        "ldap": _ldap,
        **dict.fromkeys(_TITLES, _told),
    },
    "eve": {"ftp": _eve_ftp, "http": _eve_http, "mqtt": _eve_mqtt, "pop3": _eve_pop3},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleartext:
    """Find servers that take credentials in clear: FTP, Telnet, POP3, IMAP, HTTP Basic, MQTT, SNMP, SIP, LDAP.

    One finding per server, protocol and window. It accuses nobody: the subject is the server, and
    neither a name nor a secret is in it. `login` says that credentials were seen, `possible` that the
    protocol sends them in clear if it sends any.

    >>> from tocsin.contract.examples import START_AT, seen
    >>> from tocsin.contract.folding import findings
    >>> ends = {"id.orig_h": "10.0.0.9", "id.resp_h": "10.0.0.5"}
    >>> row = {"log": "ftp", "at": START_AT, "user": "t:5f", "reply_code": 226, **ends}
    >>> findings(Cleartext(), [seen(LogEvents(format="zeek", offsets=(0,), rows=(row,)))])[0].because
    '10.0.0.5 takes credentials in clear by FTP: 1 time from 1 client.'
    """

    kind: ClassVar[str] = "cyber.cleartext"
    needs: ClassVar[Level] = Level.ANONYMOUS
    accepts: ClassVar[tuple[type, ...]] = (LogEvents,)
    key: ClassVar = by_source
    sees: ClassVar[tuple[str, ...]] = ()
    default_nats: ClassVar[dict[str, float]] = {"possible": 0.3, "login": 0.8}

    home: Annotated[tuple[str, ...], Meta(description="Networks that are ours, as CIDR.")] = PRIVATE
    outside: Annotated[bool, Meta(description="Whether servers outside are told too, where ours log in there.")] = True
    window_s: Annotated[float, Meta(description="Length of one finding's window, seconds.", gt=0)] = 86_400.0
    servers_max: Annotated[int, Meta(description="Most pairs of server and protocol kept per log.", ge=1)] = 256
    clients_max: Annotated[int, Meta(description="Most clients counted per server and protocol.", ge=1)] = 32
    evidence_max: Annotated[int, Meta(description="Most rows cited per finding and batch.", ge=1)] = 20

    def __post_init__(self) -> None:
        """Refuse a home network that is none."""
        checked(self.home, self.kind)

    def step(self, state: Exposed | None, fact: Observation[LogEvents]) -> tuple[Exposed, list[Finding]]:
        """Take in the logins of a batch; one finding per server and protocol that shows some."""
        exposed = Exposed() if state is None else state
        grown: dict[str, list[str]] = {}
        for index, client, server, shown in self._logins(fact):
            at = number(fact.body.rows[index].get("at"), fact.at)
            grown.setdefault(self._noted(exposed, at, client, server, shown), []).append(evidence_of(fact, index))
        found = [self._finding(fact, exposed.servers[name], rows) for name, rows in grown.items()]
        bounded(exposed.servers, self.servers_max)
        return exposed, found

    def _logins(self, fact: Observation[LogEvents]) -> Iterator[tuple[int, str, str, Shown]]:
        """Row, client, server and what it shows, for every row that shows a login in clear at a server of ours."""
        readers = _READERS.get(fact.body.format, {})
        likely = [index for index, row in enumerate(fact.body.rows) if _may_be_login(row)]
        for flow in flows(_only(fact, likely), self.home) if likely else ():
            protocol = _by_flow(flow.service, flow.port) if flow.proto == "tcp" else ""
            talked = flow.outcome == 1 and min(flow.out_bytes, flow.in_bytes) >= DIALOGUE_BYTES_MIN
            if protocol and talked and flow.to_inside:
                yield likely[flow.row], flow.source, flow.target, Shown(protocol, sure=False)
        if readers:
            yield from self._rows(fact, readers)

    def _rows(
        self, fact: Observation[LogEvents], readers: Mapping[str, Callable[[Row], Shown | None]]
    ) -> Iterator[tuple[int, str, str, Shown]]:
        client_name, server_name, kind_name = _ENDS[fact.body.format]
        for index, row in enumerate(fact.body.rows):
            shown = readers.get(str(row.get(kind_name)), _nothing)(row)
            ends = None if shown is None else _ends(row.get(client_name), row.get(server_name))
            if shown is not None and ends is not None and self._concerns_us(*ends):
                yield index, *ends, shown

    def _concerns_us(self, client: str, server: str) -> bool:
        return inside(server, self.home) or (self.outside and inside(client, self.home))

    def _exposure(self, exposed: Exposed, name: str, at: float) -> Exposure | None:
        """What is known of a server and protocol in the window of that time, or a later one."""
        known = touched(exposed.servers, name)
        return known if known is not None and known.window >= int(at // self.window_s) else None

    def _noted(self, exposed: Exposed, at: float, client: str, server: str, shown: Shown) -> str:
        """Add one login to its server and protocol, which become the most recent; gives their name."""
        name = f"{server} {shown.protocol}"
        exposure = exposed.servers[name] = self._exposure(exposed, name, at) or Exposure(
            server=server, protocol=shown.protocol, since=at, window=int(at // self.window_s)
        )
        exposure.since = min(exposure.since, at)
        exposure.count += 1
        if shown.sure:
            exposure.grade = "login"
        if client not in exposure.clients and len(exposure.clients) < self.clients_max:
            exposure.clients.append(client)
        return name

    def _finding(self, fact: Observation[LogEvents], exposure: Exposure, rows: list[str]) -> Finding:
        return Finding(
            id=derived_id("f", self.kind, fact.source, exposure.server, exposure.protocol, exposure.window),
            at=fact.at,
            origin=fact.origin,
            kind=self.kind,
            subject=exposure.server,
            because=self._because(exposure),
            evidence=tuple(dict.fromkeys(rows[: self.evidence_max])),
            source=fact.source,
            detector=self.kind,
            grade=exposure.grade,
            place=fact.place,
            since=exposure.since,
            measure=float(exposure.count),
            unit="connections",
        )

    def _because(self, exposure: Exposure) -> str:
        clients = len(exposure.clients)
        least = "at least " if clients >= self.clients_max else ""
        often = f"{exposure.count} time{'' if exposure.count == 1 else 's'}"
        whom = f"{least}{clients} client{'' if clients == 1 else 's'}"
        verb = "takes credentials in clear by" if exposure.grade == "login" else "can be logged in to in clear by"
        return f"{exposure.server} {verb} {exposure.protocol}: {often} from {whom}."


def _may_be_login(row: Row) -> bool:
    """Whether a row can be a connection to a protocol that logs in in clear: few are, and all others cost nothing."""
    get = row.get
    return (
        get("id.resp_p") in _LOGIN_PORTS
        or get("dest_port") in _LOGIN_PORTS
        or get("service") in _LOGIN_SERVICES
        or get("app_proto") in _LOGIN_SERVICES
    )


def _only(fact: Observation[LogEvents], indexes: list[int]) -> Observation[LogEvents]:
    """The same observation with only these rows."""
    rows = fact.body.rows
    return replace(fact, body=replace(fact.body, rows=tuple(rows[index] for index in indexes)))


def _by_flow(service: str, port: int) -> str:
    """The protocol that logs in in clear, by the service that Zeek or Suricata saw, else by its port."""
    said = service.lower()
    if any(one in said for one in _ENCRYPTED):
        return ""
    if said:
        return next((title for name, title in _SERVICES.items() if name in said), "")
    return _PORTS.get(port, "")


def _nothing(_row: Row) -> Shown | None:
    """Reads rows of a kind that shows no login."""
    return None


def _ends(client: object, server: object) -> tuple[str, str] | None:
    return (client, server) if isinstance(client, str) and isinstance(server, str) else None
