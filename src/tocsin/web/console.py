"""The console's files: hashed assets are kept for ever, the page itself is asked for anew."""

import os
from pathlib import Path

from starlette.responses import HTMLResponse, Response
from starlette.routing import Match, Mount, Route, Router
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"

NOT_BUILT = """<!doctype html><html lang="en"><title>Tocsin</title>
<p>The console is not built yet: run <code>make console</code>, then load this page again.
The same facts are at <a href="/api/state">/api/state</a>.</p></html>"""


class Files(StaticFiles):
    """Static files with a lifetime: a name with a hash in it never changes its content."""

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """A file, or that it is unchanged."""
        answer = super().file_response(full_path, stat_result, scope, status_code)
        hashed = scope["path"].startswith("/assets/")
        answer.headers["Cache-Control"] = FOR_EVER if hashed else ASK_AGAIN
        return answer


class Console(Mount):
    """Everything but the interface itself: what is wrong there is said by its own routes."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether a path is the console's."""
        if scope["path"].startswith("/api/"):
            return Match.NONE, {}
        return super().matches(scope)


def files(folder: Path) -> Console:
    """The console in a folder; where it was never built, a page that says so."""
    if (folder / "index.html").is_file():
        return Console("/", Files(directory=folder, html=True))
    return Console("/", Router([Route("/", lambda _request: HTMLResponse(NOT_BUILT, 503))]))
