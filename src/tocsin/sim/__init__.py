"""The simulated city: a seeded world that speaks the real protocols, its truth, and scoring against it."""
