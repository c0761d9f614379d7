"""Small things to look at, that know nothing of cases."""
