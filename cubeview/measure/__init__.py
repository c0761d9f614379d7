"""Numbers taken from a case without a network."""
