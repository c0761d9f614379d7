"""The user's own record: cases, labels, predictions, audit; one SQLite file."""
