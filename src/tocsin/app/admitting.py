"""The `tocsin account` and `tocsin token` commands: people who may sign in, machines that may deliver."""

import time
from pathlib import Path
from typing import Annotated

import typer

account = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="People who may sign in.")
token = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Machines that may deliver readings by HTTP.")

Folder = Annotated[Path, typer.Argument(help="Folder of the installation, as made by `tocsin init`.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object per line, each with a type.")]


@account.command(name="add")
def add_account(
    folder: Folder,
    name: Annotated[str, typer.Argument(help="The name to sign in with.")],
    role: Annotated[str, typer.Option(help="viewer, operator, supervisor, dpo or admin.")],
    password_file: Annotated[Path | None, typer.Option(help="File that holds the password (else it is asked).")] = None,
) -> None:
    """Make an account; the password is asked for twice."""
    from tocsin.app.people import accounts_of, password_in

    with accounts_of(folder) as accounts:
        if password_file is not None:
            password = password_in(password_file)
        else:
            password = str(typer.prompt("Password", hide_input=True, confirmation_prompt="Again"))
        made = accounts.add(name, password, role, time.time())
    print(f"Account made: role {made.role}, pseudonym {made.id}.")


@account.command(name="list")
def list_accounts(folder: Folder = Path(), as_json: AsJson = False) -> None:
    """List accounts with their roles, and the pseudonyms under which facts and receipts know them."""
    from tocsin.app.people import accounts_of
    from tocsin.app.tell import columns, print_json

    with accounts_of(folder) as accounts:
        found = accounts.accounts()
    if as_json:
        print_json({"type": "account", "id": one.id, "name": one.name, "role": one.role} for one in found)
    else:
        print(columns(("name", "role", "pseudonym"), [(one.name, one.role, one.id) for one in found]))


@token.command(name="add")
def add_token(
    folder: Folder,
    label: Annotated[str, typer.Argument(help="What it is for, such as the name of the gateway.")],
    scope: Annotated[list[str], typer.Option(help="ingest, or ingest:NAME for one input alone.")] = ["ingest"],  # noqa: B006
    days: Annotated[float, typer.Option(min=0, help="Days until it expires; 0 for never.")] = 0.0,
) -> None:
    """Make a token; its secret is shown once."""
    from tocsin.app.people import accounts_of, check_scopes

    check_scopes(scope)
    now = time.time()
    with accounts_of(folder) as accounts:
        made, secret = accounts.add_token(label, scope, now, now + days * 86_400 if days else None)
    print(f"Token {made.id}, shown this once:\n{secret}")


@token.command(name="list")
def list_tokens(folder: Folder = Path(), as_json: AsJson = False) -> None:
    """List tokens; their secrets are not kept."""
    from tocsin.app.people import accounts_of
    from tocsin.app.tell import columns, print_json

    with accounts_of(folder) as accounts:
        found = accounts.tokens()
    if as_json:
        print_json({"type": "token", "id": one.id, "label": one.label, "scopes": one.scopes} for one in found)
    else:
        print(columns(("id", "scopes", "label"), [(one.id, " ".join(one.scopes), one.label) for one in found]))


@token.command(name="revoke")
def revoke_token(folder: Folder, id: Annotated[str, typer.Argument(help="Id of the token.")]) -> None:
    """End a token at once."""
    from tocsin.app.people import accounts_of

    with accounts_of(folder) as accounts:
        accounts.revoke_token(id)
    print("Revoked.")
