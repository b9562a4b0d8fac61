"""Facts as bytes (msgpack): the body of an observation stays sealed until somebody asks for it."""

from typing import cast

import msgspec
from msgspec.structs import replace

from tocsin.model.body import decode_body
from tocsin.model.casework import Action, Incident, Outcome, Proposal
from tocsin.model.errors import BadInput
from tocsin.model.facts import Change, Decision, Fact, Finding, Health, Look, Observation, Tick

_AnyFact = (
    Observation[msgspec.Raw]  # type: ignore[type-var]  # sealed: the body is still bytes
    | Finding
    | Health
    | Tick
    | Look
    | Decision
    | Change
    | Incident
    | Proposal
    | Action
    | Outcome
)
_encoder = msgspec.msgpack.Encoder()
_one = msgspec.msgpack.Decoder(_AnyFact)
_many = msgspec.msgpack.Decoder(list[_AnyFact])


def encode(fact: Fact) -> bytes:
    """One fact as msgpack."""
    return _encoder.encode(fact)


def encode_batch(facts: list[Fact]) -> bytes:
    """Facts in order, as one msgpack array."""
    return _encoder.encode(facts)


def unsealed(fact: Fact) -> Fact:
    """The same fact with its body decoded; raises BadInput for a body that no member knows."""
    if isinstance(fact, Observation) and isinstance(fact.body, msgspec.Raw):
        return replace(fact, body=decode_body(fact.body))
    return fact


def decode(raw: bytes) -> Fact:
    """One fact, whole; raises BadInput for bytes that are none.

    >>> from tocsin.model import Origin
    >>> decode(encode(Tick(at=5.0, origin=Origin.LIVE))).at
    5.0
    """
    try:
        return unsealed(cast(Fact, _one.decode(raw)))
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        message = f"These bytes are not a fact: {error}."
        raise BadInput(message) from error


def decode_batch(raw: bytes) -> list[Fact]:
    """Facts in order, bodies sealed: call `unsealed` on those that you need."""
    try:
        return cast(list[Fact], _many.decode(raw))
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        message = f"These bytes are not a batch of facts: {error}."
        raise BadInput(message) from error
