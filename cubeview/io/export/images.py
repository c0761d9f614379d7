"""Images of a sky cube as FITS: each with its error, coordinates, unit and history."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from astropy.io import fits

import cubeview
from cubeview.cubes.cube import Cube
from cubeview.errors import refusing
from cubeview.io.export.fits import ascii_text, beam_cards, fact_cards, sky_cards
from cubeview.paths import replacing


class Image(NamedTuple):
    """An image on the sky of a cube: its EXTNAME, values of shape (y, x), unit."""

    name: str
    values: np.ndarray
    unit: str


def write_images(
    cube: Cube, images: Sequence[Image], path: Path | str, history: Sequence[str] = ()
) -> None:
    """Write images of a cube, an extension each.

    A file of that name is replaced only once the new one is whole. Raises CubeviewError if it
    cannot be written.

    Parameters
    ----------
    cube : Cube
        Whose sky they lie on.
    images : sequence of Image
    path : path
    history : sequence of str
        How they were made, for HISTORY.
    """
    parts = fits.HDUList([fits.PrimaryHDU()])
    parts[0].header["ORIGIN"] = (f"CubeView {cubeview.__version__}", "research use only")
    for card in fact_cards(cube):
        parts[0].header[card[0]] = card[1:]
    for image in images:
        header = fits.Header()
        for keyword, value, comment in (*sky_cards(cube), *beam_cards(cube)):
            header[keyword] = (value, comment)
        if image.unit:
            header["BUNIT"] = ascii_text(image.unit)
        for line in history:
            header.add_history(ascii_text(line))
        parts.append(fits.ImageHDU(image.values, header, name=image.name))
    path = Path(path)
    advice = "Choose another folder or free some space."
    with refusing(path, "cannot be written", advice), replacing(path) as new:
        parts.writeto(new, overwrite=True, checksum=True)
