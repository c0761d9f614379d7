"""Simulated hearts: a rest and a stress scan of one patient."""
