"""The `tocsin policy` command: what is looked at where, why, how closely and for how long."""

import time
from pathlib import Path
from typing import Annotated

import typer

policy = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="What is looked at where, why, and for how long."
)


@policy.callback()
def about() -> None:
    """What is looked at where, why, and for how long."""


@policy.command()
def report(
    folder: Annotated[Path, typer.Argument(help="Folder of the installation, as made by `tocsin init`.")] = Path(),
    out: Annotated[Path | None, typer.Option(help="Write one Markdown file per place here instead.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per line, each with a type.")] = False,
) -> None:
    """Print one page per place: what runs, why, at which level, for how long, and the notice."""
    import msgspec

    from tocsin.app.reporting import pages, text_of, unrecorded
    from tocsin.app.tell import print_json

    now = time.time()
    found, without = pages(folder, now), unrecorded(folder)
    if as_json:
        print_json([*({"type": "place", **msgspec.to_builtins(page)} for page in found), *_rows(without)])
        return
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        for page in found:
            (out / f"{page.processing.id}.md").write_text(text_of(page, now), encoding="utf-8")
        print(f"{len(found)} pages in {out}.")
    else:
        print("\n\n".join(text_of(page, now) for page in found) or "No place has cameras yet: `tocsin add camera`.")
    if without:
        print(f"Not started, for want of a record of processing: {', '.join(without)}.")


def _rows(without: list[str]) -> list[dict[str, object]]:
    return [{"type": "unrecorded", "source": name} for name in without]
