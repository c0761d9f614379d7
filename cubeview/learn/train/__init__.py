"""Training a model from a recipe."""
