"""Data keys per retention class and hour, wrapped by a master key: to drop a key is to delete what it sealed."""

import os
import re
from pathlib import Path
from threading import Lock
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tocsin.gate.durable import create_secret, make_private_folder, read_secret, replace_file, sync_folder, write_file
from tocsin.model.errors import BadInput, StoreError

KEY = 32
NONCE = 12
MASTER = "master.key"
FLOOR = "floor"
_CLASS = re.compile(r"[a-z][a-z0-9+_-]{0,39}")


class KeyRing:
    """256-bit keys in a folder: `<class>/<hour>` wrapped with AES-GCM, `<class>/floor` the first hour kept.

    A dropped key is overwritten and unlinked after the floor is on disk, and never made
    again. `hour` is the number of hours since 1970-01-01 UTC. Thread-safe.
    """

    def __init__(self, folder: Path, master: bytes) -> None:
        """Use `KeyRing.open`."""
        self._folder = folder
        self._master = AESGCM(master)
        self._known: dict[tuple[str, int], bytes] = {}
        self._floors: dict[str, int] = {}
        self._lock = Lock()

    @classmethod
    def open(cls, folder: Path, master: Path | None = None) -> Self:
        """Open or begin a key ring. `master` is the file of the master key (0600; default: in the folder).

        Raises StoreError where the master key is missing, readable by others, or not the one
        that wrapped these keys.
        """
        path = master or folder / MASTER
        make_private_folder(folder)
        if not path.exists():
            _begin_master(folder, path)
        secret = read_secret(path)
        if len(secret) != KEY:
            raise StoreError(f"The master key {path.name} must hold {KEY} bytes: restore it from a copy.")
        ring = cls(folder, secret)
        ring._prove()
        return ring

    def key(self, cls: str, hour: int) -> bytes:
        """The key of a retention class and hour (32 bytes), made when it is first asked for.

        Raises StoreError for a key that was dropped or cannot be unwrapped.
        """
        found = self._known.get((cls, hour))
        if found is not None:
            return found
        with self._lock:
            floor = self._floor(cls)
            if hour < floor:
                raise StoreError(f"The key of {cls} for hour {hour} was dropped: what it sealed is deleted.")
            return self._known.setdefault((cls, hour), self._loaded(cls, hour) or self._made(cls, hour))

    def drop_before(self, cls: str, hour: int) -> int:
        """Destroy the keys of a class for all hours before `hour`; gives how many there were."""
        with self._lock:
            if hour <= self._floor(cls) and not self._below(cls, hour):
                return 0
            self._raise_floor(cls, max(hour, self._floor(cls)))
            below = self._below(cls, hour)
            for path in below:
                self._known.pop((cls, int(path.name.partition(".")[0])), None)
                _destroy(path)
            sync_folder(self._folder / cls)
            return sum(path.suffix == "" for path in below)

    def hours(self, cls: str) -> list[int]:
        """The hours of a class that have a key."""
        folder = self._folder / _checked(cls)
        return sorted(int(path.name) for path in folder.iterdir() if path.name.isdecimal()) if folder.exists() else []

    def _below(self, cls: str, hour: int) -> list[Path]:
        """Files that hold a key of an earlier hour, also drafts that a crash left behind."""
        paths = (self._folder / _checked(cls)).glob("[0-9]*")
        return [path for path in paths if int(path.name.partition(".")[0]) < hour]

    def _floor(self, cls: str) -> int:
        if cls not in self._floors:
            path = self._folder / _checked(cls) / FLOOR
            text = path.read_text(errors="replace") if path.exists() else "0"
            if not text.isdecimal():
                raise StoreError(f"{cls}/{FLOOR} is not a number of hours: restore it from a copy.")
            self._floors[cls] = int(text)
        return self._floors[cls]

    def _raise_floor(self, cls: str, hour: int) -> None:
        folder = self._folder / cls
        make_private_folder(folder)
        replace_file(folder / FLOOR, str(hour).encode())
        sync_folder(folder)
        self._floors[cls] = hour

    def _loaded(self, cls: str, hour: int) -> bytes | None:
        path = self._folder / cls / str(hour)
        return self._unwrapped(path) if path.exists() else None

    def _unwrapped(self, path: Path) -> bytes:
        sealed = path.read_bytes()
        try:
            return self._master.decrypt(sealed[:NONCE], sealed[NONCE:], _name(path))
        except (InvalidTag, ValueError) as error:
            raise StoreError(
                f"The key {path.parent.name}/{path.name} cannot be unwrapped: it was changed, or the master key is "
                "another. Restore both from one copy."
            ) from error

    def _made(self, cls: str, hour: int) -> bytes:
        """A fresh key, on disk before anything is sealed with it; another process may have been first."""
        if hour < 0:
            raise BadInput(f"Hour {hour} is before 1970: keys begin there.")
        fresh, nonce = os.urandom(KEY), os.urandom(NONCE)
        path = self._folder / cls / str(hour)
        make_private_folder(path.parent)
        draft = path.with_name(f"{hour}.{os.urandom(6).hex()}.tmp")
        write_file(draft, nonce + self._master.encrypt(nonce, fresh, _name(path)), 0o600)
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            fresh = self._unwrapped(path)
        draft.unlink()
        sync_folder(path.parent)
        return fresh

    def _prove(self) -> None:
        """Unwrap one key of each class, so that a wrong master key is noticed at once."""
        for folder in (child for child in self._folder.iterdir() if child.is_dir()):
            for hour in self.hours(folder.name)[-1:]:
                self._unwrapped(folder / str(hour))


def _checked(cls: str) -> str:
    if not _CLASS.fullmatch(cls):
        raise BadInput(f"{cls!r} cannot name a retention class: small letters, digits, `+`, `_` and `-`.")
    return cls


def _name(path: Path) -> bytes:
    """What a wrapped key is bound to: it cannot be moved to another class or hour."""
    return f"tocsin-key/1 {path.parent.name}/{path.name}".encode()


def _destroy(path: Path) -> None:
    """Overwrite, flush, unlink: on disks that write in place nothing is left of it."""
    with path.open("r+b", buffering=0) as file:
        file.write(bytes(path.stat().st_size))
        os.fsync(file.fileno())
    path.unlink()


def _begin_master(folder: Path, path: Path) -> None:
    if any(child.is_dir() for child in folder.iterdir()):
        raise StoreError(f"The master key {path.name} is missing, but keys are there: restore it from a copy.")
    create_secret(path, os.urandom(KEY))
