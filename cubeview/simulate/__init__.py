"""Cubes with known truth, made from parameters: the training data and the samples."""
