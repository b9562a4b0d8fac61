"""Tocsin: a city's sensors and logs, turned into few, explained incidents."""

__version__ = "0.1.0"
