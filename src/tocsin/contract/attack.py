"""The names of MITRE ATT&CK's tactics and techniques, so that no code stands alone on a page."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from msgspec import Struct

from tocsin.contract.resources import Resources

DOCUMENT = "attack/attack.yaml"
"""Where the names stand in the content."""

TACTIC, TECHNIQUE, OTHER = "tactic", "technique", "other"
"""What a tag of a rule can be."""


class Names(Struct, frozen=True, kw_only=True):
    """Plain names by the short name of a tactic, and by the id of a technique; tactics in the order of an attack."""

    tactics: dict[str, str]
    techniques: dict[str, str]


class Tag(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One tag of a rule as it is written, what it is, and its name where it is known."""

    tag: str
    kind: str = OTHER
    id: str = ""
    name: str = ""


@lru_cache(maxsize=1)
def names() -> Names:
    """The names that ship with Tocsin; raises ConfigError where the file is gone."""
    document = Resources().document(DOCUMENT)
    techniques: Mapping[str, Sequence[str]] = document["techniques"]
    return Names(tactics=dict(document["tactics"]), techniques={name: said[0] for name, said in techniques.items()})


def spoken() -> dict[str, str]:
    """All names in one mapping, as explanations of rules want them."""
    return {**names().tactics, **names().techniques}


def tag_of(tag: str) -> Tag:
    """A tag with its name.

    >>> tag_of("attack.t0846").name, tag_of("attack.lateral_movement").name, tag_of("cve.2021-44228").kind
    ('Remote System Discovery', 'lateral movement', 'other')
    """
    space, _, rest = tag.partition(".")
    if space.lower() != "attack" or not rest:
        return Tag(tag=tag)
    code = rest.upper()
    if code[:1] == "T" and code[1:5].isdigit():
        known = names().techniques
        return Tag(tag=tag, kind=TECHNIQUE, id=code, name=known.get(code) or known.get(code.partition(".")[0], ""))
    short = rest.lower().replace("_", "-")
    if short in names().tactics:
        return Tag(tag=tag, kind=TACTIC, id=short, name=names().tactics[short])
    return Tag(tag=tag, id=code)
