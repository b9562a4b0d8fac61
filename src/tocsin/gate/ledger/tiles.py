"""Where a log lies on disk after C2SP tlog-tiles: tile paths, bundles of entries, nodes out of tiles."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from tocsin.gate.ledger import tree
from tocsin.model.errors import BadInput, Tampered

WIDTH = 256
"""Hashes in a full tile, entries in a full bundle."""
HASH = 32
ENTRY_BYTES_MAX = 0xFFFF
"""The length of an entry is a uint16."""
ENTRIES = "entries"
TILES_KEPT_OPEN = 512


def tile_path(level: int | str, index: int, width: int = WIDTH) -> str:
    """The relative path of a tile (`level` 0 …) or a bundle (`entries`); partial ones name their width.

    >>> tile_path(0, 1234067)
    'tile/0/x001/x234/067'
    >>> tile_path("entries", 0, 5)
    'tile/entries/000.p/5'
    """
    return f"tile/{level}/{number_path(index)}" + (f".p/{width}" if width < WIDTH else "")


def number_path(index: int) -> str:
    """A number in elements of three digits, all but the last marked by x."""
    digits = f"{index:0{-(-len(str(index)) // 3) * 3}d}"
    parts = [digits[i : i + 3] for i in range(0, len(digits), 3)]
    return "/".join([f"x{part}" for part in parts[:-1]] + parts[-1:])


def bundles_of(size: int) -> Iterator[tuple[int, int]]:
    """Index and width of each bundle (and each tile of level 0) in a log of `size`."""
    for index in range(-(-size // WIDTH)):
        yield index, min(WIDTH, size - index * WIDTH)


def tiles_of(size: int) -> Iterator[tuple[int, int, int]]:
    """Level, index and width of each tile in a log of `size`."""
    level = 0
    while size:
        for index, width in bundles_of(size):
            yield level, index, width
        level, size = level + 1, size // WIDTH


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """Entries, each behind its length as a big-endian uint16."""
    for entry in entries:
        if len(entry) > ENTRY_BYTES_MAX:
            raise BadInput(f"An entry of {len(entry)} bytes is too long for the ledger: at most {ENTRY_BYTES_MAX}.")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def decode_bundle(raw: bytes) -> list[bytes]:
    """The entries of a bundle; raises Tampered where the lengths do not fit the bytes."""
    entries: list[bytes] = []
    at = 0
    while at < len(raw):
        end = at + 2 + int.from_bytes(raw[at : at + 2], "big")
        if at + 2 > len(raw) or end > len(raw):
            raise Tampered(f"The bundle ends within entry {len(entries)}: restore the file from a copy.")
        entries.append(raw[at + 2 : end])
        at = end
    return entries


def split_hashes(raw: bytes) -> list[bytes]:
    """The hashes of a tile."""
    return [raw[i : i + HASH] for i in range(0, len(raw), HASH)]


class TileReader:
    """The nodes of a log of `size` that lies below a folder, read tile by tile."""

    def __init__(self, folder: Path, size: int) -> None:
        self._folder = folder
        self._size = size
        self._tile = lru_cache(maxsize=TILES_KEPT_OPEN)(self._read)

    def __call__(self, level: int, index: int) -> bytes:
        """The hash of the perfect subtree `index` of 2**level leaves; raises Tampered for a torn tile."""
        height, rest = divmod(level, 8)
        first = index << rest
        hashes = self._tile(height, first // WIDTH)[first % WIDTH : first % WIDTH + (1 << rest)]
        if len(hashes) < 1 << rest:
            raise Tampered(f"Tile {height}/{first // WIDTH} is too short: run `tocsin ledger verify`.")
        return tree.perfect_root(hashes)

    def _read(self, height: int, index: int) -> list[bytes]:
        width = min(WIDTH, (self._size >> 8 * height) - index * WIDTH)
        path = self._folder / tile_path(height, index, width)
        try:
            return split_hashes(path.read_bytes())
        except FileNotFoundError as error:
            raise Tampered(f"{path.relative_to(self._folder)} is missing: run `tocsin ledger verify`.") from error
