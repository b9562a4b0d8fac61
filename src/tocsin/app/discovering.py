"""ONVIF devices on this network: who is there, and which streams one of them has."""

import asyncio
import logging
import socket
import time
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from msgspec import Struct

from tocsin.formats.ws_discovery import BYTES_MAX, Match, matches_of, probe
from tocsin.model import BadInput, ConfigError, SourceLost

GROUP = ("239.255.255.250", 3702)
"""Where devices listen for the question who is there (WS-Discovery)."""

FOUND_MAX = 1_000
"""Most devices that are listed."""

ASKED = 2
"""How often the question is sent: datagrams get lost."""

ANSWER_S_MAX = 30.0
"""Longest time in which a device must tell its streams."""

PROFILES_MAX = 32
"""Most profiles of a device that are looked at."""


class Found(Struct, frozen=True, kw_only=True):
    """A device that answered. `address` is what `profiles` is asked with."""

    address: str
    name: str
    hardware: str = ""
    location: str = ""


class Profile(Struct, frozen=True, kw_only=True):
    """One stream of a device. `metadata` says whether it tells what the camera saw by itself."""

    name: str
    url: str
    width: int = 0
    height: int = 0
    frames_per_s: float = 0.0
    metadata: bool = False


def discover(wait_s: float, *, group: tuple[str, int] = GROUP) -> list[Found]:
    """The ONVIF devices that answer within `wait_s`, by address; answers that cannot be read are passed over."""
    found: dict[str, Found] = {}
    for match, sender in _answers(wait_s, group):
        address = _address(match, sender)
        if address and len(found) < FOUND_MAX:
            scopes = match.scopes
            found.setdefault(
                address,
                Found(
                    address=address,
                    name=scopes.get("name", ""),
                    hardware=scopes.get("hardware", ""),
                    location=scopes.get("location", ""),
                ),
            )
    return [found[address] for address in sorted(found)]


def _answers(wait_s: float, group: tuple[str, int]) -> Iterator[tuple[Match, str]]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 2)
        _ask(asking, group)
        end = time.monotonic() + wait_s
        while (left := end - time.monotonic()) > 0.0:
            asking.settimeout(left)
            try:
                raw, (sender, _) = asking.recvfrom(BYTES_MAX)
                yield from ((match, sender) for match in matches_of(raw))
            except (TimeoutError, BadInput):
                continue


def _ask(asking: socket.socket, group: tuple[str, int]) -> None:
    """Send the question from every address of this machine; raises SourceLost where none has a network."""
    question, sent, why = probe(str(uuid.uuid4())), 0, ""
    for own in _own_addresses():
        try:
            asking.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(own))
            for _ in range(ASKED):
                asking.sendto(question, group)
            sent += 1
        except OSError as error:
            why = error.strerror or type(error).__name__
    if not sent:
        raise SourceLost(f"Nobody can be asked on this network: {why}. Name the device: onvif://HOST.")


def _own_addresses() -> list[str]:
    """The IPv4 addresses of this machine, the system's choice first."""
    try:
        named = socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET, socket.SOCK_DGRAM)
    except OSError:
        named = []
    return list(dict.fromkeys(["0.0.0.0", *(str(one[4][0]) for one in named)]))  # noqa: S104  # nothing is bound to it


def _address(match: Match, sender: str) -> str:
    """Where to ask a device: where it answered from, if it says so; else the first address that it names."""
    named = [urlsplit(one) for one in match.addresses]
    chosen = next((one for one in named if one.hostname == sender), named[0] if named else None)
    if chosen is None:
        return ""
    place = chosen.netloc.rpartition("@")[2]
    return f"https://{place}" if chosen.scheme == "https" else place.removesuffix(":80")


def profiles(address: str, user: str, password: str) -> list[Profile]:
    """The streams of a device (`192.0.2.7`, `192.0.2.7:8080` or `https://…`), in its order.

    Raises ConfigError where the extra is missing or the address is none, SourceLost with the reason in words.
    """
    onvif, (host, port) = _library(), _host(address)
    try:
        return asyncio.run(asyncio.wait_for(_profiles(onvif, host, port, user, password), ANSWER_S_MAX))
    except TimeoutError:
        raise SourceLost(f"{address} does not tell its streams within {ANSWER_S_MAX:.0f} s.") from None
    except SourceLost as error:
        raise SourceLost(f"{address}: {error}.") from error
    except _troubles() as error:
        raise SourceLost(f"{address} does not tell its streams: {_words(error)}.") from None  # may hold a password


def _library() -> Any:  # noqa: ANN401  # a module without types
    """onvif-zeep-async (MIT), which takes about a second to load; what it changes of our logging is put back."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        import onvif  # type: ignore[import-untyped]
    except ImportError as error:
        raise ConfigError("Asking ONVIF devices needs an extra: pip install 'tocsin[onvif]'.") from error
    root.handlers[:] = handlers
    root.setLevel(level)
    return onvif


def _host(address: str) -> tuple[str, int]:
    """The host as the library wants it (with https:// where asked for), and the port."""
    try:
        parts = urlsplit(address if "://" in address else f"http://{address}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.scheme not in ("http", "https") or parts.username:
        raise ConfigError("Name an ONVIF device by its host: onvif://192.0.2.7, with :PORT where it is not 80.")
    host = f"[{host}]" if ":" in host else host
    secure = parts.scheme == "https"
    return (f"https://{host}" if secure else host), port or (443 if secure else 80)


async def _profiles(onvif: Any, host: str, port: int, user: str, password: str) -> list[Profile]:  # noqa: ANN401
    """Ask for profiles and the address of each. Nothing is sent to any other host than this one."""
    device = onvif.ONVIFCamera(
        host, port, user or None, password or None, no_cache=True, adjust_time=True, nat_override=True
    )
    try:
        await device.update_xaddrs()
        media = await device.create_media_service()
        found = list(await media.GetProfiles())[:PROFILES_MAX]
        return [_profile(one, await _uri(media, one.token), host) for one in found]
    finally:
        await device.close()


async def _uri(media: Any, token: str) -> str:  # noqa: ANN401  # the library's service
    setup = {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}}
    answer = await media.GetStreamUri({"StreamSetup": setup, "ProfileToken": token})
    return str(answer.Uri)


def _profile(told: Any, uri: str, host: str) -> Profile:  # noqa: ANN401  # the library's object
    encoder = getattr(told, "VideoEncoderConfiguration", None)
    size = getattr(encoder, "Resolution", None)
    rate = getattr(getattr(encoder, "RateControl", None), "FrameRateLimit", None)
    return Profile(
        name=str(told.Name or told.token)[:80],
        url=_local(uri, host),
        width=int(getattr(size, "Width", 0) or 0),
        height=int(getattr(size, "Height", 0) or 0),
        frames_per_s=float(rate or 0.0),
        metadata=getattr(told, "MetadataConfiguration", None) is not None,
    )


def _local(uri: str, host: str) -> str:
    """A stream's address at the host we know, without any password: a device behind NAT names another."""
    try:
        parts = urlsplit(uri)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        raise SourceLost("it gives an address of a stream that is none") from None
    if parts.scheme not in ("rtsp", "rtsps", "http", "https"):
        raise SourceLost(f"it offers its stream over {parts.scheme[:10] or 'nothing'}, which is not read")
    return urlunsplit((parts.scheme, host.removeprefix("https://") + port, parts.path, parts.query, ""))


def _troubles() -> tuple[type[Exception], ...]:
    """What the library raises for a device that answers badly, or not at all."""
    import aiohttp
    import zeep.exceptions
    from onvif.exceptions import ONVIFError  # type: ignore[import-untyped]

    return (ONVIFError, zeep.exceptions.Error, aiohttp.ClientError, OSError, AttributeError, TypeError)


def _words(error: Exception) -> str:
    """What went wrong, in words that hold no address and no password."""
    said = str(error)
    if any(word in said for word in ("NotAuthorized", "not authorized", "Unauthorized", "401")):
        return "it refuses us: check user and password, and the user's rights"
    if isinstance(error, OSError) or "connect" in said.lower():
        return "nobody answers there: check host and port"
    return f"its answer cannot be read ({type(error).__name__})"
