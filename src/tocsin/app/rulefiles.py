"""Rule files that a person names: read together with what ships and with the city's own, and put into a city."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from tocsin.app.config import FILE
from tocsin.app.layout import RULES, data_of
from tocsin.contract.resources import Resources, content_folder
from tocsin.contract.rulebook import EVENTS, PLACEHOLDERS, RATES, RuleBook
from tocsin.contract.ruletexts import OWN, RuleTexts
from tocsin.model import ConfigError, Conflict, NotFound
from tocsin.sigma.rule import Correlation, Refusal, Rule

SUFFIXES = (".yml", ".yaml")


class Named(Struct, frozen=True, kw_only=True):
    """A book and its texts, and of it what stands in the files that were named (by the paths of `files`)."""

    book: RuleBook
    texts: RuleTexts
    files: tuple[Path, ...]

    def rules(self) -> list[Rule | Correlation]:
        """The rules and correlations of those files."""
        return [one for one in self.book.every if one.path in self._names]

    def refused(self) -> list[Refusal]:
        """What of those files could not be used."""
        return [one for one in self.book.loaded.refused if one.path in self._names]

    @property
    def _names(self) -> frozenset[str]:
        return frozenset(map(str, self.files))


def files_in(paths: Sequence[Path]) -> tuple[Path, ...]:
    """The rule files among files and folders; raises NotFound for a path that is neither."""
    return tuple(dict.fromkeys(one for path in paths for one in _rule_files(path)))


def _rule_files(path: Path) -> list[Path]:
    if not path.exists():
        raise NotFound(f"There is no {path}: name a file or a folder with Sigma rules (*.yml).")
    inner = _inside(path) if path.is_dir() else [path]
    return [one for one in inner if one.is_file() and not one.name.endswith(EVENTS)]


def _inside(folder: Path) -> list[Path]:
    return sorted(one for one in folder.rglob("*") if one.suffix in SUFFIXES)


def named(paths: Sequence[Path], city: Path | None = None, *, alone: bool = False) -> Named:
    """Read the named files, before the city's own and those that ship, which they may refer to.

    `alone` leaves the rules of both out (not the placeholders and mappings).
    """
    files = files_in(paths)
    own = own_folder(city)
    around = RuleTexts.read(content_folder(), own)
    texts = {str(path): text for path in files if (text := _text(path)) is not None}
    refused = tuple(_unread(path) for path in files if str(path) not in texts)
    kept = _less_twice(around.texts, own, files)
    beside = _less_rules(kept) if alone else kept
    together = RuleTexts.of({**beside, **texts}, (*around.refused, *refused))
    return Named(book=RuleBook.load(Resources(rules=together)), texts=together, files=files)


def _less_twice(texts: Mapping[str, str], own: Path | None, files: Sequence[Path]) -> dict[str, str]:
    """Texts but those of the files that are named too."""
    twice = {path.resolve() for path in files}
    return {name: text for name, text in texts.items() if _lies_at(name, own) not in twice}


def _less_rules(texts: dict[str, str]) -> dict[str, str]:
    """Placeholders, rates and mappings alone."""
    return {name: text for name, text in texts.items() if not _is_rule(name)}


def _lies_at(name: str, own: Path | None) -> Path | None:
    """Where a text of a city's own was read; None for others."""
    return (own / name.removeprefix(OWN)).resolve() if own is not None and name.startswith(OWN) else None


def _is_rule(name: str) -> bool:
    return "/mappings/" not in name and name not in (PLACEHOLDERS, RATES)


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None


def _unread(path: Path) -> Refusal:
    reason = "It cannot be read as text in UTF-8: check that it may be read, and save it as UTF-8."
    return Refusal(path=str(path), line=1, feature="file", reason=reason)


def own_folder(city: Path | None) -> Path | None:
    """The folder of a city's own rules; None where it has none."""
    folder = None if city is None else city / RULES
    return folder if folder is not None and folder.is_dir() else None


def book_of(city: Path | None) -> RuleBook:
    """The rules of a city as they would be in force now, parsed ones taken from its cache."""
    texts = RuleTexts.read(content_folder(), own_folder(city))
    folder = data_of(city) if city is not None and (city / FILE).is_file() else None
    return RuleBook.load(Resources(rules=texts, folder=folder))


def put_rules(source: Path, city: Path, *, link: bool = False) -> Path:
    """Copy (or link) a file or folder of rules into a city's own; gives where it lies now."""
    if not files_in([source]):
        raise ConfigError(f"There are no rules in {source}: they are files whose names end in .yml or .yaml.")
    target = city / RULES / source.resolve().name
    if target.exists() or target.is_symlink():
        raise Conflict(f"{target} is there already: remove it first, or name the folder otherwise.")
    target.parent.mkdir(parents=True, exist_ok=True)
    if link:
        target.symlink_to(source.resolve())
    else:
        _copy(source, target)
    return target


def _copy(source: Path, target: Path) -> None:
    if not source.is_dir():
        shutil.copyfile(source, target)
        return
    part = target.with_name(f".{target.name}.part")  # hidden: a running city must not see half of it
    shutil.rmtree(part, ignore_errors=True)
    shutil.copytree(source, part, ignore=_no_rules)
    part.replace(target)


def _no_rules(folder: str, names: list[str]) -> list[str]:
    """What of a folder is not copied: everything hidden, and files that hold no rules."""
    files = [one for one in names if not (Path(folder) / one).is_dir()]
    return [one for one in names if one.startswith(".") or (one in files and not one.endswith(SUFFIXES))]


def below(book: RuleBook, target: Path, city: Path) -> tuple[int, list[Refusal]]:
    """How many rules of a city's book lie at a path, and what of it was refused."""
    name = OWN + target.relative_to(city / RULES).as_posix()
    within = (name, f"{name}/")
    loaded = sum(one.path == name or one.path.startswith(within[1]) for one in book.every)
    return loaded, [one for one in book.loaded.refused if one.path == name or one.path.startswith(within[1])]
