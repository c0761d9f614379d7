"""The finder: planted ventricles, simulated pairs, real scans, and images without a heart."""

from dataclasses import replace

import nibabel
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from cubeview.cubes.orient import SLICE_ORDER
from cubeview.cubes.ventricle import BASE_AT
from cubeview.io import open_path
from cubeview.learn.heart.candidates import candidates
from cubeview.learn.heart.finder import find_pair, find_ventricle
from tests.learn.heart.phantom import draw_heart, mm_cube, plant
from tests.learn.teach.trials import trial

pytestmark = pytest.mark.usefixtures("hearts_once")


def errors(found, truth):
    """Centre in mm, axis in degrees, largest difference of the semi-axes in mm."""
    centre = np.linalg.norm(found.centre - truth.centre)
    axis = np.degrees(np.arccos(np.clip(found.axes[0] @ truth.axes[0], -1, 1)))
    return np.array([centre, axis, np.abs(found.radii - truth.radii).max()])


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"mask_mm": 85},
        {"defect": 0.33},
        {"defect": 0.33, "mask_mm": 90},
        {"view": "transaxial"},
        {"view": "transaxial", "defect": 0.33},
        {"view": "transaxial", "hot": 1.5},
        {"hot": 1.5, "defect": 0.25},
    ],
    ids=lambda settings: " ".join(f"{k}={v}" for k, v in settings.items()) or "plain",
)
def test_planted_ventricles_are_found(settings):
    for seed in (12, 13):
        planted = plant(seed, **settings)
        found = find_ventricle(planted.cube)
        centre, axis, size = errors(found, planted.truth)
        assert centre < 5, (seed, centre)
        assert axis < 10, (seed, axis)
        assert size < 6, (seed, size)
        assert found.doubt < 0.5, found.reason


def test_templates_of_other_directions_and_images_do_not_stand_in():
    """They are kept; what is found is the same whatever was looked for before."""
    whole = plant(12).cube.pixels.array.astype(np.float32)
    looks = [
        (values, [turn]) for values in (whole, whole[:, 4:]) for turn in (np.eye(3), -np.eye(3))
    ]
    once, again = (
        [candidates(values, np.full(3, 6.6), poses, 2, 1.0)[0].score for values, poses in order]
        for order in (looks, looks[::-1])
    )
    assert once == again[::-1]
    assert len(set(once)) == 4


def test_inferior_and_lateral_are_told_in_a_transaxial_scan():
    planted = plant(3, "transaxial")
    found = find_ventricle(planted.cube)
    for row in (1, 2):
        assert found.axes[row] @ planted.truth.axes[row] > 0.9


def test_a_fixed_defect_of_a_third_does_not_shrink_the_ellipsoid():
    heart = draw_heart(np.random.default_rng(4))
    whole = find_ventricle(plant(21, heart=heart).cube)
    holed = find_ventricle(plant(21, heart=heart, defect=0.33).cube)
    assert (holed.radii > whole.radii - 4).all()


def test_what_is_missing_in_stress_only_does_not_matter():
    heart = draw_heart(np.random.default_rng(5))
    stress = plant(31, heart=heart, defect=0.33, mask_mm=90)
    rest = plant(32, heart=heart, mask_mm=90)
    found = find_pair(stress.cube, rest.cube)
    np.testing.assert_allclose(found[0].radii, found[1].radii, rtol=0.05)
    for one, planted in zip(found, (stress, rest), strict=True):
        assert (errors(one, planted.truth) < (5, 10, 5)).all()


def test_the_closed_end_is_the_apex_unless_the_file_says_otherwise():
    planted = plant(6, mask_mm=90)
    values = planted.cube.pixels.array
    assert find_ventricle(planted.cube).axes[0, 0] > 0.8
    turned = mm_cube(values[::-1], 6.6)
    assert find_ventricle(turned).axes[0, 0] < -0.8
    stated = replace(turned, facts={SLICE_ORDER: "base to apex"})
    assert find_ventricle(stated).axes[0, 0] < -0.8


def test_a_file_without_directions_is_searched_all_round_and_doubted():
    planted = plant(7)
    cube = replace(planted.cube, view="")
    found = find_ventricle(cube)
    assert (errors(found, planted.truth) < (5, 10, 6)).all()
    assert found.doubt > 0.5
    assert "does not say" in found.reason


def errors_of_pair(one):
    """Errors of both states of a trial, shape (2, 3), and the doubts."""
    found = find_pair(one.cubes["stress"], one.cubes["rest"])
    states = list(zip(found, (one.truth["stress"], one.truth["rest"]), strict=True))
    return [errors(*state) for state in states], [each.doubt for each in found]


def test_simulated_pairs_are_found():
    results = np.concatenate([errors_of_pair(trial(number, seed=7))[0] for number in range(6)])
    assert (np.median(results, axis=0) < (4, 5, 3)).all()
    assert (np.mean(results < (5, 10, 5), axis=0) >= 0.75).all()


@pytest.mark.slow
def test_simulated_pairs_over_the_full_range():
    found = [errors_of_pair(trial(number, seed=7)) for number in range(200)]
    results = np.concatenate([each[0] for each in found])
    doubts = np.concatenate([each[1] for each in found])
    centre, axis, size = np.mean(results < (5, 10, 5), axis=0)
    assert centre > 0.95
    assert axis > 0.95
    assert size > 0.95
    # Doubt goes with error: the doubted tenth is off far more often than the rest.
    off = (results[:, [0, 2]] > 5).any(axis=1)
    doubted = doubts > np.percentile(doubts, 90)
    assert off[doubted].mean() > 3 * off[~doubted].mean()


def test_real_pairs_are_found_without_doubt(shared_data):
    for stress_path in sorted((shared_data / "spect_rest_stress").glob("*_stress.dcm")):
        rest_path = stress_path.with_name(stress_path.name.replace("stress", "rest"))
        cubes = [open_path(path)[0].main for path in (stress_path, rest_path)]
        for cube, found in zip(cubes, find_pair(*cubes), strict=True):
            assert found.doubt < 0.5, (stress_path.name, found.reason)
            assert found.axes[0, 0] > 0.85
            # The apex is bright, the middle of the cavity is not.
            values, voxel = cube.pixels.read(), np.array(cube.spacing)
            apex = found.centre - 0.86 * found.radii[0] * found.axes[0]
            cavity = found.centre - 0.15 * found.radii[0] * found.axes[0]
            at = [tuple(np.rint(place / voxel).astype(int)) for place in (apex, cavity)]
            assert values[at[0]] > values[at[1]]


def test_physionet_masks_agree(shared_data):
    masks = sorted((shared_data / "spect_physionet").glob("*_mask.nii.gz"))
    seen = 0
    for path in masks:
        scan = path.with_name(path.name.replace("_mask.nii.gz", ".dcm"))
        if not scan.exists():
            continue
        seen += 1
        cube = open_path(scan)[0].main
        found = find_ventricle(cube)
        assert found.doubt < 0.3
        mask = np.asarray(nibabel.load(path).dataobj).transpose(2, 1, 0) > 0
        places = np.argwhere(mask) * cube.spacing
        own = (places - found.centre) @ found.axes.T
        low, high = np.percentile(own, (1, 99), axis=0)
        # The wall ends at the basal plane, the ellipsoid goes on.
        middle = np.array([0.5 * (BASE_AT - 1) * found.radii[0], 0, 0])
        assert np.linalg.norm((low + high) / 2 - middle) < 10
        inside = (((own / (found.radii + 8)) ** 2).sum(axis=1) < 1).mean()
        assert inside > 0.93
    assert seen == 2


def test_every_physionet_scan_is_found_without_doubt(shared_data):
    for scan in sorted((shared_data / "spect_physionet").glob("*.dcm")):
        cube = open_path(scan)[0].main
        found = find_ventricle(cube)
        assert found.doubt < 0.3, (scan.name, found.reason)
        assert np.linalg.norm(found.centre - (95, 155, 125)) < 50


def test_a_long_axis_file_of_unequal_voxels_is_found(shared_data):
    cube = open_path(shared_data / "nm" / "NM-MONO2-16-13x-heart")[0].main
    found = find_ventricle(cube)
    assert found.axes[0, 1] > 0.9  # apex at the top of the slices
    assert found.doubt < 0.5


def chest(seed):
    """Noise in the shape of a chest, with a few hot blobs and no ventricle."""
    rng = np.random.default_rng(seed)
    z, y, x = np.indices((40, 48, 48))
    body = ((y - 24) / 22) ** 2 + ((x - 24) / 20) ** 2 < 1
    lungs = ((y - 24) / 12) ** 2 + (np.minimum(abs(x - 13), abs(x - 35)) / 7) ** 2 < 1
    blobs = gaussian_filter((rng.random(z.shape) > 0.999).astype(float), 2.5)
    return rng.poisson(gaussian_filter(body - 0.8 * (body & lungs), 1) * 50 + 3000 * blobs)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_chest_without_a_ventricle_is_doubted(seed):
    found = find_ventricle(mm_cube(chest(seed).astype(float), 5.0))
    assert found.doubt > 0.8
    assert found.reason


@pytest.mark.parametrize(
    ("values", "spacing"),
    [
        (np.zeros((20, 20, 20)), 5.0),
        (np.full((20, 20, 20), np.nan), 5.0),
        (np.ones((20, 20, 20)), 5.0),
        (-np.ones((20, 20, 20)), 5.0),
        (np.ones((20, 20, 20)), 1e4),
        (np.ones((1, 30, 30)), 5.0),
        (np.random.default_rng(0).poisson(20, (20, 120, 120)).astype(float), (5.0, 1.5, 1.5)),
    ],
    ids=["empty", "nan", "flat", "negative", "huge", "one slice", "fine noise"],
)
def test_what_cannot_be_a_heart_is_doubted(values, spacing):
    found = find_ventricle(mm_cube(values, spacing))
    assert found.doubt > 0.8
    assert np.isfinite(found.centre).all()
    assert np.isfinite(found.radii).all()


def test_a_ventricle_cut_by_the_edge_is_doubted():
    planted = plant(9)
    cut = mm_cube(planted.cube.pixels.array[18:], 6.6)
    found = find_ventricle(cut)
    assert found.doubt > 0.5


def test_pairs_of_different_things_are_doubted():
    planted = plant(10)
    found = find_pair(planted.cube, mm_cube(chest(1).astype(float), 5.0))
    assert max(v.doubt for v in found) > 0.5


def test_progress_runs_forward():
    told = []
    find_pair(plant(8).cube, plant(9).cube, report=lambda done, text: told.append(done))
    assert told == sorted(told)
    assert told[-1] == 1.0
