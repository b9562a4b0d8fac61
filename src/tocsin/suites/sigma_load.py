"""`tocsin evaluate sigma-load`: how many Sigma rules of a folder load, which do not, and exactly why."""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import yaml

from tocsin.model import ConfigError
from tocsin.sigma.reading import read
from tocsin.sigma.regexes import is_linear
from tocsin.sigma.rule import Loaded, Rule
from tocsin.sigma.sought import atoms_of
from tocsin.suites import Order, Report, Verb, Workshop

FOLDERS = ("rules", "rules-emerging-threats", "rules-threat-hunting")
"""Where SigmaHQ keeps rules; a folder with none of these is searched whole."""
EVENTS = ".events.yml"
"""Unit events beside a rule are no rules."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SigmaLoad:
    """Load every rule under a folder, and list each that is refused with file, line, feature and reason.

    `placeholders` names a YAML file of values per placeholder; a rule with an unfilled one is refused.
    `backtracking` counts the regular expressions that RE2 cannot take and that run bounded in Python's engine.
    """

    kind: ClassVar[str] = "sigma-load"
    verb: ClassVar[Verb] = "evaluate"

    placeholders: str = ""

    def run(self, order: Order, workshop: Workshop) -> Report:  # noqa: ARG002 - no installation is needed
        """Read every file; raises ConfigError where there is none."""
        folder = _folder(order)
        texts = list(_texts(folder))
        if not texts:
            raise ConfigError(f"There is no .yml file under {folder}: name a folder of Sigma rules with --data.")
        began_s = time.process_time()
        loaded = read(texts, _values(self.placeholders))
        spent_s = time.process_time() - began_s
        order.say(f"{len(loaded.rules) + len(loaded.correlations)} of {len(texts)} files in {spent_s:.1f} s")
        return Report(
            suite=self.kind,
            command=order.command,
            data=str(folder),
            seed=order.seeds,
            metrics=_metrics(loaded, len(texts), spent_s),
            peers={},
            detail=_detail(loaded, folder),
        )


def _metrics(loaded: Loaded, files: int, spent_s: float) -> dict[str, float]:
    good = len(loaded.rules) + len(loaded.correlations)
    expressions = {atom for rule in loaded.rules for atom in atoms_of(rule.condition) if atom.operator == "re"}
    return {
        "files": float(files),
        "rules": float(good + len(loaded.refused)),
        "loaded": float(good),
        "refused": float(len(loaded.refused)),
        "correlations": float(len(loaded.correlations)),
        "expressions": float(len(expressions)),
        "backtracking": float(sum(not is_linear(str(atom.value), atom.flags) for atom in expressions)),
        "load_cpu_s": spent_s,
    }


def _detail(loaded: Loaded, folder: Path) -> dict[str, Any]:
    refused = [
        {
            "file": str(Path(each.path).relative_to(folder)),
            "line": each.line,
            "feature": each.feature,
            "reason": each.reason,
        }
        for each in loaded.refused
    ]
    operators: Counter[str] = Counter(atom.operator for rule in loaded.rules for atom in atoms_of(rule.condition))
    return {"refused": refused, "atoms": dict(operators.most_common()), "levels": _levels(loaded.rules)}


def _levels(rules: tuple[Rule, ...]) -> dict[str, int]:
    return dict(Counter(rule.level for rule in rules).most_common())


def _folder(order: Order) -> Path:
    if order.data is None or not order.data.is_dir():
        raise ConfigError("sigma-load needs a folder of Sigma rules: name it with --data DIR.")
    return order.data


def _texts(folder: Path) -> Iterator[tuple[str, str]]:
    for place in _places(folder):
        for file in sorted((*place.rglob("*.yml"), *place.rglob("*.yaml"))):
            if not file.name.endswith(EVENTS):
                yield str(file), file.read_bytes().decode("utf-8", "replace")


def _places(folder: Path) -> list[Path]:
    """The folders of rules in a copy of the public collection, or the folder itself."""
    return [folder / name for name in FOLDERS if (folder / name).is_dir()] or [folder]


def _values(path: str) -> dict[str, list[str]]:
    if not path:
        return {}
    return {str(name): [str(value) for value in values] for name, values in _lists(path).items()}


def _lists(path: str) -> dict[object, list[object]]:
    try:
        given = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ConfigError(f"The placeholders in {path} cannot be read: {error}.") from error
    if not isinstance(given, dict) or not all(isinstance(values, list) for values in given.values()):
        raise ConfigError(f"{path} maps the name of each placeholder to a list of values.")
    return given
