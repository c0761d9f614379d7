"""Panels control; they never draw cubes and never know each other."""
