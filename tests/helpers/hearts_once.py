"""Ventricles that were found once in a run of the tests are not looked for again."""

import hashlib
import os
import pickle
from pathlib import Path

from cubeview.learn.heart import finder, prepare


def _key(search, cubes):
    digest = hashlib.sha256(search.__name__.encode())
    for cube in cubes:
        values = cube.box(tuple(slice(0, n) for n in cube.shape))
        digest.update(values.tobytes())
        digest.update(
            repr((values.shape, cube.spacing, cube.view, cube.affine, cube.facts)).encode()
        )
    return digest.hexdigest()


def remember(patch, folder: Path):
    """Make preparation keep what the finder says in a folder that all workers share."""
    folder.mkdir(exist_ok=True)

    def once(search):
        def find(*cubes, report=lambda done, text: None):
            path = folder / _key(search, cubes)
            if path.is_file():
                report(1.0, "Left ventricle found")
                return pickle.loads(path.read_bytes())
            found = search(*cubes, report=report)
            new = path.with_suffix(f".{os.getpid()}")
            new.write_bytes(pickle.dumps(found))
            new.replace(path)
            return found

        return find

    for search in (finder.find_pair, finder.find_ventricle):
        patch.setattr(prepare, search.__name__, once(search))
