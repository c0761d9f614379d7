"""What a case holds, as plain values: the record of ``cubeview info --json``."""

import math
from typing import Any

from cubeview.cubes.case import Case
from cubeview.cubes.cube import Cube
from cubeview.io.archive import lasting


def describe(case: Case) -> list[dict[str, Any]]:
    """Describe each cube of a case in values that JSON can hold.

    These are ``path``, ``kind``, ``shape`` (z, y, x), ``unit``, ``axes`` (``name``, ``type``,
    ``unit``, and the world coordinates ``first`` of voxel (0, 0, 0) and ``last`` of the opposite
    corner, with the mean ``step`` and both ends ``along`` the cube's middle; null where the
    projection has no sky),
    ``roles``, ``uncertainty`` (what the file holds as noise, or null) and ``notes`` (sentences,
    each led by its level).
    """
    return [_record(role, cube) for role, cube in case.cubes.items()]


def _record(role: str, cube: Cube) -> dict[str, Any]:
    z, y, x = cube.shape
    first = cube.world(0, 0, 0)
    last = cube.world(z - 1, y - 1, x - 1)
    axes = [
        {
            "name": axis.name,
            "type": axis.type or axis.kind,
            "unit": axis.unit,
            "first": _finite(start),
            "last": _finite(stop),
            "step": _finite(axis.step),
            "along": [_finite(axis.values[0]), _finite(axis.values[-1])],
        }
        for axis, start, stop in zip(cube.axes, first, last, strict=True)
    ]
    return {
        "path": lasting(cube.source.path) if cube.source else "",
        "kind": cube.kind,
        "shape": [z, y, x],
        "unit": cube.unit,
        "axes": axes,
        "roles": [role],
        "uncertainty": cube.facts.get("uncertainty"),
        "notes": [f"{note.level}: {note.text}" for note in cube.notes],
    }


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
