"""Derived identities: the same parts give the same id on every machine and in every run."""

from hashlib import blake2b

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: no letter can be mistaken for a digit when read aloud."""


def derived_id(prefix: str, *parts: object) -> str:
    """A short, stable id of 80 bits from the text of its parts.

    >>> derived_id("inc", "toxic", 17) == derived_id("inc", "toxic", 17)
    True
    >>> derived_id("inc", "a", "bc") == derived_id("inc", "ab", "c")
    False
    """
    text = "\x1f".join(str(part) for part in parts)
    number = int.from_bytes(blake2b(text.encode(), digest_size=10).digest(), "big")
    return f"{prefix}-" + "".join(ALPHABET[number >> shift & 31] for shift in range(75, -5, -5))


def digest(content: bytes) -> str:
    """Short hexadecimal digest that names a piece of configuration or content."""
    return blake2b(content, digest_size=16).hexdigest()
