"""The `tocsin ledger` and `tocsin export` commands: prove what was allowed and done, and hand it on."""

import time
from pathlib import Path
from typing import Annotated

import typer

from tocsin.app.ocsf import export_logs

ledger = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Prove what was allowed and done.")
export = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Write incidents and logs in the formats that others read."
)

Run = Annotated[Path, typer.Argument(help="An installation, the kept data of a run, or a ledger itself.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object per line, each with a type.")]


@ledger.command()
def verify(
    folder: Run = Path(),
    key: Annotated[str, typer.Option(help="Public key (or its file) that you were handed when the ledger began.")] = "",
    as_json: AsJson = False,
) -> None:
    """Check every byte of a ledger against its signed checkpoint; exit status 1 where it was altered."""
    from tocsin.app.proof import report_row, verified
    from tocsin.app.tell import print_json

    report = verified(folder, key)
    if as_json:
        print_json([report_row(report)])
    else:
        print("\n".join(report.lines))
    raise typer.Exit(0 if report.ok else 1)


@ledger.command()
def show(
    folder: Run = Path(),
    limit: Annotated[int, typer.Option(min=1, help="How many of the newest receipts.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List the newest receipts: who was allowed to see or do what, why, under which policy."""
    from tocsin.app.proof import receipt_rows, receipt_text
    from tocsin.app.tell import print_json

    rows = receipt_rows(folder, limit)
    if as_json:
        print_json(rows)
    else:
        print("\n".join(map(receipt_text, rows)) or "The ledger is empty.")


@export.command(name="cap")
def export_a_warning(
    folder: Run,
    incident: Annotated[str, typer.Argument(help="Id of the incident, such as inc-…")],
    out: Annotated[Path | None, typer.Option(help="Write it to this file (default: print it).")] = None,
) -> None:
    """Write the newest public warning of an incident as CAP 1.2, marked by its origin."""
    from tocsin.app.cap import export_cap

    text = export_cap(folder, incident, time.time())
    if out is None:
        print(text)
    else:
        out.write_text(text, encoding="utf-8")
        print(f"Written: {out}")


export.command(name="ocsf")(export_logs)
