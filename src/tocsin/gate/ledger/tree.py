"""The mathematics of a Merkle tree after RFC 9162, section 2.1: hashes, roots, proofs. No I/O."""

from collections.abc import Callable, Sequence
from hashlib import sha256

Node = Callable[[int, int], bytes]
"""`node(level, index)`: the hash of the perfect subtree over leaves index * 2**level and on, 2**level of them."""

EMPTY_ROOT = sha256(b"").digest()
"""The root of a tree without leaves."""


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256 over 0x00 and the entry."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256 over 0x01 and both children."""
    return sha256(b"\x01" + left + right).digest()


def perfect_root(hashes: Sequence[bytes]) -> bytes:
    """The root over a power of two of hashes."""
    while len(hashes) > 1:
        hashes = [node_hash(hashes[i], hashes[i + 1]) for i in range(0, len(hashes), 2)]
    return hashes[0]


def among(hashes: Sequence[bytes]) -> Node:
    """The nodes of a tree whose leaf hashes lie in memory."""
    return lambda level, index: perfect_root(hashes[index << level : (index + 1) << level])


def root(size: int, node: Node) -> bytes:
    """The root of the tree over the first `size` leaves.

    >>> root(0, among([])) == EMPTY_ROOT
    True
    """
    return _over(node, 0, size) if size else EMPTY_ROOT


def inclusion(index: int, size: int, node: Node) -> list[bytes]:
    """The proof that leaf `index` is in the tree of `size` (RFC 9162, 2.1.3.1)."""
    path: list[bytes] = []
    start, width = 0, size
    while width > 1:
        left = _split(width)
        if index - start < left:
            path.append(_over(node, start + left, width - left))
            width = left
        else:
            path.append(_over(node, start, left))
            start, width = start + left, width - left
    return path[::-1]


def consistency(old: int, new: int, node: Node) -> list[bytes]:
    """The proof that the tree of `old` leaves is the beginning of the tree of `new` (2.1.4.1)."""
    if old in {0, new}:
        return []
    path: list[bytes] = []
    start, width, whole = 0, new, True
    while old != width:
        left = _split(width)
        if old <= left:
            path.append(_over(node, start + left, width - left))
            width = left
        else:
            path.append(_over(node, start, left))
            start, width, old, whole = start + left, width - left, old - left, False
    if not whole:
        path.append(_over(node, start, width))
    return path[::-1]


def includes(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Say whether the proof leads from the leaf hash to the root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    at, last, reached = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if _is_right(at, last):
            reached = node_hash(sibling, reached)
            at, last = _past_left_turns(at, last)
        else:
            reached = node_hash(reached, sibling)
        at, last = at >> 1, last >> 1
    return (last, reached) == (0, root)


def _is_right(at: int, last: int) -> bool:
    """Whether a node hangs to the right of its sibling, or is the last of its row."""
    return at & 1 == 1 or at == last


def extends(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Say whether the proof shows that the new tree begins with the old one (RFC 9162, 2.1.4.2)."""
    if old == new:
        return not proof and old_root == new_root
    if old == 0:
        return not proof and old_root == EMPTY_ROOT
    if old > new or not proof:
        return False
    steps = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    return _climb(old, new, steps) == (old_root, new_root)


def _climb(old: int, new: int, steps: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """Both roots that a consistency proof leads to; None where it is too long or too short."""
    at, last = _past_right_turns(old - 1, new - 1)
    to_old = to_new = steps[0]
    for sibling in steps[1:]:
        if last == 0:
            return None
        if _is_right(at, last):
            to_old, to_new = node_hash(sibling, to_old), node_hash(sibling, to_new)
            at, last = _past_left_turns(at, last)
        else:
            to_new = node_hash(to_new, sibling)
        at, last = at >> 1, last >> 1
    return (to_old, to_new) if last == 0 else None


def _past_right_turns(at: int, last: int) -> tuple[int, int]:
    """Climb while the node is a right child."""
    while at & 1:
        at, last = at >> 1, last >> 1
    return at, last


def _past_left_turns(at: int, last: int) -> tuple[int, int]:
    """Climb until the node is a right child or the root."""
    while at and not at & 1:
        at, last = at >> 1, last >> 1
    return at, last


def _split(width: int) -> int:
    """The largest power of two below `width`."""
    return 1 << ((width - 1).bit_length() - 1)


def _over(node: Node, start: int, width: int) -> bytes:
    """The root over leaves start … start + width, where start is a multiple of the power of two ≥ width."""
    if width & (width - 1) == 0:
        return node(width.bit_length() - 1, start // width)
    left = _split(width)
    return node_hash(_over(node, start, left), _over(node, start + left, width - left))
