"""Standard Webhooks 1.0.0: the three headers that let a receiver trust a POST, written and checked."""

import binascii
import hmac
from base64 import b64decode, b64encode
from collections.abc import Mapping
from hashlib import sha256

from tocsin.model import BadInput, ConfigError

ID = "webhook-id"
TIMESTAMP = "webhook-timestamp"
SIGNATURE = "webhook-signature"

AGE_S_MAX = 300.0
"""How far the timestamp may lie from the receiver's clock, seconds."""

SECRET_BYTES_MIN = 24
SECRET_BYTES_MAX = 64


def secret_key(secret: str) -> bytes:
    """The key in a secret written as `whsec_` and base 64; raises ConfigError saying what is wrong.

    >>> len(secret_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
    24
    """
    prefix, _, text = secret.partition("_")
    try:
        key = b64decode(text, validate=True) if prefix == "whsec" else b""
    except binascii.Error:
        key = b""
    if not SECRET_BYTES_MIN <= len(key) <= SECRET_BYTES_MAX:
        message = f"A webhook secret is `whsec_` and base 64 of {SECRET_BYTES_MIN} to {SECRET_BYTES_MAX} random bytes."
        raise ConfigError(message)
    return key


def signed(key: bytes, name: str, body: bytes, now: float) -> dict[str, str]:
    """The headers for one attempt at `now` (seconds UTC): id, timestamp, and `v1,` HMAC-SHA256 over both and body."""
    timestamp = str(int(now))
    return {ID: name, TIMESTAMP: timestamp, SIGNATURE: f"v1,{_mac(key, name, timestamp, body)}"}


def _mac(key: bytes, name: str, timestamp: str, body: bytes) -> str:
    content = f"{name}.{timestamp}.".encode() + body
    return b64encode(hmac.new(key, content, sha256).digest()).decode()


def check(key: bytes, headers: Mapping[str, str], body: bytes, now: float) -> str:
    """The id of a genuine, fresh message; raises BadInput saying why it is not to be believed."""
    try:
        name, timestamp, signatures = headers[ID], headers[TIMESTAMP], headers[SIGNATURE].split()
        age_s = abs(now - int(timestamp))
    except (KeyError, ValueError) as error:
        raise BadInput(f"No signed webhook: {error} is missing or no number.") from error
    if age_s > AGE_S_MAX:
        raise BadInput(f"This webhook is {age_s:.0f} s old: set the clocks, or drop it as a replay.")
    expected = f"v1,{_mac(key, name, timestamp, body)}"
    if not any(hmac.compare_digest(expected.encode(), given.encode()) for given in signatures):
        raise BadInput("No signature of this webhook fits: compare the secrets.")
    return name
