"""Who attacks in a capture: labels in its flows, a `labels.yaml` beside it, or what its publisher says of it."""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import isnan
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import msgspec
from msgspec import Struct

from tocsin.contract.resources import Resources
from tocsin.model import ConfigError
from tocsin.suites.network_incidents.known import KNOWN

FILE = "labels.yaml"
"""Where a folder of captures may say who attacks in each."""

_COLUMNS = ("label", "detailedlabel", "detailed-label", "detailed_label")
_MALICIOUS = re.compile(r"malicious|malware|botnet|attack|\bc&?c\b|ddos|scan", re.IGNORECASE)
_AGAINST = re.compile(r"\bto-?(botnet|malware)", re.IGNORECASE)
_BENIGN = re.compile(r"^(flow=)?(from[-_])?(benign|normal|legitimate)", re.IGNORECASE)
_ARGUS = ("SrcAddr", "DstAddr", "Label")
_GLUED = re.compile(rb"\s{2,}")


class Labelled(NamedTuple):
    """One flow with its label: `malicious`, `benign`, or neither (background, unknown)."""

    at: float
    source: str
    target: str
    malicious: bool
    benign: bool


class Truth(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of one capture: who attacks, whom nobody may accuse, how the attack is called, and who says so.

    `servers` command attackers or are attacked by them: to name one is no false accusation. Where `complete`,
    whoever is not named attacks nobody. `since` is when the attack begins, seconds UTC (empty: with the first
    that an attacker does).
    """

    attackers: tuple[str, ...] = ()
    servers: tuple[str, ...] = ()
    named: str = ""
    complete: bool = True
    since: float | None = None
    source: str = ""


class Judged(Struct, frozen=True, kw_only=True):
    """A capture's truth as the suite uses it: when each attacker first acted (None: not said)."""

    attackers: dict[str, float | None]
    harmless: frozenset[str] | None
    spared: frozenset[str]
    named: str
    source: str

    def is_harmless(self, host: str) -> bool:
        """Whether an accusation of this host is false, as far as the truth says so."""
        if host in self.attackers or host in self.spared:
            return False
        return self.harmless is None or host in self.harmless


def labelled(row: Mapping[str, Any], raw: bytes, form: str, fields: bytes) -> Labelled | None:
    """The label of a row that is a flow, read from its line: rows carry none; None where there is none."""
    source, target = row.get("id.orig_h"), row.get("id.resp_h")
    if not isinstance(source, str) or not isinstance(target, str):
        return None
    words = _words(raw, form, fields)
    return _judged(float(row["at"]), source, target, words[0], words) if words else None


def _words(raw: bytes, form: str, fields: bytes) -> list[str]:
    """What stands in the label columns of a line, as far as it has them."""
    words: Iterable[str] = ()
    if form == "zeek-json" and b"label" in raw:
        said = msgspec.json.decode(raw)
        words = (str(said.get(name) or "") for name in _COLUMNS)
    elif form == "zeek-tsv" and b"label" in fields:
        words = _in_columns(fields.decode().split("\t")[1:], raw.decode().split("\t"))
    return list(filter(_is_said, words))


def _is_said(word: str) -> bool:
    return word not in ("", "-", "(empty)")


def _in_columns(names: Sequence[str], values: Sequence[str]) -> Iterator[str]:
    for name, value in zip(names, values, strict=False):
        yield from _in_column(name, value)


def _in_column(name: str, value: str) -> list[str]:
    """The labels in one column; some publishers glue theirs to the last column by blanks."""
    if name in _COLUMNS:
        return [value]
    return value.split()[1:] if "label" in name and "  " in name else []


def _judged(at: float, source: str, target: str, first: str, words: Iterable[str]) -> Labelled:
    """A first word that says benign or background is believed; a detail may only add to a malicious one."""
    benign = bool(_BENIGN.match(first))
    neither = first.lower().removeprefix("flow=").startswith(("background", "unknown", "-", "(empty)"))
    against = bool(_AGAINST.search(first))
    malicious = not benign and not neither and not against and any(map(_MALICIOUS.search, words))
    return Labelled(at, source, target, malicious, benign)


def without_label(raw: bytes, form: str, fields: bytes) -> bytes:
    """A row less its columns of labels; `fields` is the `#fields` line above it, for rows in columns."""
    if form == "zeek-json" and b"label" in raw:
        return _json_without(raw)
    if form != "zeek-tsv" or b"label" not in fields:
        return raw
    return b"\t".join(_unlabelled(fields.split(b"\t")[1:], raw.split(b"\t")))


def header_without(raw: bytes, fields: bytes) -> bytes:
    """A line of Zeek's header less the columns of labels; `fields` is its `#fields` line."""
    first, *parts = raw.split(b"\t")
    if first not in (b"#fields", b"#types") or b"label" not in fields:
        return raw
    return b"\t".join((first, *_unlabelled(fields.split(b"\t")[1:], parts)))


def _unlabelled(names: list[bytes], values: list[bytes]) -> list[bytes]:
    labels = {name.encode() for name in _COLUMNS}
    kept = [
        _GLUED.split(value)[0] if b"label" in name and b"  " in name else value
        for name, value in zip(names, values, strict=False)
        if name not in labels
    ]
    return kept + values[len(names) :]


def _json_without(raw: bytes) -> bytes:
    row = msgspec.json.decode(raw)
    return msgspec.json.encode({name: value for name, value in row.items() if name not in _COLUMNS})


def argus_labels(file: BinaryIO) -> Iterator[Labelled]:
    """Labels of Argus flows written as text (binetflow), comma or tab; times are not read."""
    lines = (line.decode(errors="replace") for line in file)
    head = next(lines, "")
    split = "\t" if "\t" in head else ","
    names = [name.strip() for name in head.split(split)]
    if set(_ARGUS) <= set(names):
        rows = csv.DictReader(lines, names, delimiter=split)
        yield from filter(None, map(_argus_label, rows))


def _argus_label(row: Mapping[str, Any]) -> Labelled | None:
    source, target, label = (str(row.get(name) or "").strip() for name in _ARGUS)
    known = source and target and label
    return _judged(float("nan"), source, target, label, [label]) if known else None


def judged(name: str, folder: Path, data: Path, labels: list[Labelled]) -> Judged:
    """The truth of one capture: a person's own table first, then labels of flows, then what its publisher says."""
    own = _own(name, folder, data)
    if own is None and any(label.malicious or label.benign for label in labels):
        return _from_flows(labels)
    return _in_words(own or _published(name) or Truth(complete=False, source="nobody says"))


def _in_words(said: Truth) -> Judged:
    return Judged(
        attackers=dict.fromkeys(said.attackers, said.since),
        harmless=None if said.complete else frozenset(),
        spared=frozenset(said.servers),
        named=said.named,
        source=said.source,
    )


def _from_flows(labels: list[Labelled]) -> Judged:
    """Attackers begin malicious flows; harmless is who begins none, unless it only answers them and begins nothing."""
    attackers: dict[str, float | None] = {}
    malicious = sorted((label for label in labels if label.malicious), key=lambda one: one.at)
    for label in malicious:
        attackers.setdefault(label.source, None if isnan(label.at) else label.at)
    answering = {label.target for label in malicious}
    beginning = {label.source for label in labels}
    return Judged(
        attackers=attackers,
        harmless=None,
        spared=frozenset(answering - beginning),
        named="",
        source="labels of flows",
    )


def _own(name: str, folder: Path, data: Path) -> Truth | None:
    """What a `labels.yaml` in the capture's folder, or in the folder of all, says of it."""
    for place in (folder, data if data.is_dir() else data.parent):
        table = Resources(content=place).document(FILE) if (place / FILE).is_file() else {}
        own = next((table[key] for key in _keys(name) if key in table), None)
        if own is not None:
            return _truth(own, place / FILE)
    return None


def _truth(row: Any, path: Path) -> Truth:  # noqa: ANN401  # plain YAML
    try:
        return msgspec.convert(row, Truth)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path}: {error}. Give attackers, servers, named, complete, source.") from error


def _published(name: str) -> Truth | None:
    return next((msgspec.convert(KNOWN[key], Truth) for key in _keys(name) if key in KNOWN), None)


def _keys(name: str) -> list[str]:
    """The names under which a table may speak of a capture: the whole, and each part, with and without ending."""
    parts = [name, *Path(name).parts[::-1]]
    return list(dict.fromkeys(form for part in parts for form in (part, part.partition(".")[0])))
