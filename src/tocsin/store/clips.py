"""Clips of masked pictures: each sealed with a key of its own; to drop the key is to delete the clip."""

import os
import threading
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct

from tocsin.gate.durable import make_private_folder, replace_file, sync_folder, write_file
from tocsin.model import NotFound, StoreError, Tampered
from tocsin.store.sealing import NONCE_BYTES, Keys, hour_of

CLASS = "clips"
"""The retention class whose hourly key wraps the keys of single clips."""

KEY_BYTES = 32
SEALED, WRAPPED, HEADER = ".clip", ".key", ".json"


class Still(Struct, frozen=True, kw_only=True):
    """One masked picture of a clip."""

    at: float
    jpeg: bytes
    number: int = 0
    count: int = 0
    filled: float = 0.0


class Clip(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a clip shows, without its pictures: camera, time, the findings that it was kept for, until when.

    `person_s` is what it holds of people, masked; `sha256` is that of the sealed file.
    """

    id: str
    source: str
    since: float
    until: float
    frames: int
    keep_until: float
    findings: tuple[str, ...] = ()
    zone: str = ""
    person_s: float = 0.0
    bytes: int = 0
    sha256: str = ""


class Clips:
    """The clips of one installation, in a folder. Thread-safe."""

    def __init__(self, folder: Path, keys: Keys) -> None:
        """Use `Clips.open`."""
        self._folder = folder
        self._keys = keys
        self._lock = threading.Lock()
        self._known = {clip.id: clip for clip in _headers(folder)}

    @classmethod
    def open(cls, folder: Path, keys: Keys) -> "Clips":
        """Open or begin the folder; what a crash left unfinished has no header and is removed."""
        make_private_folder(folder)
        finished = {path.stem for path in folder.glob(f"*{HEADER}")}
        for path in folder.iterdir():
            if path.stem not in finished:
                path.unlink()
        return cls(folder, keys)

    def put(self, clip: Clip, stills: Sequence[Still]) -> Clip:
        """Seal and keep the pictures of a clip; gives the clip with size and hash. A repeat replaces it."""
        key, nonce = os.urandom(KEY_BYTES), os.urandom(NONCE_BYTES)
        sealed = nonce + AESGCM(key).encrypt(nonce, msgspec.msgpack.encode(list(stills)), clip.id.encode())
        kept = msgspec.structs.replace(clip, frames=len(stills), bytes=len(sealed), sha256=sha256(sealed).hexdigest())
        with self._lock:
            write_file(self._path(clip.id, WRAPPED), self._wrap(clip, key), 0o600)
            write_file(self._path(clip.id, SEALED), sealed, 0o600)
            replace_file(self._path(clip.id, HEADER), msgspec.json.encode(kept))
            sync_folder(self._folder)
            self._known[clip.id] = kept
        return kept

    def clips(self, source: str = "", findings: Iterable[str] = ()) -> list[Clip]:
        """The clips of a camera, or kept for any of these findings; all where neither is given. Newest first."""
        wanted = set(findings)
        with self._lock:
            found = [
                clip
                for clip in self._known.values()
                if (not source or clip.source == source) and (not wanted or wanted & set(clip.findings))
            ]
        return sorted(found, key=lambda clip: (-clip.since, clip.id))

    def clip(self, name: str) -> Clip:
        """One clip; raises NotFound."""
        with self._lock:
            if name not in self._known:
                raise NotFound(f"No clip {name!r}: it never was, or its time is over.")
            return self._known[name]

    def stills(self, name: str) -> list[Still]:
        """The pictures of a clip; raises NotFound, or Tampered where the file is not what was sealed."""
        clip = self.clip(name)
        try:
            sealed = self._path(name, SEALED).read_bytes()
            wrapped = self._path(name, WRAPPED).read_bytes()
            key = AESGCM(self._keys.key(CLASS, hour_of(clip.since))).decrypt(
                wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], name.encode()
            )
            plain = AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], name.encode())
            return msgspec.msgpack.decode(plain, type=list[Still])
        except (InvalidTag, ValueError) as error:
            raise Tampered(f"The clip {name} is not what was sealed: it was altered, or its key is another.") from error
        except OSError as error:
            raise StoreError(f"The clip {name} cannot be read: {error.strerror}.") from error

    def drop(self, name: str) -> None:
        """Delete a clip: its key first, so that nothing of it can be opened even if we stop here."""
        with self._lock:
            key = self._path(name, WRAPPED)
            if key.exists():
                write_file(key, bytes(key.stat().st_size), 0o600)
                key.unlink()
            for suffix in (SEALED, HEADER):
                self._path(name, suffix).unlink(missing_ok=True)
            sync_folder(self._folder)
            self._known.pop(name, None)

    def retain(self, now: float) -> int:
        """Drop the clips whose time is over; how many they were."""
        over = [clip.id for clip in self.clips() if clip.keep_until <= now]
        for name in over:
            self.drop(name)
        return len(over)

    def _wrap(self, clip: Clip, key: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + AESGCM(self._keys.key(CLASS, hour_of(clip.since))).encrypt(nonce, key, clip.id.encode())

    def _path(self, name: str, suffix: str) -> Path:
        return self._folder / f"{name}{suffix}"


def _headers(folder: Path) -> list[Clip]:
    try:
        return [msgspec.json.decode(path.read_bytes(), type=Clip) for path in folder.glob(f"*{HEADER}")]
    except (msgspec.MsgspecError, OSError) as error:
        raise StoreError(
            f"A header of a clip in {folder.name} cannot be read: {error}. Restore it, or remove it."
        ) from error
