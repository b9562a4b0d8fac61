"""Arrays inside bodies: a shape, a type of number and the bytes, readable as NumPy without a copy."""

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from tocsin.model import BadInput

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BYTES_MAX = 7680 * 4320 * 3
"""Largest array that is taken: one 8K picture."""


class Raster(Struct, frozen=True):
    """One array. `data` may be any buffer; what is read of it cannot be written to."""

    shape: tuple[int, ...]
    dtype: str
    data: bytes

    @classmethod
    def of(cls, array: "NDArray[Any]") -> "Raster":
        """Take an array; raises BadInput for one larger than BYTES_MAX.

        >>> import numpy as np
        >>> Raster.of(np.zeros((2, 3), dtype=np.uint8)).array.shape
        (2, 3)
        """
        import numpy as np

        if array.nbytes > BYTES_MAX:
            raise BadInput(f"An array of {array.nbytes} bytes is larger than any picture taken here ({BYTES_MAX}).")
        whole = np.ascontiguousarray(array)
        return cls(whole.shape, whole.dtype.str, memoryview(whole).cast("B") if whole.size else b"")  # type: ignore[arg-type]  # any buffer

    @property
    def array(self) -> "NDArray[np.generic]":
        """The array, read-only."""
        import numpy as np

        found = np.frombuffer(self.data, dtype=np.dtype(self.dtype)).reshape(self.shape)
        found.flags.writeable = False
        return found


EMPTY = Raster((0,), "<f4", b"")
