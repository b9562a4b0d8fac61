"""One pass over a ledger's files: what each should hold, and in which one a change lies."""

from pathlib import Path

from tocsin.gate.ledger import keep, leaf, tree
from tocsin.gate.ledger.bodies import Record, read_segment, segment_path
from tocsin.gate.ledger.erasure import ERASURE, covered
from tocsin.gate.ledger.note import Checkpoint
from tocsin.gate.ledger.tiles import ENTRIES, HASH, WIDTH, bundles_of, decode_bundle, split_hashes, tile_path
from tocsin.model import Tampered

UNFINISHED = frozenset({"checkpoint.tmp", "key.pub.tmp", "reserve.tmp"})
"""What a crash may leave of a replacement; opening the ledger clears it away."""
PROBLEMS_MAX = 200
"""Named one by one; beyond it the ledger is beyond repair anyhow."""


class Audit:
    """Reads a ledger folder against a checkpoint; fills `problems` and `notes`."""

    def __init__(self, folder: Path, point: Checkpoint) -> None:
        self._folder = folder
        self._point = point
        self._expected = {keep.CHECKPOINT, keep.PUBLIC, keep.RESERVE}
        self._contents: dict[str, bytes] = {}
        self._erased: list[int] = []
        self._excused: set[int] = set()
        self._pending = 0
        self.problems: list[str] = []
        self.notes: list[str] = []

    def run(self) -> None:
        """Check entries, tiles, bodies, reserve, and that nothing else lies there."""
        if self._point.size // WIDTH > sum(1 for _ in self._folder.rglob("*")):
            self._problem(f"The checkpoint speaks of {self._point.size} receipts: their files are missing.")
            return
        entries = self._entries()
        self._check_bodies(self._check_levels(entries))
        self._check_erasures()
        self._check_reserve()
        self._check_strays()

    def _problem(self, text: str) -> None:
        if len(self.problems) < PROBLEMS_MAX:
            self.problems.append(text)

    def _read(self, name: str) -> bytes:
        """A file that must be there; empty with a problem where it is not."""
        self._expected.add(name)
        path = self._folder / name
        if not path.is_file():
            self._problem(f"{name} is missing: restore it from a copy.")
            return b""
        return path.read_bytes()

    def _entries(self) -> list[bytes | None]:
        """The leaf data of every receipt; None where a bundle does not give it."""
        found: list[bytes | None] = []
        for index, width in bundles_of(self._point.size):
            name = tile_path(ENTRIES, index, width)
            found.extend(self._bundle(name, self._read(name), width))
        return found

    def _bundle(self, name: str, raw: bytes, width: int) -> list[bytes | None]:
        entries: list[bytes] = []
        try:
            entries = decode_bundle(raw)
        except Tampered as error:
            self._problem(f"{name} was changed: {error}")
        if entries and len(entries) != width:
            self._problem(f"{name} was changed: it holds {len(entries)} entries instead of {width}.")
        return [*entries[:width], *[None] * (width - len(entries))]

    def _check_levels(self, entries: list[bytes | None]) -> list[bytes]:
        """Compare each level of tiles with the level below, and all with the signed root; give sound leaf hashes."""
        computed = [tree.leaf_hash(entry) if entry is not None else b"" for entry in entries]
        stored = self._level(0, len(computed))
        leaves = sound = self._settled(computed, stored)
        level = 0
        while len(sound) >= WIDTH:
            level += 1
            above = [tree.perfect_root(sound[i : i + WIDTH]) for i in range(0, len(sound) - WIDTH + 1, WIDTH)]
            for index, (right, found) in enumerate(zip(above, self._level(level, len(above)), strict=True)):
                if right != found:
                    self._problem(f"{self._tile_of(level, index, len(above))} was changed: hash {index % WIDTH}.")
            sound = above
        return leaves

    def _settled(self, computed: list[bytes], stored: list[bytes]) -> list[bytes]:
        """Name what differs between entries and their hashes; give those that lead to the signed root."""
        entries_right, hashes_right = self._leads_to_root(computed), self._leads_to_root(stored)
        for index, (ours, theirs) in enumerate(zip(computed, stored, strict=True)):
            if ours != theirs and not entries_right:
                self._problem(f"{self._tile_of(ENTRIES, index, len(computed))} was changed: entry of receipt {index}.")
            if ours != theirs and not hashes_right:
                self._problem(f"{self._tile_of(0, index, len(computed))} was changed: hash of receipt {index}.")
        if computed == stored and not entries_right:
            self._problem("Entries and hashes agree with each other, but lead to another root than was signed.")
        return stored if hashes_right else computed

    def _leads_to_root(self, hashes: list[bytes]) -> bool:
        return tree.root(len(hashes), tree.among(hashes)) == self._point.root

    def _level(self, level: int, count: int) -> list[bytes]:
        """The stored hashes of a level; a torn tile gives empty ones."""
        found: list[bytes] = []
        for index, width in bundles_of(count):
            name = tile_path(level, index, width)
            raw = self._read(name)
            if raw and len(raw) != width * HASH:
                self._problem(f"{name} was changed: it has {len(raw)} bytes instead of {width * HASH}.")
                raw = b""
            found.extend(split_hashes(raw) or [b""] * width)
        return found

    def _tile_of(self, level: int | str, index: int, count: int) -> str:
        tile = index // WIDTH
        return tile_path(level, tile, min(WIDTH, count - tile * WIDTH))

    def _check_bodies(self, leaves: list[bytes]) -> None:
        for segment, width in bundles_of(len(leaves)):
            name = segment_path(segment)
            self._read(name)
            records, torn = read_segment(self._folder, segment)
            self._compare(name, segment * WIDTH, leaves[segment * WIDTH : segment * WIDTH + width], records)
            self._beyond(name, len(records) - width, torn, last=(segment + 1) * WIDTH > len(leaves))
        following = -(-len(leaves) // WIDTH)
        while (self._folder / segment_path(following)).is_file():
            self._expected.add(segment_path(following))
            records, torn = read_segment(self._folder, following)
            self._beyond(segment_path(following), len(records), torn, last=True)
            following += 1

    def _compare(self, name: str, first: int, leaves: list[bytes], records: list[Record]) -> None:
        for index, hashed in enumerate(leaves, first):
            if index - first >= len(records):
                self._problem(f"{name} was changed: the body of receipt {index} is missing or cannot be read.")
                return
            record = records[index - first]
            if record.erased:
                self._note_erased(name, index, record)
            elif hashed:
                self._compare_body(name, index, hashed, record)

    def _compare_body(self, name: str, index: int, hashed: bytes, record: Record) -> None:
        try:
            matches = tree.leaf_hash(leaf.resealed(record.salt, record.body)) == hashed
        except Tampered:
            matches = False
        if not matches:
            self._problem(f"{name} was changed: the body of receipt {index} is not the one in the log.")
        elif (receipt := leaf.opened(record.body)).act == ERASURE:
            self._excused.update(covered(receipt))

    def _note_erased(self, name: str, index: int, record: Record) -> None:
        self._erased.append(index)
        if any(record.payload):
            self._problem(f"{name} was changed: the erased body of receipt {index} is not all zeros.")

    def _beyond(self, name: str, records: int, torn: int, *, last: bool) -> None:
        """Bodies behind the last signed receipt come from a crash; opening the ledger takes them in."""
        self._pending += max(records, 0)
        if (records > 0 or torn > 0) and not last:
            self._problem(f"{name} was changed: something follows its last record.")
        elif torn > 0:
            self.notes.append(f"{name} ends in {torn} bytes of a record that was never finished.")

    def _check_erasures(self) -> None:
        for index in self._erased:
            if index not in self._excused:
                self._problem(f"{segment_path(index // WIDTH)}: body {index} was erased, but no receipt says so.")
        if self._erased:
            self.notes.append(f"{len(self._erased)} bodies were erased under receipts; their leaves stay.")
        if self._pending:
            self.notes.append(f"{self._pending} receipts were written after the checkpoint: opening takes them in.")

    def _check_reserve(self) -> None:
        path = self._folder / keep.RESERVE
        if not path.exists():
            self.notes.append("The reserved disk is given back: free some space on the ledger's disk.")
        elif path.read_bytes().strip(b"\x00"):
            self._problem(f"{keep.RESERVE} was changed: it holds something else than zeros.")

    def _check_strays(self) -> None:
        for path in sorted(self._folder.rglob("*")):
            name = path.relative_to(self._folder).as_posix()
            if path.is_dir() or name in self._expected:
                continue
            if self._is_left_over(name):
                self.notes.append(f"{name} was left by a write that was cut short; opening the ledger clears it away.")
            else:
                self._problem(f"{name} does not belong to the ledger.")

    def _is_left_over(self, name: str) -> bool:
        return self._pending > 0 or self._superseded(name) or name in UNFINISHED

    def _superseded(self, name: str) -> bool:
        """Say whether this is a partial file of a former size: the beginning of what replaced it."""
        base, mark, _ = name.partition(".p/")
        known = [self._folder / one for one in self._expected if one == base or one.startswith(f"{base}.p/")]
        content = (self._folder / name).read_bytes()
        return bool(mark) and any(_begins_with(path, content) for path in known)


def _begins_with(path: Path, content: bytes) -> bool:
    return path.is_file() and path.read_bytes().startswith(content)
