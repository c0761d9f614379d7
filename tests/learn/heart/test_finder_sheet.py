"""Sheets of real hearts for a person to look at: what was found in them, and beside simulated ones.

``pytest -m screenshot tests/learn/heart/test_finder_sheet.py`` writes them to ``screenshots``.
"""

from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from cubeview.cubes.case import Case
from cubeview.errors import CubeviewError
from cubeview.io import open_path
from cubeview.learn.examples.heart import spect_example
from cubeview.learn.heart.finder import find_pair, find_ventricle
from cubeview.learn.heart.prepare import HeartConfig, prepare_heart
from cubeview.simulate.heart.pair import CLASSES

HALF_MM, STEP_MM = 70.0, 1.4
HEIGHTS = (-0.55, -0.15, 0.3)
"""Short-axis planes: towards the apex, in the middle, towards the base, in long semi-axes."""

SHEETS = Path(__file__).resolve().parents[3] / "screenshots"


def plane(cube, ventricle, down, right, height=0.0):
    """One plane along two of a ventricle's axes, the ellipse burnt in."""
    line = np.arange(-HALF_MM, HALF_MM, STEP_MM)
    a, b = np.meshgrid(line, line, indexing="ij")
    third = 3 - down - right
    places = (
        (ventricle.centre + height * ventricle.radii[third] * ventricle.axes[third])[:, None, None]
        + ventricle.axes[down][:, None, None] * a
        + ventricle.axes[right][:, None, None] * b
    )
    at = places / np.array(cube.spacing)[:, None, None]
    values = map_coordinates(cube.pixels.read(), at, order=1)
    r = np.hypot(a / ventricle.radii[down], b / ventricle.radii[right])
    r = np.sqrt(r**2 + height**2)
    level = max(float(np.percentile(values[r < 1], 97)), 1e-6)
    shown = np.clip(values / level, 0, 1) * 220
    shown[np.abs(r - 1) < 0.02] = 255
    return shown.astype(np.uint8)


def row(cube, ventricle):
    """Three short-axis planes, then both long axes with the apex at the top."""
    short = [plane(cube, ventricle, 1, 2, height) for height in HEIGHTS]
    return np.concatenate([*short, plane(cube, ventricle, 0, 1), plane(cube, ventricle, 0, 2)], 1)


def save(sheet, name):
    """Write a picture of grey levels."""
    QImage = pytest.importorskip("PyQt6.QtGui").QImage
    sheet = np.ascontiguousarray(sheet)
    height, width = sheet.shape
    path = SHEETS / name
    path.parent.mkdir(parents=True, exist_ok=True)
    image = QImage(sheet.data, width, height, width, QImage.Format.Format_Grayscale8)
    assert image.save(str(path))


def in_two_columns(rows):
    """One sheet of rows, two side by side."""
    rows = [*rows, *[np.zeros_like(rows[0])] * (len(rows) % 2)]
    return np.concatenate([np.concatenate(rows[k : k + 2], axis=1) for k in range(0, len(rows), 2)])


def real_pairs(shared_data):
    """Name, stress and rest of every real pair."""
    for stress in sorted((shared_data / "spect_rest_stress").glob("*_stress.dcm")):
        rest = stress.with_name(stress.name.replace("stress", "rest"))
        name = stress.name.removesuffix("_stress.dcm")
        yield name, open_path(stress)[0].main, open_path(rest)[0].main


def single_hearts(folder):
    """Name and cube of every file in a folder that is a volume of a heart in mm."""
    for path in sorted(folder.iterdir()):
        try:
            cube = open_path(path)[0].main
        except CubeviewError:
            continue
        in_mm = all(axis.unit == "mm" for axis in cube.axes)
        if cube.kind == "heart" and in_mm and min(cube.shape) >= 4:
            yield path.name, cube


@pytest.mark.screenshot
def test_sheets_of_every_real_heart(shared_data):
    rows = []
    for name, *cubes in real_pairs(shared_data):
        shown = [row(*each) for each in zip(cubes, find_pair(*cubes), strict=True)]
        save(np.concatenate(shown), f"ventricles/{name}.png")
        rows += shown
    assert len(rows) == 16
    save(in_two_columns(rows), "ventricles-pairs.png")
    rows = []
    for folder in ("spect_physionet", "nm"):
        for name, cube in single_hearts(shared_data / folder):
            rows.append(row(cube, find_ventricle(cube)))
            save(rows[-1], f"ventricles/{name}.png")
    assert len(rows) >= 13
    save(in_two_columns(rows), "ventricles-single.png")


def planes_of(prepared):
    """Rest over stress, each in three short-axis and two long-axis planes of the network's grid."""
    shown = [
        np.concatenate([v[9], v[14], v[19], v[:, 16, :], v[:, :, 16]], axis=1) for v in prepared
    ]
    return np.clip(np.concatenate(shown) / 1.3 * 255, 0, 255).astype(np.uint8)


@pytest.mark.screenshot
def test_sheet_of_real_beside_simulated_hearts(shared_data):
    real = []
    for name, stress, rest in real_pairs(shared_data):
        case = Case(name, "heart", {"stress": stress, "rest": rest})
        real.append(planes_of(prepare_heart(case, HeartConfig()).input))
    columns = [np.concatenate(real)]
    # The first column is real, then healthy, ischaemic, infarcted and mixed.
    for label in range(4):
        cases = [
            spect_example(2601, 2, label + len(CLASSES) * k, {}, look=True)
            for k in range(len(real))
        ]
        columns.append(np.concatenate([planes_of(each) for each in cases]))
    gap = np.full((len(columns[0]), 6), 255, dtype=np.uint8)
    parts = [part for column in columns for part in (column, gap)][:-1]
    save(np.concatenate(parts, axis=1), "real-and-simulated.png")
