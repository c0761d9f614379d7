"""The parts the Teach panel is built of."""
