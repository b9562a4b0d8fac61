"""Servers on this machine that note what reaches them: HTTP with chosen answers, syslog over TCP, TLS and UDP."""

import socket
import socketserver
import ssl
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tocsin.formats.syslog import unframe


def served(server):
    """The server, answering in a thread of its own."""
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server


class _Post(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.got.append((dict(self.headers), body))
        status = self.server.answers.pop(0) if self.server.answers else 204
        if callable(status):
            status = status()
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        """Say nothing."""


class HttpReceiver(ThreadingHTTPServer):
    """Notes (headers, body) of every POST in `got`; answers with `answers` in turn, then 204."""

    daemon_threads = True

    def __init__(self, *answers, context=None):
        super().__init__(("127.0.0.1", 0), _Post)
        self.got = []
        self.answers = list(answers)
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.url = f"http{'s' if context else ''}://127.0.0.1:{self.server_address[1]}/hook"


class _Stream(socketserver.BaseRequestHandler):
    def handle(self):
        left = b""
        while read := self.request.recv(4096):
            whole, left = unframe(left + read)
            self.server.got += whole


class SyslogReceiver(socketserver.ThreadingTCPServer):
    """Notes every message of its streams in `got`."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, context=None):
        super().__init__(("127.0.0.1", 0), _Stream)
        self.got = []
        self.port = self.server_address[1]
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_side=True)


def udp_receiver():
    """A bound UDP socket; read it with `recv`."""
    channel = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    channel.settimeout(5.0)
    channel.bind(("127.0.0.1", 0))
    return channel


def tls_context(folder):
    """A server's TLS context with a fresh certificate for 127.0.0.1, and the certificate's file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file, secret = folder / "server.pem", folder / "server.key"
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, secret)
    return context, file
