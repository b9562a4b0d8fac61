"""ANSI N42.42-2012, data of radiation instruments as XML: spectra with calibration, gross counts, dose rates.

Files of the edition of 2006 are read as well; written is always that of 2012.
"""

from tocsin.formats.n42.document import (
    Calibration,
    Detector,
    DoseRate,
    GrossCounts,
    Instrument,
    Measurement,
    N42Document,
    Position,
    Spectrum,
)
from tocsin.formats.n42.reading import BYTES_MAX, decode
from tocsin.formats.n42.writing import NAMESPACE, encode

__all__ = [
    "BYTES_MAX",
    "NAMESPACE",
    "Calibration",
    "Detector",
    "DoseRate",
    "GrossCounts",
    "Instrument",
    "Measurement",
    "N42Document",
    "Position",
    "Spectrum",
    "decode",
    "encode",
]
