"""Disk set aside: given back when the disk is full, so that a life-safety act can still leave its receipt."""

import errno
import os
from pathlib import Path

from tocsin.gate.durable import sync_folder
from tocsin.model.errors import StoreError

RESERVE_BYTES = 8 * 1024 * 1024
"""About 10,000 receipts with their tiles."""
FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
"""What a full disk or a used-up quota says."""


class Reserve:
    """A file of zeros whose blocks are really allocated; `held` says whether it is in place."""

    def __init__(self, path: Path, size: int) -> None:
        self._path = path
        self._size = size
        self.held = path.exists() and path.stat().st_size == size
        self.hold()

    def hold(self) -> bool:
        """Take the space (again) if there is room; say whether it is held."""
        if not self.held:
            self.held = self._allocated()
        return self.held

    def release(self) -> None:
        """Give the space back for a receipt that must be written."""
        self._path.unlink(missing_ok=True)
        self.held = False

    def require(self) -> None:
        """Raise StoreError while the reserve is given back: what is left belongs to life-safety acts."""
        if not self.hold():
            raise StoreError(
                "The disk of the ledger is full and its reserve is in use: free some space, then this works again. "
                "Life-safety acts still go through."
            )

    def _allocated(self) -> bool:
        fresh = self._path.with_name(self._path.name + ".tmp")
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            if self._size:
                os.posix_fallocate(handle, 0, self._size)
        except OSError as error:
            fresh.unlink()
            if error.errno in FULL:
                return False
            raise
        finally:
            os.close(handle)
        fresh.replace(self._path)
        sync_folder(self._path.parent)
        return True
