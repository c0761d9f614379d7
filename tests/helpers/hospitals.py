"""Simulated scans of hospitals the shipped models never saw."""

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from cubeview.io.export_dicom import write_nm
from cubeview.simulate.spect import SpectPair, SpectRange, simulate_pair, to_case


def uncorrected(pair: SpectPair, rng: np.random.Generator) -> SpectPair:
    """Return a pair whose rest is corrected for attenuation and whose stress is not.

    Stress loses 35 to 60 % of its counts below the heart's middle, so that every healthy
    inferior wall looks ischaemic: a habit a network can only know from labels.
    """
    rows = np.arange(pair.stress.shape[1]) * pair.voxel_mm
    middle = pair.truth.ventricles["stress"].centre[1] * pair.voxel_mm
    depth = 1 / (1 + np.exp(-(rows - middle - 10.0) / 6.0))
    kept = 1 - rng.uniform(0.35, 0.60) * depth[None, :, None]
    return replace(pair, stress=np.rint(pair.stress * kept).astype(np.float32))


def write_hospital(
    folder: Path,
    each: int,
    seed: int,
    params: SpectRange | None = None,
    change: Callable[[SpectPair, np.random.Generator], SpectPair] | None = None,
) -> Path:
    """Write healthy and ischaemic hearts, `each` of both, and return their table of labels."""
    folder.mkdir(parents=True, exist_ok=True)
    table = folder / "labels.csv"
    with table.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("case", "class", "rest", "stress"))
        for number in range(2 * each):
            label = ("healthy", "ischaemic")[number % 2]
            rng = np.random.default_rng((seed, number))
            pair = simulate_pair(label, rng, params)
            if change is not None:
                pair = change(pair, rng)
            name = f"h{seed}-{number:03d}"
            case = to_case(pair, name)
            for role in ("rest", "stress"):
                write_nm(case.cubes[role], folder / f"{name}_{role}.dcm", role=role, case=name)
            writer.writerow((name, label, f"{name}_rest.dcm", f"{name}_stress.dcm"))
    return table
