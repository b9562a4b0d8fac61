"""What readings and observations carry: tagged, versioned bodies, found by their class tree."""

from typing import ClassVar

import msgspec
from msgspec import Struct

from tocsin.model.errors import BadInput
from tocsin.model.words import Level


class Body(Struct, frozen=True, kw_only=True, tag_field="is", omit_defaults=True):
    """The content of a reading or observation; subclasses give `tag="family.name/version"`.

    `level` is how closely such a body looks at people: the gate admits it only under a
    lease of that level or more. `kept` is False for what is shown and never enters the event log.
    From level CLEAR up nothing leaves admission but what is made for it, `under_clearance` alone.
    Bodies that look at people for some time say at how many and how long: `persons`, `seconds`.
    """

    level: ClassVar[Level] = Level.IDENTIFYING
    kept: ClassVar[bool] = True
    under_clearance: ClassVar[bool] = False


class _Tag(Struct):
    name: str = msgspec.field(name="is")


def tag_of(body: type[Body]) -> str:
    """The name and version under which this body is stored."""
    return str(body.__struct_config__.tag)


def known_bodies() -> dict[str, type[Body]]:
    """Every body class loaded so far, by tag."""
    found: dict[str, type[Body]] = {}
    pending: list[type[Body]] = list(Body.__subclasses__())
    while pending:
        body = pending.pop()
        found[tag_of(body)] = body
        pending.extend(body.__subclasses__())
    return found


_by_tag: dict[str, type[Body]] = {}


def body_type(tag: str) -> type[Body]:
    """The class registered for a tag; raises BadInput when no loaded member knows it."""
    if tag not in _by_tag:
        _by_tag.update(known_bodies())
    if tag not in _by_tag:
        message = f"Unknown body {tag!r}: install or update the extension that defines it."
        raise BadInput(message)
    return _by_tag[tag]


def decode_body(raw: bytes | msgspec.Raw) -> Body:
    """Read a msgpack body of any registered type."""
    name = msgspec.msgpack.decode(raw, type=_Tag).name
    return msgspec.msgpack.decode(raw, type=body_type(name))
