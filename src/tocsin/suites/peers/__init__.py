"""Programs that run a peer in its own environment (`make peers`): each is a script, never imported by us."""
