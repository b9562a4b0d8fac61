"""A request that is refused before its body was read still hears why."""

import socket

import pytest

from tocsin.web.draining import BYTES_MAX

HEAD = (
    "POST /api/ingest/gateway HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: {connection}\r\nContent-Length: {size}\r\n\r\n"
)


def talked(town, connection, body, declared=None):
    """Send head and body apart, as HTTP clients do, and give all that comes back."""
    address = (town.url.split("//")[1].split(":")[0], int(town.url.rsplit(":", 1)[1]))
    with socket.create_connection(address, timeout=10) as wire:
        wire.sendall(HEAD.format(connection=connection, size=declared or len(body)).encode())
        early = b""
        wire.settimeout(0.3)
        try:
            early = wire.recv(65536)  # an answer that does not wait for the body would be here now
        except TimeoutError:
            wire.settimeout(10)
        wire.sendall(body)
        wire.settimeout(10)
        return early, wire.recv(65536)


@pytest.mark.parametrize("connection", ["close", "keep-alive"])
@pytest.mark.parametrize("size", [1, 200_000])
def test_the_answer_waits_for_the_body(town, connection, size):
    early, answer = talked(town, connection, b"x" * size)
    assert not early
    assert answer.startswith(b"HTTP/1.1 401")


def test_a_body_that_never_comes_is_not_waited_for_for_ever(town):
    address = (town.url.split("//")[1].split(":")[0], int(town.url.rsplit(":", 1)[1]))
    with socket.create_connection(address, timeout=10) as wire:
        wire.sendall(HEAD.format(connection="close", size=BYTES_MAX).encode())
        assert wire.recv(65536).startswith(b"HTTP/1.1 401")
