"""What readers of the library said of the segments of hearts that a command works on."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cubeview.commands.common import library_at
from cubeview.errors import CubeviewError

if TYPE_CHECKING:
    from cubeview.cubes.case import Case
    from cubeview.cubes.scores import Reading


def add_readers(sub: argparse.ArgumentParser, whose: str) -> None:
    """Add what names a reader and the library; `whose` is the help of the former."""
    sub.add_argument("--scores-of", metavar="READER", help=whose)
    sub.add_argument("--library", type=Path, metavar="FILE", help="instead of the user's own")


def readings_of(
    options: argparse.Namespace, cases: "Sequence[Case]"
) -> "dict[Case, tuple[Reading, ...]]":
    """Return what the readers asked for said of cases; of all readers where none is named.

    Raises CubeviewError where a library or a reader is named and says nothing of any case.
    """
    from cubeview.io.identity import identity
    from cubeview.library.scored import readings
    from cubeview.library.stored import hashes_of
    from cubeview.paths import data_dir

    path, reader = options.library or data_dir() / "library.sqlite", options.scores_of
    if not (path.is_file() or options.library or reader):
        return {}
    library = library_at(path, reader or "reader")
    found: dict[Case, tuple[Reading, ...]] = {}
    try:
        for case in cases:
            if any(cube.source is None for cube in case.cubes.values()):
                continue
            number = library.find(identity(case, hashes_of(library, case)))
            known = () if number is None else readings(library, number)
            if said := tuple(one for one in known if reader in (None, one.reader)):
                found[case] = said
    finally:
        library.close()
    if reader and not found:
        raise CubeviewError(f"{path}: {reader} has scored none of these cases.")
    return found
