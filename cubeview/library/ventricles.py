"""Ventricles the user placed by hand, remembered for each case: one small file a case, named after
the content of its scans, in the user's data folder.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np

from cubeview.cubes.case import Case
from cubeview.cubes.ventricle import Ventricle
from cubeview.errors import CubeviewError, refusing
from cubeview.io.identity import file_hashes, identity
from cubeview.paths import data_dir, replacing
from cubeview.plain import from_json

log = logging.getLogger(__name__)

FORMAT = 1
_LARGEST_BYTES = 1 << 16


def recall(case: Case, known: str = "") -> dict[str, Ventricle]:
    """Return the ventricles the user placed in a case, by role; empty where there are none.

    A case without files has none, and a file that cannot be used is passed over. Where its
    identity is `known`, its scans are not read for it.
    """
    try:
        path = _path(case, known)
        if not path.is_file() or path.stat().st_size > _LARGEST_BYTES:
            return {}
        kept = from_json(path.read_text(encoding="utf-8"))
        if kept["format"] != FORMAT:
            return {}
        return {role: _ventricle(kept["ventricles"][role]) for role in case.roles}
    except CubeviewError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        log.warning("ventricles placed by hand could not be read: %s", error)
        return {}


def as_placed(case: Case, known: str, ventricles: Mapping[str, Ventricle]) -> bool:
    """Tell whether some ventricles of a case stand where the user has placed them, if anywhere.

    Parameters
    ----------
    case : Case
    known : str
        Its identity.
    ventricles : mapping of role to Ventricle
        What an answer was made with.
    """
    placed = recall(case, known)
    if not placed:
        return all(found.by == "fit" for found in ventricles.values())
    return placed.keys() == ventricles.keys() and all(
        np.array_equal(getattr(placed[role], part), getattr(found, part))
        for role, found in ventricles.items()
        for part in ("centre", "axes", "radii")
    )


def remember(case: Case, ventricles: Mapping[str, Ventricle]) -> None:
    """Keep the ventricles of all roles of a case.

    Raises CubeviewError if it has no readable files to know it by, or the file cannot be written.
    """
    kept = {
        "format": FORMAT,
        "unit": "mm, in the order z, y, x of each cube",
        "ventricles": {
            role: {
                name: value.tolist() if isinstance(value, np.ndarray) else value
                for name, value in asdict(ventricles[role]).items()
            }
            for role in case.roles
        },
    }
    path = _path(case)
    advice = "It stays as it is until the window closes."
    with refusing(path, "the ventricle you placed cannot be kept", advice):
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as part:
            part.write_text(json.dumps(kept, indent=1), encoding="utf-8")


def forget(case: Case) -> None:
    """Drop what was remembered of a case.

    Raises CubeviewError if it has no readable files to know it by, or the file cannot be removed.
    """
    path = _path(case)
    with refusing(path, "cannot be removed"):
        path.unlink(missing_ok=True)


def changed_at() -> int:
    """Return when a ventricle was last placed or forgotten, in ns since 1970; 0 for never."""
    try:
        return (data_dir() / "ventricles").stat().st_mtime_ns
    except OSError:
        return 0


def _path(case: Case, known: str = "") -> Path:
    return data_dir() / "ventricles" / f"{known or identity(case, file_hashes(case))}.json"


def _ventricle(kept: Mapping[str, object]) -> Ventricle:
    ventricle = Ventricle(**kept)  # type: ignore[arg-type]
    square = ventricle.axes @ ventricle.axes.T
    sound = (
        np.isfinite(ventricle.centre).all()
        and np.allclose(square, np.eye(3), atol=1e-3)
        and ((ventricle.radii > 1) & (ventricle.radii < 500)).all()
        and ventricle.by in ("fit", "user")
        and isinstance(ventricle.doubt, int | float)
        and isinstance(ventricle.reason, str)
    )
    if not sound:
        raise ValueError("no ventricle")
    return ventricle
