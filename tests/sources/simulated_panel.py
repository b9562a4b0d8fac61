"""A simulated alarm panel: sends frames of SIA DC-09 over real sockets and reads the answers."""

import os
import socket

from tocsin.formats import sia_dc09 as sia


class SimulatedPanel:
    """One panel with its account, key and numbering; `wrong_by_s` is how far its clock is off."""

    def __init__(self, port, *, transport="tcp", account="1234", key=b"", now=lambda: 0.0):
        kind = socket.SOCK_STREAM if transport == "tcp" else socket.SOCK_DGRAM
        self.socket = socket.socket(socket.AF_INET, kind)
        self.socket.settimeout(5.0)
        self.socket.connect(("127.0.0.1", port))
        self.account, self.key, self.now, self.sequence = account, key, now, 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def frame(self, data, token="SIA-DCS", *, at=None, extended=(), again=False):
        """The next message as it goes over the wire; `again` keeps the number of the last one."""
        self.sequence += not again
        stamp = at if at is not None else self.now() if self.key else None
        message = sia.Frame(
            token=token, sequence=f"{self.sequence:04d}", account=self.account, extended=extended, at=stamp,
            data=f"#{self.account}|{data}" if data else "", encrypted=bool(self.key),
        )  # fmt: skip
        return sia.encode(message, self.key, os.urandom(16))

    def send(self, data, token="SIA-DCS", **how):
        """Send one message."""
        self.socket.sendall(self.frame(data, token, **how))

    def heard(self):
        """The next answer, read."""
        return sia.frame_of(sia.envelope_of(self.socket.recv(4_096)), self.key)

    def has_heard(self):
        """Whether an answer lies there already."""
        self.socket.setblocking(False)
        try:
            return bool(self.socket.recv(1, socket.MSG_PEEK))
        except BlockingIOError:
            return False
        finally:
            self.socket.settimeout(5.0)
