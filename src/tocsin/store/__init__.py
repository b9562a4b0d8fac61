"""What is kept: the event log, snapshots, incidents, quarantine, outbox, accounts."""
