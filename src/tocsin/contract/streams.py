"""Streams over the network: how they are called and shown, when what they tell was, what goes wrong with them."""

from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

from tocsin.model import ConfigError

_SECRET_WORDS = frozenset({"password", "passwd", "pass", "pwd", "token", "secret"})

JUMP_S = 2.0
"""How far a stream's time may run ahead of ours between two pictures before it is a jump."""

SETTLE_S = 3.0
"""How long a stream's time may lag by more than JUMP_S before it is put right at once."""

LATE_RATE, EARLY_RATE = 0.01, 0.1
"""Seconds per second by which a drift is followed: pictures seem late on a busy network, early they cannot be."""

WALL_S = (-0.5, 5.0)
"""How long before its arrival a camera may say that a picture was taken, for its clock to be believed."""

STEP_S = 0.001
"""Least time between two things that one stream tells."""

BREAKS = (ArithmeticError, AttributeError, LookupError, MemoryError, OSError, RuntimeError, TypeError, ValueError)
"""What a stream may make a reader raise that nobody thought of: it is that stream's trouble, and no other's."""

_SAID = {
    "HTTPUnauthorizedError": "it refuses us: check `user` and `secret`",
    "HTTPForbiddenError": "it refuses us: check `user` and `secret`",
    "HTTPNotFoundError": "it has no stream at this path",
    "ConnectionRefusedError": "nobody listens at this address",
    "ConnectionResetError": "it ended the connection",
    "BrokenPipeError": "it ended the connection",
    "EOFError": "it ended the stream",
    "ExitError": "it sends nothing",
    "TimeoutError": "it sends nothing",
    "FileNotFoundError": "there is no such device or file",
    "PermissionError": "we may not read it",
    "InvalidDataError": "what it sends is no video that can be read",
    "ProtocolNotFoundError": "it points to an address of a kind that is not followed",
    "DemuxerNotFoundError": "what it sends is no video that can be read",
    "DecoderNotFoundError": "there is no decoder for its video: let it send H.264, H.265 or MJPEG",
}


def called(url: str, user: str, password: str, *, name: str) -> tuple[str, str]:
    """How a stream is shown to anybody, and how it is called with its password; raises ConfigError.

    Where a device wants them in the address itself, {user} and {secret} stand there.

    >>> called("rtsp://192.0.2.7/live?channel=1", "viewer", "a/b", name="cam")
    ('rtsp://192.0.2.7/live', 'rtsp://viewer:a%2Fb@192.0.2.7/live?channel=1')
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ConfigError(f"{name}: the URL has no valid port: write rtsp://192.0.2.7:554/path.") from None
    if not parts.hostname:
        raise ConfigError(f"{name}: the URL names no host: write rtsp://192.0.2.7/path.")
    if parts.username or parts.password:
        raise ConfigError(f"{name}: no user or password in a URL: set `user` and `secret`.")
    told = [key for key, value in parse_qsl(parts.query) if key.lower() in _SECRET_WORDS and value != "{secret}"]
    if told:
        raise ConfigError(f"{name}: no password in a URL: write {told[0]}={{secret}} and set `secret`.")
    user, password = quote(user, safe=""), quote(password, safe="")
    query = parts.query.replace("{user}", user).replace("{secret}", password)
    identity = f"{user}:{password}@" if user and "{secret}" not in parts.query else ""
    shown = urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
    return shown, urlunsplit((parts.scheme, identity + parts.netloc, parts.path, query, ""))


def words_for(error: Exception) -> str:
    """What went wrong, without the address (it may hold a password)."""
    known = _SAID.get(type(error).__name__)
    return known or f"it cannot be read ({getattr(error, 'strerror', None) or type(error).__name__})"


class LiveClock:
    """Maps the times of a stream onto our clock, from the moment of connecting, and follows slow drift.

    The first picture is dated by its arrival. Where the camera says by its own clock when it took a picture
    (RTCP), and that is credible, drift is followed towards this; else towards the arrival.

    >>> clock = LiveClock()
    >>> clock.at(5.0, arrived=1000.0), clock.at(5.1, arrived=1000.3), clock.at(4.0, arrived=1000.5)
    ((1000.0, False), (1000.103, False), (1000.5, True))
    """

    def __init__(self) -> None:
        self._offset: float | None = None
        self._told = self._arrived = self._last = 0.0
        self._off_since: float | None = None

    def restart(self) -> None:
        """A new connection: its times have nothing to do with those before."""
        self._offset = self._off_since = None

    def at(self, told: float | None, arrived: float, wall: float | None = None) -> tuple[float, bool]:
        """When a picture was taken, and whether its time jumped."""
        if told is None:
            return self._forward(arrived), False
        believed = wall is not None and WALL_S[0] <= arrived - wall <= WALL_S[1]
        offset = (wall if believed and wall is not None else arrived) - told
        jumped = self._offset is not None and self._leapt(told, arrived, offset - self._offset)
        if self._offset is None or jumped:
            self._offset, self._off_since = offset, None
        else:
            self._offset += _followed(offset - self._offset, max(0.0, arrived - self._arrived))
        self._told, self._arrived = told, arrived
        return self._forward(told + self._offset), jumped

    def _leapt(self, told: float, arrived: float, off: float) -> bool:
        step, gone = told - self._told, arrived - self._arrived
        if off <= JUMP_S:
            self._off_since = None
        elif self._off_since is None:
            self._off_since = arrived
        lags = self._off_since is not None and arrived - self._off_since >= SETTLE_S
        return step < 0.0 or step > gone + JUMP_S or lags

    def _forward(self, at: float) -> float:
        self._last = max(at, self._last + STEP_S)
        return round(self._last, 6)


def _followed(off: float, gone: float) -> float:
    if off < 0.0:
        return max(off, -EARLY_RATE * gone)
    return min(off, LATE_RATE * gone)
