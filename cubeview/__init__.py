"""CubeView: see a heart scan or a sky cube, ask a 3-D network about it, see why, teach it."""

__version__ = "0.1.0"
