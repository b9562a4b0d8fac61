"""Cameras for tests, on loopback: a real RTSP server (GStreamer's), MJPEG over HTTP, HLS segments."""

import os
import ssl
import struct
import subprocess
import threading
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

import av
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.sources.clips import write

PYTHON = "/usr/bin/python3"
"""The system's Python, which has GStreamer's bindings."""

PACKAGES = "gir1.2-gst-rtsp-server-1.0 python3-gi gstreamer1.0-plugins-base gstreamer1.0-plugins-good"


def require_rtsp():
    """Skip (or fail, where nothing may be missing) without the server's packages."""
    asked = 'import gi; gi.require_version("GstRtspServer", "1.0"); from gi.repository import GstRtspServer'
    if subprocess.run([PYTHON, "-c", asked], capture_output=True, check=False).returncode != 0:
        missing = f"there is no RTSP server to test with: apt-get install {PACKAGES}"
        (pytest.fail if os.environ.get("TOCSIN_REQUIRE_ALL") else pytest.skip)(missing)


def pieces(path, parts):
    """Write parts, each behind its length."""
    path.write_bytes(b"".join(struct.pack(">I", len(part)) + part for part in parts))
    return path


def coded(folder, **how):
    """The coded pictures of a small clip, as the server reads them."""
    clip = write(folder / "coded.h264", **how)
    with av.open(str(clip)) as container:
        parts = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    return pieces(folder / f"{time.monotonic_ns()}.pictures", parts)


class Rtsp:
    """A camera that speaks RTSP. `kill` it, `start` it again at the same port, `say` what it shall do."""

    def __init__(self, folder, *, per_s=10, documents=(), **how):
        require_rtsp()
        self.folder, self.per_s, self.port = folder, per_s, 0
        self.pictures = coded(folder, **how)
        self.documents = pieces(folder / "documents", documents) if documents else ""
        self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    @property
    def url(self):
        return f"rtsp://127.0.0.1:{self.port}/live"

    def start(self, **how):
        """Begin to serve, other pictures where `how` says so."""
        if how:
            self.pictures = coded(self.folder, **how)
        script = Path(__file__).with_name("rtsp_server.py")
        words = [PYTHON, str(script), str(self.port), str(self.per_s), str(self.pictures), str(self.documents)]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def say(self, line):
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


class Served:
    """An HTTP server on loopback, with a handler class."""

    def __init__(self, handler):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def secured(self, name):
        """The same server over TLS, with a certificate as `certificate` makes them; gives its address."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{name}.pem", f"{name}.key")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        return self.url.replace("http:", "https:")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def certificate(name):
    """A certificate of one's own for this machine, and its key, beside each other; gives their name."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(who, who, key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    how = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    Path(f"{name}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    Path(f"{name}.key").write_bytes(key.private_bytes(*how))
    return name


def mjpeg(jpegs, *, per_s=20, identity=""):
    """A camera that sends JPEGs one after another; with `identity` (Basic, base64) it lets nobody else in."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            if identity and self.headers.get("Authorization") != f"Basic {identity}":
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="camera"')
                self.end_headers()
                return
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=picture")
            self.end_headers()
            number = 0
            while self._sent(jpegs[number % len(jpegs)]):
                number += 1
                time.sleep(1 / per_s)

        def _sent(self, jpeg):
            try:
                head = f"--picture\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                self.wfile.write(head.encode() + jpeg + b"\r\n")
            except OSError:
                return False
            return True

        def log_message(self, *_):
            """Quiet."""

    return Served(Handler)


def folder_served(folder):
    """The files of a folder, over HTTP."""

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            """Quiet."""

    return Served(partial(Handler, directory=str(folder)))


def wait_for(holds, wait_s=15.0):
    """Wait until something is the case; gives what it was."""
    end = time.monotonic() + wait_s
    while not (found := holds()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)
    return found


def newest(running, wait_s=15.0):
    """The next picture of a camera."""
    return wait_for(lambda: running.next_batch(0.1), wait_s).readings[0]
