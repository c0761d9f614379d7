"""What leaves the program, in files other tools read."""
