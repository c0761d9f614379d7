"""Windows of the sky under two classes of a user's own, as files with their table of labels."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from astropy.io import fits

from cubeview.simulate.sky.window import simulate_window

OWN = {"spectral feature": ("emission line", "absorption"), "smooth": ("continuum", "empty")}
"""The user's two classes, and of which of the simulator's they are made in equal parts."""


def write_windows(
    folder: Path,
    each: int,
    seed: int,
    classes: Mapping[str, Sequence[str]] = OWN,
    size: int = 32,
) -> Path:
    """Write `each` windows a class as FITS cubes of their own, and return their table of labels."""
    folder.mkdir(parents=True, exist_ok=True)
    table = folder / "labels.csv"
    with table.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("file", "class", "ra", "dec", "spectral"))
        for number in range(each * len(classes)):
            name = list(classes)[number % len(classes)]
            kinds = classes[name]
            rng = np.random.default_rng((seed, number))
            window = simulate_window(kinds[number // len(classes) % len(kinds)], rng, size)
            header = fits.Header(world_of(size))
            path = folder / f"window{number:03d}.fits"
            fits.HDUList(
                [
                    fits.PrimaryHDU(),
                    fits.ImageHDU(window.flux, header, name="DATA"),
                    fits.ImageHDU(window.sigma**2, header, name="STAT"),
                ]
            ).writeto(path)
            writer.writerow((path.name, name, header["CRVAL1"], header["CRVAL2"], header["CRVAL3"]))
    return table


def world_of(size: int) -> dict[str, object]:
    """Return the cards of a grid of 0.2 arcsec and 1.25 Angstrom whose middle is the reference."""
    middle = size // 2 + 1
    return {
        **{"CTYPE1": "RA---TAN", "CUNIT1": "deg", "CRPIX1": middle, "CRVAL1": 150.0},
        **{"CTYPE2": "DEC--TAN", "CUNIT2": "deg", "CRPIX2": middle, "CRVAL2": 2.0},
        **{"CTYPE3": "AWAV", "CUNIT3": "Angstrom", "CRPIX3": middle, "CRVAL3": 6500.0},
        **{"CDELT1": -0.2 / 3600, "CDELT2": 0.2 / 3600, "CDELT3": 1.25},
        "BUNIT": "10**(-20)*erg/s/cm**2/Angstrom",
    }
