"""Numbers taken from pictures."""
