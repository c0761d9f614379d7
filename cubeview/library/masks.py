"""Masks that readers painted, each kept state with its reader and time; the last of each counts."""

import json
import zlib
from dataclasses import dataclass

import numpy as np

from cubeview.cubes.cube import Cube
from cubeview.cubes.mask import Mask, as_label
from cubeview.errors import CubeviewError
from cubeview.library.cases import now
from cubeview.library.library import Library
from cubeview.plain import from_json


@dataclass(frozen=True, eq=False)
class Painted:
    """A kept mask: by whom, when, and what."""

    reader: str
    at: str
    mask: Mask


def keep(library: Library, case_id: int, role: str, mask: Mask) -> None:
    """Keep what the library's reader painted on one cube of a case, beside all kept before.

    Raises CubeviewError if it could not be written: nothing was changed.

    Parameters
    ----------
    library : Library
    case_id : int
    role : str
    mask : Mask
    """
    labels = json.dumps([[one.number, one.name, one.colour] for one in mask.labels])
    packed = zlib.compress(np.ascontiguousarray(mask.values, "<u2").tobytes(), 3)
    shape = " ".join(map(str, mask.values.shape))
    with library.transaction() as run:
        run.execute(
            "INSERT INTO masks (case_id, role, reader, at, labels, shape, voxels)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (case_id, role, library.reader, now(), labels, shape, packed),
        )
        library.append_log(run, "painted", case_id, role)


def kept(library: Library, case_id: int, role: str, cube: Cube) -> list[Painted]:
    """Return the last mask of each reader on one cube of a case, the newest first.

    Raises CubeviewError if one of them is damaged.
    """
    rows = library.read(
        "SELECT reader, at, labels, shape, voxels FROM masks WHERE id IN (SELECT MAX(id) FROM masks"
        " WHERE case_id = ? AND role = ? GROUP BY reader) ORDER BY id DESC",
        (case_id, role),
    )
    found = []
    for reader, at, labels, shape, voxels in rows:
        try:
            sides = tuple(int(side) for side in shape.split())
            if sides != cube.shape:
                raise ValueError("another shape")
            unpacker = zlib.decompressobj()
            data = unpacker.decompress(voxels, 2 * int(np.prod(sides)) + 1)
            values = np.frombuffer(data, "<u2").reshape(sides)
            named = tuple(as_label(int(n), str(name), str(colour))
                          for n, name, colour in from_json(labels))  # fmt: skip
            found.append(Painted(reader, at, Mask(values, named, cube)))
        except (ValueError, TypeError, zlib.error) as error:
            raise CubeviewError(
                f"{library.path}: a mask kept there by {reader} is damaged ({error}). Restore a "
                "backup of the library, or paint it again."
            ) from error
    return found
