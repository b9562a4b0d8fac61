"""The XML of a file as a tree, by a parser that knows no DTD, entity or network; and how elements are looked up."""

from collections.abc import Iterator
from typing import Any

from lxml import etree

from tocsin.model import BadInput

BYTES_MAX = 64 * 1024 * 1024
"""Largest file that is read, in bytes."""

_UNDECLARED = "NS_ERR_UNDEFINED_NAMESPACE"
"""The one fault that is overlooked: programs write extensions under a prefix that they never declared."""


def root_of(raw: bytes) -> Any:  # noqa: ANN401  # lxml's element
    """The root element; raises BadInput for what is too large, has a DTD or is not well-formed."""
    if len(raw) > BYTES_MAX:
        raise BadInput(f"An N42 file of {len(raw)} bytes is too large: at most {BYTES_MAX} are read.")
    if b"<!DOCTYPE" in raw or b"<!ENTITY" in raw:
        raise BadInput("An N42 file with a DTD is refused: remove the DOCTYPE.")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True, recover=True
    )
    try:
        root = etree.fromstring(raw, parser)
    except etree.XMLSyntaxError as error:
        raise BadInput(f"An N42 file must be well-formed XML: {error.msg}.") from error
    broken = [error for error in parser.error_log if error.type_name != _UNDECLARED]
    if broken:
        raise BadInput(f"An N42 file must be well-formed XML: {broken[0].message}.")
    return root


def name_of(node: Any) -> str:  # noqa: ANN401
    """The name of an element without its namespace."""
    return str(node.tag).rpartition("}")[2]


def children(node: Any, name: str) -> Iterator[Any]:  # noqa: ANN401
    """The children of that name, whatever their namespace."""
    return (child for child in node if name_of(child) == name)


def child(node: Any, name: str) -> Any:  # noqa: ANN401
    """The first child of that name; raises BadInput where there is none."""
    found = next(children(node, name), None)
    if found is None:
        raise BadInput(f"N42 element {name_of(node)} lacks {name}.")
    return found


def text(node: Any, name: str, default: str | None = None) -> str:  # noqa: ANN401
    """The text of a child; `default` where there is none, BadInput where there is no default either."""
    found = next(children(node, name), None)
    if found is None and default is not None:
        return default
    return (child(node, name) if found is None else found).text or ""


def one_of(said: str, known: tuple[str, ...], what: str) -> str:
    """A word of a closed list; raises BadInput naming it."""
    if said.strip() not in known:
        raise BadInput(f"{what} says {said[:40]!r}: N42 knows {', '.join(known)}.")
    return said.strip()
