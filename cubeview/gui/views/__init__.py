"""Views draw the session; they never compute and never know each other."""
