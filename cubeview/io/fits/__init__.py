"""FITS: cubes of two sky axes and a spectral one, in the dialects instruments write."""
