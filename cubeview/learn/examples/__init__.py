"""Examples to learn from, simulated and prepared as real cases are."""
