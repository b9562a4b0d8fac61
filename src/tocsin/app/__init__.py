"""The composition root: configuration, wiring, command line. The only place that knows everything."""
