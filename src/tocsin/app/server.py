"""The console's server: one address, started and stopped with the house behind it."""

import contextlib
import signal
import socket
import threading
import webbrowser
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from tocsin.app.config import WebPlan
from tocsin.app.house import naming_of, unmasking_of
from tocsin.app.live import Live
from tocsin.engine.rulemarks import RuleMarks
from tocsin.model import ConfigError
from tocsin.sources.http import RunningHttp
from tocsin.store.accounts import Account, Accounts
from tocsin.web.office import Office

if TYPE_CHECKING:
    import uvicorn

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def office_of(
    live: Live, *, accounts: Accounts | None, demo: Account | None, banner: str, hosts: tuple[str, ...], secure: bool
) -> Office:
    """The parts of a running house that the web works with."""
    house = live.house
    return Office(
        view=house.view,
        desk=live.desk,
        status=live.status,
        casebook=house.casebook,
        log=house.log,
        ledger=house.ledger,
        ledger_folder=house.folder / "ledger",
        quarantine=house.quarantine,
        graph=house.graph,
        ring=house.view.ring,
        origin=house.settings.origin.value,
        banner=banner,
        now=live.clock,
        accounts=accounts,
        demo=demo,
        ingest={name: source for name, source in live.sources.items() if isinstance(source, RunningHttp)},
        secure=secure,
        hosts=hosts,
        rules=house.rules,
        marks=RuleMarks(house.rules, house.city),
        naming=naming_of(house, live.clock),
        gallery=house.gallery,
        unmasking=unmasking_of(house, live.clock),
        resources=house.resources,
    )


def listening(plan: WebPlan) -> socket.socket:
    """The bound socket of the console; raises ConfigError with what to do where it cannot be had."""
    if plan.host not in LOOPBACK and not (plan.certificate and plan.private_key):
        message = f"The console would listen on {plan.host} without TLS: set web.certificate and web.private_key."
        raise ConfigError(message)
    try:
        return socket.create_server((plan.host, plan.port))
    except OSError as error:
        message = f"Port {plan.port} on {plan.host} cannot be had ({error.strerror}): choose another with web.port."
        raise ConfigError(message) from error


def address_of(plan: WebPlan, bound: socket.socket) -> str:
    """What to type into a browser."""
    return f"{'https' if plan.certificate else 'http'}://{plan.host}:{bound.getsockname()[1]}"


def serve_until_stopped(office: Office, plan: WebPlan, bound: socket.socket, ready: Callable[[], None]) -> None:
    """Answer requests until SIGINT or SIGTERM; `ready` is called once they are answered."""
    import uvicorn

    from tocsin.web.app import create_app

    config = uvicorn.Config(
        create_app(office),
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=3,
        lifespan="off",
        ssl_certfile=plan.certificate or None,
        ssl_keyfile=plan.private_key or None,
    )
    server = uvicorn.Server(config)
    with _signals(server, office):
        threading.Thread(target=_announce, args=(server, ready), daemon=True, name="tocsin ready").start()
        server.run(sockets=[bound])


def _announce(server: "uvicorn.Server", ready: Callable[[], None]) -> None:
    pause = threading.Event()
    while not server.started and not server.should_exit:
        pause.wait(0.02)
    if server.started:
        ready()


@contextlib.contextmanager
def _signals(server: "uvicorn.Server", office: Office) -> Iterator[None]:
    """End the streams before the server waits for them."""

    def stop(_number: int, _frame: object) -> None:
        office.ring.close()
        server.should_exit = True

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]  # ours end the streams first
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def open_browser(address: str) -> None:
    """Show the console, where there is a browser."""
    webbrowser.open(address)
