"""The web application: console, API, metrics, of one running house."""

from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware

from tocsin.web import (
    cameras,
    clear_views,
    console,
    deciding,
    document,
    names,
    posting,
    problems,
    reading,
    rules,
    signing,
    watching,
)
from tocsin.web.asking import answer
from tocsin.web.draining import Draining
from tocsin.web.office import Office
from tocsin.web.sessions import Sessions
from tocsin.web.shield import Shield
from tocsin.web.stream import Waker

STATIC = Path(__file__).parent / "static"
"""The built console."""

ABOUT = """What the console is made of, for other programs too.

JSON fields that hold their default are left out. Times are seconds UTC. Errors are problems (RFC 9457)."""


def interface() -> FastAPI:
    """The routes alone, without a house behind them: enough to describe them."""
    app = FastAPI(
        title="Tocsin",
        version=version("tocsin"),
        description=ABOUT,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    for part in (signing, cameras, clear_views, reading, rules, names, deciding, posting, watching):
        app.include_router(part.router)
    app.add_api_route("/api/openapi.json", lambda: answer(document.describe(app)), include_in_schema=False)
    return app


def create_app(office: Office, *, static: Path = STATIC) -> FastAPI:
    """The application that serves an office; close `office.ring` to end its streams before the server stops."""
    app = interface()
    app.state.office = office
    app.state.sessions = Sessions(office)
    app.state.waker = Waker(office.ring)
    app.state.ground = None
    problems.install(app)
    app.routes.append(console.files(static))
    app.add_middleware(GZipMiddleware, minimum_size=1024, compresslevel=5)
    app.add_middleware(Shield, hosts=office.hosts, secure=office.secure)
    app.add_middleware(Draining)  # added last: it is the outermost
    return app
