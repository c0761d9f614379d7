"""Teaching a model the user's own labels."""
