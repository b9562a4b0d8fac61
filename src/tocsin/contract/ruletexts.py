"""The texts of all rules that are in force: what ships with us and the city's own files, named by one digest."""

import os
from collections.abc import Iterator
from hashlib import blake2b
from itertools import chain
from pathlib import Path

import msgspec
from msgspec import Struct

from tocsin.model import NotFound
from tocsin.sigma.rule import Refusal

SHIPPED = "content/sigma/"
"""Beginning of the paths of what ships with us."""

OWN = "rules/"
"""Beginning of the paths of a city's own files."""

FILE_BYTES_MAX = 1 << 20
"""Largest file that is read as rules: the largest published one has 200 kB."""

FILES_MAX = 20_000
"""Most files in all: five times as many as the whole public collection has."""

KEPT_MAX = 200
"""Most earlier texts that are kept beside the log; the oldest go first."""

_SUFFIXES = (".yml", ".yaml")


class RuleTexts(Struct, frozen=True, kw_only=True):
    """Every text by its path (`content/sigma/rules/…`, `rules/…`), and the files that could not be read."""

    digest: str
    texts: dict[str, str]
    refused: tuple[Refusal, ...] = ()

    @classmethod
    def read(cls, content: Path, own: Path | None = None) -> "RuleTexts":
        """What ships in the content, and a city's own folder where there is one.

        A file that cannot be read is refused with its reason; the others are read all the same.
        """
        texts: dict[str, str] = {}
        refused: list[Refusal] = []
        for path, name in chain(_files(content / "sigma", SHIPPED), _files(own, OWN) if own is not None else ()):
            found = _text(path, name) if len(texts) < FILES_MAX else _too_many(name)
            if isinstance(found, Refusal):
                refused.append(found)
            else:
                texts[name] = found
        return cls.of(texts, tuple(refused))

    @classmethod
    def of(cls, texts: dict[str, str], refused: tuple[Refusal, ...] = ()) -> "RuleTexts":
        """Texts by path, named by their digest."""
        return cls(digest=_digest(texts, refused), texts=texts, refused=refused)

    def below(self, prefix: str) -> list[tuple[str, str]]:
        """Paths and texts under a prefix, in order of their paths."""
        return [(name, self.texts[name]) for name in sorted(self.texts) if name.startswith(prefix)]

    def keep(self, folder: Path) -> None:
        """Keep these texts under their digest, so that a resume can use what was in force then."""
        from zstandard import ZstdCompressor

        path = _kept_path(folder, self.digest)
        if path.exists():
            path.touch()  # the newest are kept longest
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_bytes(ZstdCompressor(level=6).compress(msgspec.msgpack.encode(self)))
        part.replace(path)
        for old in sorted(path.parent.iterdir(), key=lambda one: one.stat().st_mtime)[:-KEPT_MAX]:
            old.unlink()

    @classmethod
    def kept(cls, folder: Path, digest: str) -> "RuleTexts":
        """The texts kept under a digest; raises NotFound where they are gone or do not fit their name."""
        from zstandard import ZstdDecompressor, ZstdError

        try:
            packed = ZstdDecompressor().decompress(_kept_path(folder, digest).read_bytes())
            found = msgspec.msgpack.decode(packed, type=cls)
        except (OSError, ZstdError, ValueError) as error:
            message = f"The rules {digest} are not kept in {folder}: the rules of now are used instead."
            raise NotFound(message) from error
        if _digest(found.texts, found.refused) != digest:
            raise NotFound(f"The rules kept as {digest} are others: the rules of now are used instead.")
        return found


def stamp(folder: Path | None) -> str:
    """Names the state of a folder by the paths, sizes and times of its files: cheap, no file is opened."""
    found = blake2b(digest_size=16)
    for path, name in _files(folder, OWN) if folder is not None else ():
        try:
            told = os.stat(path)  # noqa: PTH116  # of thousands of files: a Path for each costs more
        except OSError:
            continue  # it went between listing and asking: the next look sees the folder without it
        found.update(f"{name}\x1f{told.st_size}\x1f{told.st_mtime_ns}\x1e".encode())
    return found.hexdigest()


def _files(folder: Path, prefix: str) -> Iterator[tuple[str, str]]:
    """Every YAML file below a folder with its name."""
    for root, names in _folders(folder):
        below = "".join(f"{part}/" for part in Path(root).relative_to(folder).parts)
        for name in filter(_is_yaml, sorted(names)):
            yield f"{root}{os.sep}{name}", f"{prefix}{below}{name}"


def _is_yaml(name: str) -> bool:
    return name.endswith(_SUFFIXES) and not name.startswith(".")


def _folders(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Every folder below one and itself, with the names of its files; linked ones are entered, each once."""
    entered: set[tuple[int, int]] = set()
    for root, folders, names in os.walk(folder, followlinks=True):
        told = os.stat(root)  # noqa: PTH116  # as in stamp
        if (told.st_dev, told.st_ino) in entered:
            folders.clear()
            continue
        entered.add((told.st_dev, told.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield root, names


def _text(path: str, name: str) -> str | Refusal:
    try:
        with Path(path).open("rb") as file:
            raw = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        return Refusal(path=name, line=0, feature="file", reason=f"It cannot be read: {error.strerror}.")
    if len(raw) > FILE_BYTES_MAX:
        return Refusal(path=name, line=0, feature="file", reason=f"It has more than {FILE_BYTES_MAX} bytes: split it.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        return Refusal(path=name, line=line, feature="file", reason="It is not UTF-8: save it as UTF-8.")


def _too_many(name: str) -> Refusal:
    return Refusal(
        path=name, line=0, feature="folder", reason=f"There are more than {FILES_MAX} files: leave some out."
    )


def _digest(texts: dict[str, str], refused: tuple[Refusal, ...]) -> str:
    found = blake2b(digest_size=16)
    for name in sorted(texts):
        found.update(f"{name}\x1f{texts[name]}\x1e".encode())
    for one in refused:
        found.update(f"{one.path}\x1f{one.reason}\x1e".encode())
    return found.hexdigest()


def _kept_path(folder: Path, digest: str) -> Path:
    if not digest.isalnum():
        raise NotFound(f"{digest!r} is no digest of rules.")
    return folder / "inforce" / "rules" / digest
