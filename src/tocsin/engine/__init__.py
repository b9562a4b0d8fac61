"""Runs the graph of stages over the log, and carries what people ask of the gate."""
