"""`tocsin serve`: a city of one's own, in operation, behind accounts."""

import getpass
import sys
import time
from pathlib import Path

from tocsin.app.config import Settings, load_settings
from tocsin.app.doctor import check_config
from tocsin.app.layout import RULES
from tocsin.app.live import go_live
from tocsin.app.server import address_of, listening, office_of, serve_until_stopped
from tocsin.city.context import City
from tocsin.engine.broker import Device
from tocsin.model import ConfigError
from tocsin.store.accounts import Accounts

LOCAL_NAMES = ("127.0.0.1", "localhost", "[::1]")


def serve(folder: Path) -> int:
    """Run the installation in a folder until it is stopped."""
    bad = [complaint.text for complaint in check_config(folder) if complaint.bad]
    if bad:
        raise ConfigError(f"{bad[0]} ({len(bad)} problems in all: `tocsin check-config {folder}` lists them.)")
    settings = load_settings(folder)
    data = folder / "data"
    (data / "private").mkdir(parents=True, exist_ok=True, mode=0o700)
    accounts = Accounts.open(data / "private")
    try:
        first_account(accounts, folder)
        return _run(folder, data, settings, accounts)
    finally:
        accounts.close()


def first_account(accounts: Accounts, folder: Path) -> None:
    """Nobody works without an account: ask for the first one, or say how to make it where nobody can be asked."""
    if accounts.accounts():
        return
    if not sys.stdin.isatty():
        message = f"There is no account yet: make one with `tocsin account add {folder} NAME --role admin`."
        raise ConfigError(message)
    print("There is no account yet. The first one may do everything.")
    name = input("Name: ")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != password:
        message = "The two passwords differ: nothing was made."
        raise ConfigError(message)
    accounts.add(name, password, "admin", time.time())


def _run(folder: Path, data: Path, settings: Settings, accounts: Accounts) -> int:
    bound = listening(settings.web)
    address = address_of(settings.web, bound)
    devices = [Device(name=name, publish=one.publish) for name, one in settings.devices.items()]
    live = go_live(data, settings, City.load(folder / settings.city), devices=devices, rules=folder / RULES)
    office = office_of(
        live,
        accounts=accounts,
        demo=None,
        banner=settings.banner,
        hosts=(*LOCAL_NAMES, settings.web.host, *settings.web.names),
        secure=bool(settings.web.certificate),
    )
    live.start()
    try:
        serve_until_stopped(office, settings.web, bound, lambda: print(f"Tocsin is ready: {address}", flush=True))
    finally:
        live.stop()
    return 0
