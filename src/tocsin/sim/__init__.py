"""The simulated city: worlds, scenarios with ground truth, scoring."""
