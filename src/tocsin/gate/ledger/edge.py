"""The growing edge of the log: the unfinished bundle and tiles, and the files that new entries lead to."""

from dataclasses import dataclass, field
from pathlib import Path

from tocsin.gate.ledger import tree
from tocsin.gate.ledger.tiles import ENTRIES, WIDTH, decode_bundle, encode_bundle, split_hashes, tile_path


@dataclass(slots=True)
class Edge:
    """Size, entries of the unfinished bundle, and hashes of the unfinished tile of each level."""

    size: int = 0
    bundle: list[bytes] = field(default_factory=list)
    levels: list[list[bytes]] = field(default_factory=list)

    @classmethod
    def load(cls, folder: Path, size: int) -> "Edge":
        """Read the edge of a log of `size`; raises FileNotFoundError or Tampered where it is torn."""
        edge = cls(size=size)
        if size % WIDTH:
            edge.bundle = decode_bundle((folder / tile_path(ENTRIES, size // WIDTH, size % WIDTH)).read_bytes())
        level, left = 0, size
        while left:
            index, width = divmod(left, WIDTH)
            raw = (folder / tile_path(level, index, width)).read_bytes() if width else b""
            edge.levels.append(split_hashes(raw))
            level, left = level + 1, index
        return edge

    def grown(self, entries: list[bytes]) -> tuple["Edge", dict[str, bytes]]:
        """The edge after these entries, and the tile files to write; this edge stays as it is."""
        edge = Edge(self.size, list(self.bundle), [list(hashes) for hashes in self.levels])
        files: dict[str, bytes] = {}
        for entry in entries:
            edge._add(entry, files)
        return edge, files | edge.partials()

    def partials(self) -> dict[str, bytes]:
        """The partial files of this very size."""
        files = {}
        if self.bundle:
            files[tile_path(ENTRIES, self.size // WIDTH, len(self.bundle))] = encode_bundle(self.bundle)
        for level, hashes in enumerate(self.levels):
            if hashes:
                files[tile_path(level, self.size >> 8 * (level + 1), len(hashes))] = b"".join(hashes)
        return files

    def root(self) -> bytes:
        """The root hash over all leaves."""
        peaks = [peak for hashes in reversed(self.levels) for peak in _peaks(hashes)]
        if not peaks:
            return tree.EMPTY_ROOT
        reached = peaks.pop()
        while peaks:
            reached = tree.node_hash(peaks.pop(), reached)
        return reached

    def _add(self, entry: bytes, files: dict[str, bytes]) -> None:
        self.size += 1
        self.bundle.append(entry)
        if len(self.bundle) == WIDTH:
            files[tile_path(ENTRIES, self.size // WIDTH - 1)] = encode_bundle(self.bundle)
            self.bundle.clear()
        self._push(0, tree.leaf_hash(entry), files)

    def _push(self, level: int, hashed: bytes, files: dict[str, bytes]) -> None:
        """Put a hash on a level; a tile that becomes full is one hash of the level above."""
        if level == len(self.levels):
            self.levels.append([])
        hashes = self.levels[level]
        hashes.append(hashed)
        if len(hashes) == WIDTH:
            files[tile_path(level, (self.size >> 8 * (level + 1)) - 1)] = b"".join(hashes)
            self.levels[level] = []
            self._push(level + 1, tree.perfect_root(hashes), files)


def _peaks(hashes: list[bytes]) -> list[bytes]:
    """The roots of the perfect subtrees that a row of hashes falls into, widest first."""
    found, start = [], 0
    for bit in range(len(hashes).bit_length() - 1, -1, -1):
        if len(hashes) & 1 << bit:
            found.append(tree.perfect_root(hashes[start : start + (1 << bit)]))
            start += 1 << bit
    return found
