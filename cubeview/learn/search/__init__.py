"""Looking through a whole sky cube."""
