"""Training local models on examples: data, loop, checkpoints, curves."""
