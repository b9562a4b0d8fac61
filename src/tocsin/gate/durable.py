"""Files that survive a power cut: written, flushed to the disk, and their folder too."""

import os
from collections.abc import Iterable
from pathlib import Path

from tocsin.model.errors import StoreError

PRIVATE_FILE = 0o600
"""Only the owner may read a secret."""


def sync_folder(folder: Path) -> None:
    """Make the names within a folder durable (POSIX: a new file's name is not until its folder is)."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path) -> None:
    """Create a folder with its parents, durably; nothing happens where it exists."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        sync_folder(path.parent)


def write_file(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a file and flush it; its folder must be synced by the caller (once for many files)."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        left = memoryview(content)
        while left:
            left = left[os.write(handle, left) :]
        os.fsync(handle)
    finally:
        os.close(handle)


def write_files(root: Path, files: Iterable[tuple[str, bytes]]) -> None:
    """Write files below `root` by relative path, then sync each folder once."""
    folders = set()
    for name, content in files:
        path = root / name
        make_folder(path.parent)
        write_file(path, content)
        folders.add(path.parent)
    for folder in sorted(folders):
        sync_folder(folder)


def replace_file(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Put new content in place of the old, all or nothing; the folder's sync is the caller's."""
    fresh = path.with_name(path.name + ".tmp")
    write_file(fresh, content, mode)
    fresh.replace(path)


def make_private_folder(folder: Path) -> None:
    """A folder that only its owner may enter."""
    make_folder(folder)
    folder.chmod(0o700)


def read_secret(path: Path) -> bytes:
    """The content of a secret file; raises StoreError where others may read it too."""
    if path.stat().st_mode & 0o077:
        raise StoreError(f"Others may read the secret file {path.name}: run `chmod 600` on it, and consider it known.")
    return path.read_bytes()


def create_secret(path: Path, secret: bytes) -> None:
    """Write a secret that does not exist yet, readable by the owner alone, all or nothing."""
    make_private_folder(path.parent)
    replace_file(path, secret, PRIVATE_FILE)
    sync_folder(path.parent)
