"""The error tree. Every message says what is wrong and what to do; none carries a person's data."""


class TocsinError(Exception):
    """Root of every error that Tocsin raises on purpose."""

    code: str = "tocsin"


class ConfigError(TocsinError):
    """The configuration cannot be used; the message names file, line or key."""

    code = "config"


class ContractBroken(TocsinError):
    """An extension member does not keep the contract of its kind."""

    code = "contract"


class BadInput(TocsinError):
    """One item of input cannot be read: it is quarantined with this message as the reason."""

    code = "bad-input"


class TooMuch(TocsinError):
    """A named limit is reached; `retry_after_s` says when to try again."""

    code = "too-much"

    def __init__(self, message: str, retry_after_s: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Refused(TocsinError):
    """The gate does not allow this; the message names the policy and what would be allowed."""

    code = "refused"


class NotFound(TocsinError):
    """No such thing; the message says how to list what there is."""

    code = "not-found"


class Conflict(TocsinError):
    """The thing is not in a state in which this can be done."""

    code = "conflict"


class StoreError(TocsinError):
    """The store cannot keep its promise (settings, disk, key)."""

    code = "store"


class Tampered(TocsinError):
    """Stored proof and stored content do not agree; the message names what differs."""

    code = "tampered"


class SourceLost(TocsinError):
    """A connection to a source ended; the source says since when and retries by itself."""

    code = "source-lost"
