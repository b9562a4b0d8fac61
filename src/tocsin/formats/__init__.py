"""One file per standard: pure encoding and decoding."""
