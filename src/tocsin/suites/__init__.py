"""What `evaluate` and `bench` run: one file per suite."""
