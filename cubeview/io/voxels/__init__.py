"""Voxels where they lie: planes and spectra read when asked for, caches beside them."""
