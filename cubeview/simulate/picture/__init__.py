"""Pictures of galaxies with a known truth."""
