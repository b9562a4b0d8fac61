"""The configuration of one installation: `tocsin.yaml`, read strictly, with errors that name the key."""

import re
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, field

from tocsin.model import ConfigError, Origin, SourceState

FILE = "tocsin.yaml"
"""Name of the configuration within the folder of an installation."""

EMBEDDED = "embedded"
"""The url of an mqtt input that listens to the broker that comes with Tocsin."""


class WebPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the console listens, and the `names` under which it is asked for (Host headers).

    Anything but loopback needs a TLS certificate and key.
    """

    host: str = "127.0.0.1"
    port: int = 8420
    names: tuple[str, ...] = ()
    certificate: str = ""
    private_key: str = ""


class BrokerPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The embedded MQTT broker: off where a broker of one's own is used. Port 0 picks a free one."""

    enabled: bool = True
    port: int = 1883
    host: str = "127.0.0.1"
    certificate: str = ""
    private_key: str = ""


class DevicePlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One device of the embedded broker: the topics that it may publish. Its password lies in private files."""

    publish: tuple[str, ...]


class MemberPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One member by kind, with its parameters."""

    kind: str
    parameters: dict[str, Any] = field(default_factory=dict)


class OutletPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One way out: a folder, an HTTP address, a syslog server, a SAPIENT parent. `exercise` ones take unreal output.

    `ca_file` is the authority of the other side; `certificate` and `private_key` (PEM) show a parent who we are.
    """

    kind: str
    folder: str = ""
    url: str = ""
    secret: str = ""
    ca_file: str = ""
    certificate: str = ""
    private_key: str = ""
    exercise: bool = False


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of `tocsin.yaml`. Members that are not named run with their defaults.

    `inputs` maps a connection's name to its kind and parameters; an mqtt input whose url is
    `embedded` listens to the embedded broker, which lets in the `devices`, by user name. `off`
    names members that shall not run; `city` is the folder with city.yaml, relative to the file.
    """

    city: str = "city"
    origin: Origin = Origin.LIVE
    banner: str = ""
    newcomers: SourceState = SourceState.STAGED
    web: WebPlan = WebPlan()
    broker: BrokerPlan = BrokerPlan()
    devices: dict[str, DevicePlan] = field(default_factory=dict)
    inputs: dict[str, MemberPlan] = field(default_factory=dict)
    members: dict[str, dict[str, Any]] = field(default_factory=dict)
    off: tuple[str, ...] = ()
    outlets: dict[str, OutletPlan] = field(default_factory=dict)
    policies: tuple[str, ...] = ()
    retention_h: dict[str, float] = field(default_factory=dict)


def load_settings(folder: Path) -> Settings:
    """Read the configuration of a folder; raises ConfigError with file, key and what to do."""
    path = folder / FILE
    if not path.is_file():
        message = f"There is no {FILE} in {folder}: make one with `tocsin init {folder}`."
        raise ConfigError(message)
    return parse_settings(path.read_text(encoding="utf-8"), str(path))


def parse_settings(text: str, name: str = FILE) -> Settings:
    """Read a configuration from its text.

    >>> parse_settings("web: {port: 8080}").web.port
    8080
    """
    import yaml

    try:
        document = yaml.load(text, Loader=_loader()) or {}  # noqa: S506  # safe: the safe loader, less old booleans
        return msgspec.convert(document, Settings)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark is not None else "somewhere"
        problem = getattr(error, "problem", error)
        message = f"{name}, {where}: this is not YAML ({problem}). Check the indentation there."
        raise ConfigError(message) from error
    except msgspec.ValidationError as error:
        message = f"{name}: {error}. `tocsin init` writes a file in which every key is explained."
        raise ConfigError(message) from error


def _loader() -> Any:  # noqa: ANN401  # a class of PyYAML's, imported when needed
    """The safe loader with the booleans of YAML 1.2: `off`, `on`, `yes` and `no` are words (one is a key of ours)."""
    import yaml

    class Loader(yaml.SafeLoader):
        """Ours alone: resolvers of the library's own classes stay as they are."""

    known = yaml.SafeLoader.yaml_implicit_resolvers
    Loader.yaml_implicit_resolvers = {key: [one for one in known[key] if one[0] != _BOOL] for key in known}
    Loader.add_implicit_resolver(_BOOL, re.compile("^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))
    return Loader


_BOOL = "tag:yaml.org,2002:bool"
