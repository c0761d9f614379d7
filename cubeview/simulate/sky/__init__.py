"""Simulated skies: windows and whole fields of spectral cubes."""
