"""Which protocols a device of a kind normally speaks: one table, and the devices of a city matched to it."""

from collections.abc import Iterable, Mapping
from functools import lru_cache

import msgspec
from msgspec import Struct

from tocsin.contract.network import Flow
from tocsin.contract.ports import homes, services
from tocsin.contract.resources import Resources
from tocsin.model import Asset, ConfigError

TABLE = "network/roles.yaml"
"""Where the roles stand in the content."""

_HIGH_PORT = 1_024


class Role(Struct, frozen=True, forbid_unknown_fields=True):
    """What devices of these kinds speak: to inside, to outside, and when asked."""

    kinds: tuple[str, ...]
    asks: frozenset[str]
    serves: frozenset[str]
    outside: frozenset[str] = frozenset()


class _Table(Struct, frozen=True, forbid_unknown_fields=True):
    protocols: tuple[tuple[str, ...], ...]
    everybody: frozenset[str]
    outside: frozenset[str]
    roles: dict[str, Role]


class Device(Struct, frozen=True):
    """A device of the city's register: its name and the name of its role."""

    name: str
    role: str


class Roles:
    """The table of roles, and who of the city has which."""

    def __init__(self, table: _Table, devices: Mapping[str, Device]) -> None:
        self.devices = devices
        self._table = table
        self._at: dict[int, str] = {}
        for name in (name for group in table.protocols for name in group):
            for port in homes(name):
                self._at.setdefault(port, name)
        self._named = lru_cache(maxsize=16_384)(self._name)

    @classmethod
    def load(cls, resources: Resources) -> "Roles":
        """Read the table and match the city's devices; raises ConfigError naming what is wrong."""
        try:
            table = msgspec.convert(resources.document(TABLE), _Table)
        except msgspec.ValidationError as error:
            raise ConfigError(f"{TABLE}: {error}. Correct the table.") from error
        return cls(table, {} if resources.city is None else _devices(table, resources.city.assets.values()))

    def protocol(self, flow: Flow) -> str:
        """The protocol of a connection, under one name: what a sensor recognised, else what lives at the port."""
        return self._named(flow.service, flow.proto, flow.port)

    def _name(self, service: str, proto: str, port: int) -> str:
        if proto == "icmp":
            return "icmp"
        known = sorted(services(service))
        at_port = self._at.get(port, "")
        if known and not (known == ["tls"] and at_port):
            return known[0]
        if at_port:
            return at_port
        return "udp-high" if proto == "udp" and port >= _HIGH_PORT else f"{proto or 'ip'}/{port}"

    def may_ask(self, role: str, protocol: str, *, outside: bool) -> bool:
        """Whether a device of this role opens such connections."""
        known = self._table.roles[role]
        if outside:
            return protocol in known.outside or protocol in self._table.outside
        return protocol in known.asks or protocol in self._table.everybody

    def may_serve(self, role: str, protocol: str) -> bool:
        """Whether a device of this role answers such connections."""
        return protocol in self._table.roles[role].serves or protocol in self._table.everybody


def _role_of(table: _Table) -> dict[str, str]:
    """By the kind of an asset."""
    return {kind: name for name, role in table.roles.items() for kind in role.kinds}


def _devices(table: _Table, assets: Iterable[Asset]) -> dict[str, Device]:
    role_of = _role_of(table)
    return {
        address: Device(name=asset.name or asset.id, role=role_of[asset.kind])
        for asset in assets
        if asset.kind in role_of
        for address in asset.addresses
        if "/" not in address
    }
