"""Archives of any size scored by a model: each case once, whatever dies on the way."""
