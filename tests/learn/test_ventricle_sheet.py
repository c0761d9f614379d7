"""A sheet of every real heart with the ellipsoid that was found, for a person to look at."""

from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from cubeview.io import open_path
from cubeview.learn.ventricle import find_pair, find_ventricle

HALF_MM, STEP_MM = 75.0, 1.25


def plane(cube, ventricle, down, right):
    """One plane through the ventricle's centre along two of its axes, ellipse burnt in."""
    line = np.arange(-HALF_MM, HALF_MM, STEP_MM)
    a, b = np.meshgrid(line, line, indexing="ij")
    places = (
        ventricle.centre[:, None, None]
        + ventricle.axes[down][:, None, None] * a
        + ventricle.axes[right][:, None, None] * b
    )
    at = places / np.array(cube.spacing)[:, None, None]
    values = map_coordinates(cube.pixels.read(), at, order=1)
    r = np.hypot(a / ventricle.radii[down], b / ventricle.radii[right])
    level = max(float(np.percentile(values[r < 1], 97)), 1e-6)
    shown = np.clip(values / level, 0, 1) * 220
    shown[np.abs(r - 1) < 0.02] = 255
    return shown.astype(np.uint8)


def row(cube, ventricle):
    """Short axis, then both long axes with the apex at the top."""
    return np.concatenate([plane(cube, ventricle, *axes) for axes in ((1, 2), (0, 1), (0, 2))], 1)


@pytest.mark.screenshot
def test_sheet_of_real_hearts(shared_data):
    QImage = pytest.importorskip("PyQt6.QtGui").QImage
    rows = []
    for stress in sorted((shared_data / "spect_rest_stress").glob("*_stress.dcm")):
        paths = (stress, stress.with_name(stress.name.replace("stress", "rest")))
        cubes = [open_path(path)[0].main for path in paths]
        pair = zip(cubes, find_pair(*cubes), strict=True)
        rows.append(np.concatenate([row(*each) for each in pair], axis=1))
    single = [shared_data / "nm" / "NM-MONO2-16-13x-heart"]
    single += sorted((shared_data / "spect_physionet").glob("*.dcm"))
    shown = []
    for path in single:
        cube = open_path(path)[0].main
        shown.append(row(cube, find_ventricle(cube)))
    shown += [np.zeros_like(shown[0])] * (len(shown) % 2)
    rows += [np.concatenate(shown[k : k + 2], axis=1) for k in range(0, len(shown), 2)]
    sheet = np.ascontiguousarray(np.concatenate(rows))
    height, width = sheet.shape
    folder = Path(__file__).resolve().parents[2] / "screenshots"
    folder.mkdir(exist_ok=True)
    image = QImage(sheet.data, width, height, width, QImage.Format.Format_Grayscale8)
    assert image.save(str(folder / "ventricles.png"))
