"""Images of position and velocity as FITS: offset and spectral axis, errors, and the path."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from astropy.io import fits

from cubeview.cubes.cube import Cube
from cubeview.io.export.fits import (
    Card,
    ascii_text,
    beam_cards,
    fact_cards,
    primary_header,
    third_cards,
    whole_file,
    write_table,
)

_THIRD = re.compile(r"3(?=$|_)")


@dataclass(frozen=True, eq=False)
class Path2d:
    """What is written of a path.

    Parameters
    ----------
    offsets : ndarray, shape (n,)
        Evenly spaced.
    offset_unit : str
    places : ndarray, shape (n, 2)
        Voxel indices (y, x) of each.
    values, sigma : ndarray, shape (z, n)
    unit : str
    first : int
        Channel of the cube that the first row is.
    """

    offsets: np.ndarray
    offset_unit: str
    places: np.ndarray
    values: np.ndarray
    sigma: np.ndarray
    unit: str
    first: int


def write_pv(cube: Cube, made: Path2d, path: Path | str, history: Sequence[str] = ()) -> None:
    """Write an image of position and velocity.

    ``PV`` and ``PV_ERR`` have the offset as first and the cube's spectral axis as second axis;
    ``PATH`` is a table with offset, pixel from 1 and place on the sky of each column. A file of
    that name is replaced only once the new one is whole. Raises CubeviewError if it cannot be
    written.

    Source: FITS standard 4.0; Greisen et al. 2006 (Paper III).

    Parameters
    ----------
    cube : Cube
        That it was taken from.
    made : Path2d
    path : path
    history : sequence of str
        How it was made, for HISTORY.
    """
    third, table = third_cards(cube, made.first, len(made.values))
    step = float(made.offsets[1] - made.offsets[0])
    cards: list[Card] = [
        ("CTYPE1", "OFFSET", "along the path"),
        ("CUNIT1", made.offset_unit, ""),
        ("CRPIX1", 1.0, ""),
        ("CRVAL1", float(made.offsets[0]), ""),
        ("CDELT1", step, ""),
        *((_THIRD.sub("2", keyword, count=1), value, text) for keyword, value, text in third),
        *beam_cards(cube),
    ]
    if made.unit:
        cards.append(("BUNIT", ascii_text(made.unit), ""))
    head = fits.Header.fromstring(primary_header(fact_cards(cube), history=history).decode())
    parts = fits.HDUList([fits.PrimaryHDU(header=head)])
    for name, values in (("PV", made.values), ("PV_ERR", made.sigma)):
        header = fits.Header()
        for keyword, value, text in cards:
            header[keyword] = (value, text)
        parts.append(fits.ImageHDU(values.astype(np.float32), header, name=name))
    parts.append(_places(cube, made))
    made_here = BytesIO()
    parts.writeto(made_here, checksum=True)
    with whole_file(Path(path)) as out:
        out.write(made_here.getvalue())
        if table is not None:
            write_table(out, table)


def _places(cube: Cube, made: Path2d) -> fits.BinTableHDU:
    y, x = made.places.T
    columns = [
        fits.Column("offset", "D", made.offset_unit, array=made.offsets),
        fits.Column("x", "D", "pixel", array=x + 1),
        fits.Column("y", "D", "pixel", array=y + 1),
    ]
    if cube.wcs is not None:
        longitude, latitude = cube.wcs.wcs_pix2world(x, y, 0)
        columns += [
            fits.Column("longitude", "D", "deg", array=longitude),
            fits.Column("latitude", "D", "deg", array=latitude),
        ]
    return fits.BinTableHDU.from_columns(columns, name="PATH")
