"""Small cubes with odd headers, written and opened."""

import numpy as np
from astropy.io import fits

from cubeview.cubes.guesses import questions
from cubeview.io import open_path

SHAPE = (6, 4, 5)
SKY = {
    "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 150.0, "CRVAL2": 2.0, "CRPIX1": 3.0,
    "CRPIX2": 2.0, "CDELT1": -5e-5, "CDELT2": 5e-5, "CUNIT1": "deg", "CUNIT2": "deg",
}  # fmt: skip
WAVE = {"CTYPE3": "WAVE", "CRVAL3": 4750.0, "CRPIX3": 1.0, "CDELT3": 1.25, "CUNIT3": "Angstrom"}
LINEAR = 4750 + 1.25 * np.arange(6)


def opened(folder, *cards, shape=SHAPE, beside=()):
    """Write a cube with these cards, a later one of None taking an earlier away, and open it."""
    header = fits.Header()
    for key, value in {key: value for part in cards for key, value in part.items()}.items():
        if value is not None:
            header[key] = value
    path = folder / "cube.fits"
    fits.HDUList([fits.PrimaryHDU(np.ones(shape, np.float32), header), *beside]).writeto(
        path, overwrite=True
    )
    return open_path(path)[0].main


def third(kind, value, step, unit=None):
    return {"CTYPE3": kind, "CRVAL3": value, "CRPIX3": 1.0, "CDELT3": step, "CUNIT3": unit}


def guesses(cube):
    return {note.about for note in cube.notes if note.level == "guess"}


def asked(cube):
    return {question.key for question in questions(cube)}


def column(name, values, unit=None, title="TABLE"):
    made = fits.Column(name, "D", unit=unit, array=values)
    return fits.BinTableHDU.from_columns([made], name=title)
