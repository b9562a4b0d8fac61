"""A fresh city in a folder, and the command line run in this process."""

import json
import socket

import pytest
from typer.testing import CliRunner

from tocsin.app.cli import app


class Said:
    """What a command said: exit status, text, JSON rows, and the error that it ended with."""

    def __init__(self, result):
        self.status, self.text, self.error = result.exit_code, result.stdout, result.exception

    @property
    def rows(self):
        return [json.loads(line) for line in self.text.splitlines()]


def run(*arguments, answers=None):
    return Said(CliRunner().invoke(app, [str(one) for one in arguments], input=answers))


@pytest.fixture
def tocsin():
    return run


@pytest.fixture
def city(tmp_path):
    """An empty installation whose embedded broker has a free port."""
    folder = tmp_path / "my-city"
    assert run("init", folder, "--name", "Test town", "--lon", 24.94, "--lat", 60.17).status == 0
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    text = (folder / "tocsin.yaml").read_text()
    (folder / "tocsin.yaml").write_text(
        text.replace("port: 1883\n", f"port: {port}\n").replace("port: 8420", "port: 0")
    )
    return folder
