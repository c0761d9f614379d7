"""The rows of a heart, cut in a lane."""

from dataclasses import dataclass

import numpy as np

from cubeview.cubes.case import Case
from cubeview.cubes.rows import CUTS, Cut, Grid, grid, slices
from cubeview.cubes.ventricle import Ventricle
from cubeview.gui.desk.jobs import Job


@dataclass(frozen=True)
class Strip:
    """One row: a cut of one state, and what was cut."""

    cut: Cut
    role: str
    grid: Grid
    values: np.ndarray


def cut_rows(
    case: Case, ventricles: dict[str, Ventricle], gate: int | None, count: int, job: Job
) -> list[Strip]:
    """Return the rows of a case from the top, `count` slices each where voxels are that thin."""
    step = min(min(cube.spacing) for cube in case.cubes.values())
    counts = {}
    for done, role in enumerate(case.roles):
        job.report(done / (2 * len(case.roles)), "reading")
        cube = case.at_gate(role, gate)
        z, y, x = cube.shape
        counts[role] = cube.box((slice(0, z), slice(0, y), slice(0, x)))
        counts[role] = counts[role] * np.float32(case.share(role, gate))
    strips = []
    for done, cut in enumerate(CUTS):
        job.report(0.5 + done / (2 * len(CUTS)), f"cutting {cut.short}")
        where = grid(ventricles, cut, count, step)
        # Slices nearer to each other than voxels would show the same voxels twice.
        reach = abs(where.offsets[-1] - where.offsets[0]) + step
        where = grid(ventricles, cut, min(count, max(1, int(reach / step))), step)
        for role in case.roles:
            spacing = case.cubes[role].spacing
            values = slices(counts[role], ventricles[role], spacing, where)
            strips.append(Strip(cut, role, where, values))
    return strips
