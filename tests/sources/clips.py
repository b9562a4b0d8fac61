"""Small clips for tests: a bright square that moves over grey, written with PyAV."""

from fractions import Fraction

import av
import numpy as np


def picture(number, width=160, height=120):
    """One picture: the square has moved by 3 pixels since the one before."""
    made = np.full((height, width, 3), 60, np.uint8)
    x = (number * 3) % (width - 24)
    made[height // 3 : height // 3 + 24, x : x + 24] = (40, 180, 220)
    return made


def write(
    path, count=20, *, size=(160, 120), rate=10, codec="libx264", times=None, metadata=None, options=None, b_frames=0
):
    """Write a clip with a keyframe every 5 pictures; `times` in milliseconds make a variable rate."""
    with av.open(str(path), "w", options=options or {}) as container:
        container.metadata.update(metadata or {})
        stream = container.add_stream(codec, rate=rate)
        stream.width, stream.height = size
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.codec_context.gop_size = 5
        stream.options = _options(b_frames) if codec == "libx264" else {}
        if times is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        for number in range(count):
            frame = av.VideoFrame.from_ndarray(picture(number, *size), format="bgr24")
            if times is not None:
                frame.pts, frame.time_base = times[number], Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def _options(b_frames):
    """As a camera codes, or with pictures that refer to later ones."""
    return {"preset": "ultrafast", "threads": "1"} | ({"bf": str(b_frames)} if b_frames else {"tune": "zerolatency"})


def places(path):
    """Where the coded pictures of a clip lie in it: offset and length of each."""
    with av.open(str(path)) as container:
        return [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
