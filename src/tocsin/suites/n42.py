"""`tocsin evaluate n42`: files of radiation instruments, read, written, checked against the schema and read again."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, ClassVar

from lxml import etree

from tocsin.formats.n42 import N42Document, decode, encode
from tocsin.model import BadInput, ConfigError
from tocsin.suites import Order, Report, Verb, Workshop

SCHEMA = "n42.xsd"


@dataclass(frozen=True, slots=True, kw_only=True)
class N42Suite:
    """Every `*.n42` of DIR is read, written anew, validated with DIR's `n42.xsd` and read again.

    A round trip holds where what was read first and what is read last are equal, and the written file is valid.
    `damaged` copies of each file, cut or with bytes changed by the seed, must be refused or read, and never break.
    Peer: the files as they lie there, against the same schema.
    """

    kind: ClassVar[str] = "n42"
    verb: ClassVar[Verb] = "evaluate"

    damaged: int = 40
    damaged_bytes_max: int = 200_000

    def run(self, order: Order, _workshop: Workshop) -> Report:
        """Try all files; raises ConfigError where the folder has no file or no schema."""
        seed = (order.seeds or (1,))[0]
        paths = files_of(order.data)
        schema = _schema(paths[0].parent)
        rows = [self._row(path, schema, Random(seed)) for path in paths]
        return Report(
            suite=self.kind,
            command=order.command,
            data=str(order.data),
            seed=(seed,),
            metrics=_metrics(rows),
            peers={"the files as they are": {"schema_valid": _share([row["valid_as_is"] for row in rows])}},
            detail={"files": rows},
        )

    def _row(self, path: Path, schema: etree.XMLSchema, chance: Random) -> dict[str, Any]:
        raw = path.read_bytes()
        began = time.process_time()
        row: dict[str, Any] = {"file": path.name, "valid_as_is": _is_valid(raw, schema), "bytes": len(raw)}
        try:
            document = decode(raw)
        except BadInput as error:
            return row | {"read": False, "valid": False, "same": False, "why": str(error), "broke": 0, "damaged": 0}
        written = encode(document)
        row |= {"read": True, "valid": _is_valid(written, schema), "same": decode(written) == document}
        row |= {"why": str(schema.error_log.last_error or ""), "cpu_s": round(time.process_time() - began, 3)}
        return row | _contents(document) | self._damages(raw, chance)

    def _damages(self, raw: bytes, chance: Random) -> dict[str, int]:
        """What becomes of damaged copies of the beginning of the file (all of it where it is short)."""
        results = [_tried(copy) for copy in _copies(raw[: self.damaged_bytes_max], self.damaged, chance)]
        return {"damaged": len(results), "refused": results.count("refused"), "broke": results.count("broke")}


def files_of(folder: Path | None) -> list[Path]:
    """The N42 files of a folder; raises ConfigError where there is none."""
    paths = [] if folder is None else sorted(folder.glob("*.n42"))
    if not paths:
        raise ConfigError("evaluate n42 needs --data DIR with *.n42 files and their schema n42.xsd.")
    return paths


def _schema(folder: Path) -> etree.XMLSchema:
    try:
        return etree.XMLSchema(etree.fromstring((folder / SCHEMA).read_bytes()))
    except (OSError, etree.LxmlError) as error:
        raise ConfigError(f"{folder / SCHEMA} is not the schema of N42.42-2012: {error}.") from error


def _is_valid(raw: bytes, schema: etree.XMLSchema) -> bool:
    try:
        root = etree.fromstring(raw, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError:
        return False
    return bool(schema.validate(root))


def _contents(document: N42Document) -> dict[str, float]:
    spectra = [spectrum for one in document.measurements for spectrum in one.spectra]
    return {
        "measurements": len(document.measurements),
        "spectra": len(spectra),
        "counts": sum(sum(spectrum.counts) for spectrum in spectra),
    }


def _copies(raw: bytes, count: int, chance: Random) -> Iterator[bytes]:
    """Copies that are cut somewhere, or have some bytes changed."""
    for number in range(count):
        if number % 2:
            yield raw[: chance.randrange(len(raw))]
        else:
            changed = bytearray(raw)
            for _ in range(chance.randint(1, 20)):
                changed[chance.randrange(len(changed))] = chance.randrange(256)
            yield bytes(changed)


def _tried(raw: bytes) -> str:
    try:
        decode(raw)
    except BadInput:
        return "refused"
    except (ArithmeticError, LookupError, TypeError, ValueError, etree.LxmlError):
        return "broke"
    return "read"


def _share(rows: Sequence[bool]) -> float:
    return sum(rows) / len(rows)


def _metrics(rows: Sequence[dict[str, Any]]) -> dict[str, float]:
    return {
        "files": float(len(rows)),
        "read": _share([row["read"] for row in rows]),
        "schema_valid": _share([row["valid"] for row in rows]),
        "round_trip": _share([row["valid"] and row["same"] for row in rows]),
        "spectra": float(sum(row.get("spectra", 0) for row in rows)),
        "damaged": float(sum(row["damaged"] for row in rows)),
        "damaged_broke": float(sum(row["broke"] for row in rows)),
        "mb_per_s": sum(row["bytes"] for row in rows) / 1e6 / max(sum(row.get("cpu_s", 0.0) for row in rows), 1e-9),
    }
