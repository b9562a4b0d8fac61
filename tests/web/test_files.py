"""The console's files: lifetimes, and nothing beside them."""

import httpx
import pytest
from fastapi import FastAPI

from tocsin.web import console


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "secret.txt").write_text("secret")
    built = tmp_path / "built"
    (built / "assets").mkdir(parents=True)
    (built / "index.html").write_text("<!doctype html><title>Tocsin</title>")
    (built / "assets" / "index-abc123.js").write_text("export {}")
    return built


def client(folder):
    app = FastAPI(routes=[console.files(folder)])
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1")


async def got(folder, *paths):
    async with client(folder) as one:
        return [await one.get(path) for path in paths]


@pytest.mark.anyio
async def test_the_page_is_asked_for_anew_and_its_assets_never(folder):
    page, script = await got(folder, "/", "/assets/index-abc123.js")
    assert page.headers["cache-control"] == "no-cache"
    assert "immutable" in script.headers["cache-control"]
    assert script.headers["content-type"].startswith("text/javascript")


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["/../secret.txt", "/%2e%2e/secret.txt", "/assets/../../secret.txt", "/assets/%00"])
async def test_nothing_beside_the_console_is_served(folder, path):
    (answer,) = await got(folder, path)
    assert answer.status_code == 404


@pytest.mark.anyio
async def test_an_interface_path_is_never_a_file(folder):
    (folder / "api").mkdir()
    (folder / "api" / "state").write_text("x")
    (answer,) = await got(folder, "/api/state")
    assert answer.status_code == 404


@pytest.mark.anyio
async def test_a_console_that_was_never_built_says_how(tmp_path):
    (answer,) = await got(tmp_path, "/")
    assert answer.status_code == 503
    assert "make console" in answer.text
