"""An RTSP server for tests, run by the system's Python (its GStreamer bindings): pushes coded pictures in a loop.

usage: python3 rtsp_server.py PORT PICTURES_PER_S FILE [METADATA_FILE]

FILE holds coded pictures (H.264, byte stream), METADATA_FILE XML documents, each behind its length (4 bytes, big
endian). Lines on standard input: `freeze` sends nothing any more, `go` goes on, `file NAME` sends other pictures,
`damage N` spoils the next N pictures. Prints the port when it listens.
"""

import struct
import sys
import threading
from pathlib import Path

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402  # versions are chosen first

PICTURES = (
    "appsrc name=pictures is-live=true format=time do-timestamp=true "
    'caps="video/x-h264,stream-format=byte-stream,alignment=au" ! rtph264pay name=pay0 pt=96 config-interval=-1'
)
METADATA = (
    "appsrc name=pay1 is-live=true format=time do-timestamp=true "
    'caps="application/x-rtp,media=application,encoding-name=VND.ONVIF.METADATA,clock-rate=90000,payload=107"'
)
RTP_BYTES_MAX = 1200


def parts(name):
    """The pieces of a file, each behind its length."""
    with Path(name).open("rb") as file:
        while head := file.read(4):
            yield file.read(struct.unpack(">I", head)[0])


class Camera:
    """What is sent, from when on, and whether it stands still."""

    def __init__(self, name, metadata):
        self.pictures = list(parts(name))
        self.documents = list(parts(metadata)) if metadata else []
        self.frozen, self.damage = False, 0
        self.sent = self.sequence = 0
        self.sources = {}

    def heed(self, line):
        """Do what a line says."""
        word, _, rest = line.strip().partition(" ")
        if word in ("freeze", "go"):
            self.frozen = word == "freeze"
        elif word == "file":
            self.pictures, self.sent = list(parts(rest)), 0
        elif word == "damage":
            self.damage = int(rest)

    def configured(self, _factory, media):
        """A client came: the sources of its pipeline are ours to feed."""
        pipeline = media.get_element()
        found = {"pictures": pipeline.get_by_name("pictures"), "metadata": pipeline.get_by_name("pay1")}
        self.sources = {name: source for name, source in found.items() if source is not None}
        self.sent = 0

    def tick(self):
        """Send one picture and what is said about it."""
        if self.frozen or not self.sources:
            return True
        picture = self.pictures[self.sent % len(self.pictures)]
        if self.damage:
            self.damage -= 1
            picture = picture[:24] + bytes(byte ^ 0x55 for byte in picture[24:])
        self.push("pictures", picture)
        if "metadata" in self.sources and self.documents:
            self.say(self.documents[self.sent % len(self.documents)])
        self.sent += 1
        return True

    def push(self, name, content):
        self.sources[name].emit("push-buffer", Gst.Buffer.new_wrapped(content))

    def say(self, document):
        """One XML document as RTP packets; the last bears the marker."""
        pieces = [document[n : n + RTP_BYTES_MAX] for n in range(0, len(document), RTP_BYTES_MAX)]
        for number, piece in enumerate(pieces):
            marker = 0x80 if number == len(pieces) - 1 else 0
            self.sequence = (self.sequence + 1) & 0xFFFF
            head = struct.pack(">BBHII", 0x80, marker | 107, self.sequence, self.sent * 9_000 & 0xFFFFFFFF, 7)
            self.push("metadata", head + piece)


def main(port, per_s, name, metadata=""):
    Gst.init(None)
    loop = GLib.MainLoop()
    camera = Camera(name, metadata)
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(f"( {PICTURES} {METADATA if metadata else ''} )")
    factory.set_shared(True)
    factory.connect("media-configure", camera.configured)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    server.get_mount_points().add_factory("/live", factory)
    server.attach(None)
    GLib.timeout_add(int(1000 / float(per_s)), camera.tick)

    def listen():
        for line in sys.stdin:
            camera.heed(line)
        loop.quit()

    threading.Thread(target=listen, daemon=True).start()
    print(server.get_bound_port(), flush=True)  # noqa: T201  # who started us reads it
    loop.run()


main(*sys.argv[1:])
