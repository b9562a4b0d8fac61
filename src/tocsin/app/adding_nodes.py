"""The `tocsin add sapient` command: nodes that register with us, or a parent that we register with."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.app.nodes import Met

City = Annotated[Path, typer.Option(help="Folder of the installation, as made by `tocsin init`.")]


def sapient(
    *,
    city: City = Path(),
    host: Annotated[str, typer.Option(help="Address to listen at; 0.0.0.0 for all.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="TCP port that nodes connect to.")] = 14_000,
    listen_s: Annotated[float, typer.Option(min=0, max=3600, help="How long to wait for nodes, seconds.")] = 15.0,
    certificate: Annotated[str, typer.Option(help="TLS: our certificate (PEM).")] = "",
    private_key: Annotated[str, typer.Option(help="TLS: its key (PEM).")] = "",
    client_ca: Annotated[str, typer.Option(help="TLS: authority of the nodes' certificates (PEM).")] = "",
    parent: Annotated[str, typer.Option(help="Register with this parent instead: sapient+tls://host:14000.")] = "",
    ca_file: Annotated[str, typer.Option(help="With --parent: authority of its certificate (PEM).")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Write without asking.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per line, each with a type.")] = False,
) -> None:
    """Let SAPIENT nodes register, show what they are, and write them down; or name a parent fusion node."""
    from tocsin.app.config import load_settings
    from tocsin.app.nodes import meet, write_input
    from tocsin.app.tell import print_json, progress
    from tocsin.sources.sapient import SapientNodes

    load_settings(city)
    if parent:
        _parent(city, parent, (ca_file, certificate, private_key), as_json=as_json)
        return
    declared = SapientNodes(host=host, port=port, certificate=certificate, private_key=private_key, client_ca=client_ca)
    progress(f"Waiting for nodes at {host}:{port} for {listen_s:g} s …")
    met = meet(declared, listen_s)
    _show(met, as_json=as_json)
    if not (yes or (not as_json and typer.confirm("Write this?", default=False))):
        print("Nothing was written.", file=sys.stderr)
        return
    name, sensors = write_input(city, declared, met)
    if as_json:
        print_json([{"type": "written", "input": name, "sensors": [sensor.id for sensor in sensors]}])
        return
    print(f"\nWritten: input {name!r} in tocsin.yaml. New sensors in service: {len(sensors) or 'none'}.")
    print("Their place and coverage are their own word, marked as assumed: correct them in sensors.yaml.")
    print("Nodes that come later wait as staged until a person accepts them.")
    print(f"Next: `tocsin check-config {city}`, then `tocsin serve {city}` (start it anew if it runs).")


def _show(met: "Sequence[Met]", *, as_json: bool) -> None:
    from tocsin.app.tell import columns, print_json

    rows = [
        {
            "type": "node",
            "node": one.node,
            "name": one.said.name,
            "about": one.said.about,
            "place": [one.place.lon, one.place.lat] if one.place is not None else None,
            "range_m": one.said.range_m,
        }
        for one in met
    ]
    if as_json:
        print_json(rows)
    elif not rows:
        print("No node registered meanwhile. Its fusion node's address must be this machine and port.")
    else:
        shown = [(row["name"], row["about"], row["place"] or "not told", row["node"]) for row in rows]
        print(columns(("name", "what it is", "place", "node id"), shown))


def _parent(city: Path, url: str, papers: tuple[str, str, str], *, as_json: bool) -> None:
    from tocsin.app.nodes import add_parent
    from tocsin.app.tell import print_json
    from tocsin.engine.parent import Papers

    ca_file, certificate, private_key = papers
    name = add_parent(city, url, Papers(ca_file=ca_file, certificate=certificate, private_key=private_key))
    if as_json:
        print_json([{"type": "written", "outlet": name, "url": url}])
        return
    print(f"Written: outlet {name!r} in tocsin.yaml. The parent is told of incidents of priority 0 to 2:")
    print("what they are and where, no title and no name. Each leaves with a receipt, and live ones alone.")
