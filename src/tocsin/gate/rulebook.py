"""Reads policy files strictly: an unknown key, a doubled key or a wrong value is an error that names it."""

from pathlib import Path
from typing import Any

import msgspec
import yaml
from msgspec.structs import replace

from tocsin.gate.rules import Policy, faults
from tocsin.model import ConfigError, digest

FILE_BYTES_MAX = 262_144


class _Strict(yaml.SafeLoader):
    """YAML in which a key may stand once only."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        """A mapping; raises a YAML error for a doubled key."""
        keys = [key.value for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} stands twice", node.start_mark)
        return super().construct_mapping(node, deep)


def read_policy(path: Path) -> Policy:
    """One policy; raises ConfigError naming file and key."""
    raw = path.read_bytes()
    if len(raw) > FILE_BYTES_MAX:
        raise ConfigError(f"{path.name}: {len(raw)} bytes are no policy; {FILE_BYTES_MAX} are the most.")
    try:
        policy = msgspec.convert(yaml.load(raw, Loader=_Strict), Policy, strict=True)  # noqa: S506  # a SafeLoader
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path.name}: not readable as YAML: {error}") from error
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path.name}: {error}. See standard.yaml for every key and its meaning.") from error
    if found := faults(policy):
        raise ConfigError(f"{path.name}: {' '.join(found)}")
    return replace(policy, digest=digest(raw))


def read_folder(folder: Path) -> dict[str, Policy]:
    """The policies of a folder by name; raises ConfigError where it is missing or names one twice."""
    if not folder.is_dir():
        raise ConfigError(f"{folder}: there is no such folder of policies.")
    found: dict[str, Policy] = {}
    for path in sorted(folder.glob("*.yaml")):
        policy = read_policy(path)
        if policy.policy in found:
            raise ConfigError(f"{path.name}: policy: the name {policy.policy!r} is taken by another file there.")
        found[policy.policy] = policy
    return found
