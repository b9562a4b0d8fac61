"""The Sigma language: parse, compile, match, correlate."""
