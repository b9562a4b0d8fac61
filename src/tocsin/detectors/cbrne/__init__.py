"""Detectors of toxic, radiological and explosive hazards."""
