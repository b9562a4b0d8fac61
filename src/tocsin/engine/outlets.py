"""The ways out of the house: a folder, an HTTP address, a syslog server. Each sends one delivery or says why not."""

import ipaddress
import os
import re
import socket
import ssl
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import SplitResult, urlsplit

from tocsin.formats.syslog import frame
from tocsin.formats.webhook import ID, secret_key, signed
from tocsin.model import ConfigError, Delivery, Refused, TocsinError

if TYPE_CHECKING:
    import httpx

UDP_BYTES_MAX = 2_048
"""Longest syslog message sent over UDP: what every receiver should take (RFC 5426, 3.2)."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


class Undelivered(TocsinError):
    """One attempt to deliver failed; the outbox tries again."""

    code = "undelivered"


class Outlet(Protocol):
    """Where deliveries go. `kind` is folder, http, syslog or sapient; `exercise` marks what takes unreal output."""

    @property
    def kind(self) -> str:
        """What it is, as the gate asks."""
        ...

    @property
    def exercise(self) -> bool:
        """Whether it is marked for exercises."""
        ...

    def send(self, delivery: Delivery, now: float) -> str:
        """Deliver, and say what the other side answered. Raises Undelivered, or Refused for what can never go."""
        ...


@dataclass(frozen=True, kw_only=True)
class FolderOutlet:
    """Writes each delivery as one file, whole or not at all. Names cannot leave the folder.

    In a folder for exercises every name begins with `exercise-`.
    """

    folder: Path
    exercise: bool = False
    kind: str = field(default="folder", init=False)

    def send(self, delivery: Delivery, now: float) -> str:  # noqa: ARG002  # files carry their own time
        """Write to a hidden file, sync it, give it its name, sync the folder."""
        if not _NAME.fullmatch(delivery.name):
            raise Refused(f"{delivery.name[:80]!r} is no name for a file: use letters, digits, dot, dash, underscore.")
        name = f"exercise-{delivery.name}" if self.exercise else delivery.name
        try:
            self._write(name, delivery.payload)
        except OSError as error:
            raise Undelivered(f"Cannot write {name} into the folder: {error.strerror}.") from error
        return f"Written as {name}."

    def _write(self, name: str, payload: bytes) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        part = self.folder / f".{name}.part"
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o640), "wb") as file:
            file.write(payload)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self.folder / name)
        handle = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@dataclass(frozen=True, kw_only=True)
class HttpOutlet:
    """POSTs each delivery; 2xx is delivered, all else is tried again. Signed where a `key` is set.

    TLS is verified, redirects are not followed, proxies of the environment are not used.
    `timeout_s` bounds each step of the exchange.
    """

    url: str
    key: bytes = field(default=b"", repr=False)
    timeout_s: float = 10.0
    ca_file: str = ""
    exercise: bool = False
    kind: str = field(default="http", init=False)

    def __post_init__(self) -> None:
        """Refuse an address over which content would travel in clear."""
        parts = urlsplit(self.url)
        if not parts.hostname or parts.scheme not in ("https", "http"):
            raise ConfigError(f"{self.url!r} is no web address: write https://host/path.")
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            raise ConfigError(f"{parts.hostname} would get deliveries in clear: use https.")

    @cached_property
    def _client(self) -> "httpx.Client":
        import httpx  # 0.2 s: only a house with such an outlet pays for it

        verify = ssl.create_default_context(cafile=self.ca_file or None)
        return httpx.Client(timeout=self.timeout_s, verify=verify, trust_env=False, follow_redirects=False)

    def send(self, delivery: Delivery, now: float) -> str:
        """One POST; only the status of the answer is read."""
        import httpx

        headers = {**dict(delivery.headers), "content-type": delivery.media_type}
        headers.setdefault(ID, delivery.id)
        if self.key:
            headers |= signed(self.key, headers[ID], delivery.payload, now)
        try:
            with self._client.stream("POST", self.url, content=delivery.payload, headers=headers) as response:
                status = response.status_code
        except httpx.HTTPError as error:
            raise Undelivered(f"No answer ({type(error).__name__}).") from error
        if not httpx.codes.is_success(status):
            raise Undelivered(f"The receiver answered HTTP {status}.")
        return f"The receiver answered HTTP {status}."


@dataclass(frozen=True, kw_only=True)
class SyslogOutlet:
    """Sends each delivery as one syslog message over tls, tcp or udp.

    Over tls and tcp: octet counting (RFC 5425, RFC 6587), then it waits up to `timeout_s` until
    the receiver closes its side, which shows that the bytes arrived. Syslog itself never
    acknowledges; over udp nothing shows a loss.
    """

    host: str
    port: int
    transport: str = "tls"
    timeout_s: float = 5.0
    ca_file: str = ""
    exercise: bool = False
    kind: str = field(default="syslog", init=False)

    def __post_init__(self) -> None:
        """Refuse what cannot work."""
        if self.transport not in ("tls", "tcp", "udp") or not 0 < self.port < 65_536:
            raise ConfigError(f"Syslog goes over tls, tcp or udp to a port: not {self.transport}, {self.port}.")

    def send(self, delivery: Delivery, now: float) -> str:  # noqa: ARG002  # the message carries its own time
        """One message, one connection: an incident's news is rare, and each is seen to arrive."""
        try:
            return self._udp(delivery.payload) if self.transport == "udp" else self._stream(delivery.payload)
        except OSError as error:
            raise Undelivered(f"Syslog over {self.transport}: {error.strerror or type(error).__name__}.") from error

    def _udp(self, payload: bytes) -> str:
        if len(payload) > UDP_BYTES_MAX:
            raise Refused(f"{len(payload)} bytes do not fit a UDP syslog message ({UDP_BYTES_MAX}): use tls.")
        family, kind, protocol, _, address = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind, protocol) as channel:
            channel.sendto(payload, address)
        return "Sent over UDP, which shows no loss."

    def _stream(self, payload: bytes) -> str:
        with socket.create_connection((self.host, self.port), timeout=self.timeout_s) as plain:
            if self.transport == "tcp":
                return self._exchange(plain, payload)
            context = ssl.create_default_context(cafile=self.ca_file or None)
            with context.wrap_socket(plain, server_hostname=self.host) as secure:
                return self._exchange(secure, payload)

    def _exchange(self, channel: socket.socket, payload: bytes) -> str:
        channel.sendall(frame(payload))
        channel.shutdown(socket.SHUT_WR)
        try:
            while channel.recv(4_096):
                pass
        except TimeoutError:
            return f"Sent over {self.transport}; the receiver kept the connection open."
        return f"Sent over {self.transport}; the receiver closed after it."


def is_loopback(host: str) -> bool:
    """Whether an address stays on this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def open_outlet(  # one argument per key of the configuration
    kind: str, folder: Path | None = None, url: str = "", secret: str = "", ca_file: str = "", *, exercise: bool = False
) -> Outlet:
    """The outlet that a configuration describes; raises ConfigError saying what to write.

    `url` is https://host/path for http, and syslog+tls://host:6514 (or +tcp, +udp) for syslog;
    `secret` is `whsec_…`, by which HTTP deliveries are signed.
    """
    match kind:
        case "folder" if folder is not None:
            return FolderOutlet(folder=folder, exercise=exercise)
        case "http":
            return HttpOutlet(url=url, key=secret_key(secret) if secret else b"", ca_file=ca_file, exercise=exercise)
        case "syslog":
            return _syslog(urlsplit(url), ca_file, exercise=exercise)
    raise ConfigError(f"An outlet is a folder (with `folder`), http or syslog (with `url`): not {kind!r}.")


def _syslog(parts: SplitResult, ca_file: str, *, exercise: bool) -> SyslogOutlet:
    scheme, _, transport = parts.scheme.partition("+")
    try:
        port = parts.port or {"tls": 6514, "tcp": 601, "udp": 514}.get(transport, 0)
    except ValueError as error:
        raise ConfigError(f"{parts.netloc!r} has no port from 1 to 65535.") from error
    if scheme != "syslog" or not parts.hostname:
        raise ConfigError("A syslog outlet needs `url: syslog+tls://host:6514` (or syslog+tcp, syslog+udp).")
    return SyslogOutlet(host=parts.hostname, port=port, transport=transport, ca_file=ca_file, exercise=exercise)
