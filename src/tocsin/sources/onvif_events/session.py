"""One conversation with an ONVIF device: SOAP over HTTP with both kinds of digest, and the offset of its clock."""

import os
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from tocsin.formats.onvif_events import (
    BYTES_MAX,
    Credentials,
    Fault,
    Message,
    Subscription,
    create_pull_point,
    device_time,
    get_time,
    messages_of,
    parsed,
    pull,
    renew,
    subscription_of,
    unsubscribe,
)
from tocsin.formats.onvif_events.soap import raise_fault
from tocsin.model import BadInput, ConfigError, SourceLost

if TYPE_CHECKING:
    import httpx

MESSAGES_MAX = 100
"""Most messages that are asked for in one go."""

ANSWER_S_MAX = 10.0
"""Longest time a device takes to answer, beside what it was told to wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Where a device is, and as whom we come."""

    url: str
    user: str = ""
    password: str = field(default="", repr=False)
    events_path: str = ""
    device_path: str = ""
    ca_file: str = ""


class Session:
    """Not connected until `begin`. Used from one thread. All trouble with the device is SourceLost."""

    def __init__(self, access: Access, pull_s: float) -> None:
        self._access = access
        self._pull_s = pull_s
        self._client = _client(access, pull_s)
        self._point: Subscription | None = None
        self.clock_off_s = 0.0

    def begin(self, lasts_s: float) -> None:
        """Learn the device's clock and make a pull point."""
        self.clock_off_s = self._clock_off()
        to = self._address(self._access.events_path)
        root = self._ask(to, create_pull_point(to, self._who(), lasts_s), "create a pull point")
        self._point = self._read(subscription_of, root)

    def pull(self) -> tuple[list[Message], list[tuple[bytes, str]]]:
        """The messages that wait there (the device waits for some), and what of them could not be read."""
        point = self._made()
        request = pull(point, self._who(), self._pull_s, MESSAGES_MAX)
        content = self._send(self._local(point.address), request, "fetch messages")
        root = self._parsed(content)
        self._read(raise_fault, root)
        try:
            return messages_of(root), []
        except BadInput as error:
            return [], [(content, str(error))]

    def renew(self, lasts_s: float) -> None:
        """Have the device keep the pull point."""
        point = self._made()
        self._ask(self._local(point.address), renew(point, self._who(), lasts_s), "renew the pull point")

    def end(self) -> None:
        """Unsubscribe where we can; the device forgets us anyway."""
        point, self._point = self._point, None
        if point is not None:
            with suppress(SourceLost):  # it is gone already: then there is nothing to take back
                self._ask(self._local(point.address), unsubscribe(point, self._who()), "unsubscribe")

    def close(self) -> None:
        """Drop all connections."""
        self._client.close()

    def _made(self) -> Subscription:
        if self._point is None:
            raise SourceLost("no pull point was made")
        return self._point

    def _clock_off(self) -> float:
        """Seconds by which the device's clock is ahead of ours; 0 where it does not say."""
        to = self._address(self._access.device_path)
        before = time.time()
        told = self._read(device_time, self._ask(to, get_time(to), "ask for its time"))
        return 0.0 if told is None else told - (before + time.time()) / 2

    def _who(self) -> Credentials | None:
        access = self._access
        if not access.user:
            return None
        at = time.time() + self.clock_off_s
        return Credentials(user=access.user, password=access.password, nonce=os.urandom(16), at=at)

    def _address(self, path: str) -> str:
        return self._access.url.rstrip("/") + path

    def _local(self, address: str) -> str:
        """The pull point's path at the host we know: a device behind NAT, or a hostile one, names another."""
        ours, theirs = urlsplit(self._access.url), urlsplit(address)
        port = theirs.netloc if theirs.hostname == ours.hostname and theirs.scheme == ours.scheme else ours.netloc
        return urlunsplit((ours.scheme, port, theirs.path or "/", theirs.query, ""))

    def _ask(self, to: str, request: bytes, what: str) -> Any:  # noqa: ANN401  # lxml's element
        root = self._parsed(self._send(to, request, what))
        self._read(raise_fault, root)
        return root

    def _send(self, to: str, request: bytes, what: str) -> bytes:
        import httpx

        headers = {"Content-Type": "application/soap+xml; charset=utf-8"}
        try:
            with self._client.stream("POST", to, content=request, headers=headers) as answer:
                content = _bounded(answer)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise SourceLost(f"could not {what}: {str(error) or type(error).__name__}") from error
        if answer.status_code in (401, 403):
            raise SourceLost(f"it refuses to {what} (HTTP {answer.status_code}): check `user` and `secret`")
        if answer.status_code != 200 and b"Envelope" not in content:
            raise SourceLost(f"could not {what}: HTTP {answer.status_code}: check the URL and its paths")
        return content

    def _parsed(self, content: bytes) -> Any:  # noqa: ANN401
        return self._read(parsed, content)

    def _read(self, reader: Any, what: Any) -> Any:  # noqa: ANN401  # readers of answers
        try:
            return reader(what)
        except Fault as error:
            raise SourceLost(str(error)) from error
        except BadInput as error:
            raise SourceLost(f"its answer cannot be read: {error}") from error


def _bounded(answer: "httpx.Response") -> bytes:
    parts, size = [], 0
    for part in answer.iter_bytes():
        parts.append(part)
        size += len(part)
        if size > BYTES_MAX:
            raise SourceLost(f"its answer is longer than {BYTES_MAX} bytes")
    return b"".join(parts)


def _client(access: Access, pull_s: float) -> "httpx.Client":
    import httpx

    try:
        trusted = ssl.create_default_context(cafile=access.ca_file or None)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"The certificates in {access.ca_file} cannot be read: {error}.") from error
    auth = httpx.DigestAuth(access.user, access.password) if access.user else None
    return httpx.Client(
        auth=auth, verify=trusted, timeout=pull_s + ANSWER_S_MAX, follow_redirects=False, trust_env=False
    )
