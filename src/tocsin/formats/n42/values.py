"""Values as N42 writes them: times, durations, lists of numbers, counts with their zeroes counted."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from math import isfinite

from tocsin.model import BadInput

CHANNELS_MAX = 131_072
"""Most channels of a spectrum; a longer run of zeroes is refused before it is written out."""

_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")


def seconds_of(text: str, what: str) -> float:
    """The seconds of an ISO 8601 duration of days or less.

    >>> seconds_of("PT1M30.5S", "LiveTimeDuration")
    90.5
    """
    found = _DURATION.fullmatch(text.strip())
    if found is None or not any(found.groups()):
        raise BadInput(f"{what} holds {text[:40]!r}: write a duration such as PT60S.")
    days, hours, minutes, seconds = (float(part or 0.0) for part in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def duration_of(seconds: float) -> str:
    """The duration as N42 writes it, to the nanosecond.

    >>> duration_of(1824.5)
    'PT1824.5S'
    """
    return f"PT{seconds:.9f}".rstrip("0").rstrip(".") + "S"


def moment_of(text: str, what: str) -> float:
    """Seconds UTC of an ISO 8601 time; one without an offset is taken as UTC."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise BadInput(f"{what} holds {text[:40]!r}, which is no ISO 8601 time.") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def moment_text(at: float) -> str:
    """The time as N42 writes it, to the microsecond."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def number_of(text: str, what: str) -> float:
    """A finite number; raises BadInput naming what holds none."""
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not isfinite(number):
        raise BadInput(f"{what} holds {text[:40]!r}, which is no number.")
    return number


def numbers_of(text: str, what: str) -> tuple[float, ...]:
    """A list of numbers that are set apart by space."""
    words = text.split()
    if len(words) > 2 * CHANNELS_MAX:
        raise BadInput(f"{what} has {len(words)} numbers: at most {2 * CHANNELS_MAX} are read.")
    return tuple(number_of(word, what) for word in words)


def number_text(number: float) -> str:
    """A number without needless digits; reading it gives the same number."""
    return str(int(number)) if number == int(number) and abs(number) < 1e15 else repr(float(number))


def numbers_text(numbers: Iterable[float]) -> str:
    """A list of numbers."""
    return " ".join(map(number_text, numbers))


def unpacked(numbers: Sequence[float], what: str) -> tuple[float, ...]:
    """Counts per channel from `CountedZeroes`: each zero is followed by how many zeroes there are.

    >>> unpacked([5, 0, 3, 7], "ChannelData")
    (5, 0.0, 0.0, 0.0, 7)
    """
    counts: list[float] = []
    rest = iter(numbers)
    for number in rest:
        if number:
            counts.append(number)
            continue
        zeroes = next(rest, 0.0)
        if not 1 <= zeroes <= CHANNELS_MAX - len(counts):
            raise BadInput(f"{what} counts {zeroes:g} zeroes: 1 to {CHANNELS_MAX} channels are possible.")
        counts += [0.0] * int(zeroes)
    return _possible(counts, what)


def _possible(counts: Sequence[float], what: str) -> tuple[float, ...]:
    if len(counts) > CHANNELS_MAX:
        raise BadInput(f"{what} has {len(counts)} channels: at most {CHANNELS_MAX} are read.")
    return tuple(counts)


def packed(counts: Sequence[float]) -> tuple[float, ...]:
    """The inverse of `unpacked`."""
    found: list[float] = []
    for count in counts:
        if count:
            found.append(count)
        elif len(found) > 1 and found[-2] == 0.0:
            found[-1] += 1.0
        else:
            found += [0.0, 1.0]
    return tuple(found)
