"""`tocsin sapient check`: whether a node or fusion node keeps to SAPIENT (BSI Flex 335 v2), point by point."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tocsin.model import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.app.sapient.points import Point

sapient = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Nodes that speak SAPIENT (BSI Flex 335 v2).")


@sapient.callback()
def about() -> None:
    """Nodes that speak SAPIENT (BSI Flex 335 v2)."""


@sapient.command()
def check(
    address: Annotated[str, typer.Argument(help="HOST:PORT to connect to; with --listen, where to wait.")],
    *,
    listen: Annotated[
        bool, typer.Option("--listen", help="Wait at this address for the other side to connect.")
    ] = False,
    as_fusion: Annotated[
        bool, typer.Option("--as-fusion", help="The other side is a fusion node: play an edge node against it.")
    ] = False,
    wait_s: Annotated[float, typer.Option(min=1, max=3600, help="How long to wait for the other side.")] = 30.0,
    watch_s: Annotated[
        float, typer.Option(min=1, max=3600, help="How long to watch its status reports at most.")
    ] = 60.0,
    ca_file: Annotated[Path | None, typer.Option(help="TLS: authority of the other side (PEM).")] = None,
    certificate: Annotated[Path | None, typer.Option(help="TLS: our certificate (PEM).")] = None,
    private_key: Annotated[Path | None, typer.Option(help="TLS: its key (PEM).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per line, each with a type.")] = False,
) -> None:
    """Play a fusion node against an edge node, and print what fails; exit status 1 where something does."""
    from tocsin.app.sapient.channel import Papers, Wire
    from tocsin.app.sapient.edge import check_edge
    from tocsin.app.sapient.fusion import check_fusion
    from tocsin.app.tell import progress

    if as_fusion and listen:
        raise ConfigError("A fusion node waits for its nodes: give its address without --listen.")
    host, port = _split(address)
    papers = Papers(ca_file=ca_file, certificate=certificate, private_key=private_key)
    with Wire(host, port, papers, listen=listen, wait_s=wait_s) as wire:
        where = f"{'at' if listen else 'to'} {wire.host}:{wire.port}"
        progress(f"{'Waiting' if listen else 'Connecting'} {where} …")
        points = check_fusion(wire) if as_fusion else check_edge(wire, watch_s)
    raise typer.Exit(_tell(points, as_json=as_json))


def _split(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    if not port.isdigit() or not 0 <= int(port) < 65_536:
        raise ConfigError(f"{address!r} is no address: write HOST:PORT, such as 192.0.2.7:14000.")
    return host.strip("[]") or "127.0.0.1", int(port)


def _tell(points: "Sequence[Point]", *, as_json: bool) -> int:
    from msgspec.structs import asdict

    from tocsin.app.tell import print_json

    failed = [one for one in points if one.state == "fails"]
    if as_json:
        print_json({"type": "point", **asdict(one)} for one in points)
    else:
        print("\n".join(f"{one.state:<9}  {one.name}{f': {one.text}' if one.text else ''}" for one in points))
        held = sum(one.state == "holds" for one in points)
        print(f"{len(failed)} of {len(points)} points fail." if failed else f"All {held} points that were tried hold.")
    return 1 if failed else 0
