"""Overlap and distances of masks, against hand-made cases and foreign judges."""

import numpy as np
import pytest

from cubeview.cubes.axes import Axis
from cubeview.cubes.cube import ArrayPixels, Cube
from cubeview.cubes.mask import Mask, laid_on, named
from cubeview.errors import CubeviewError
from cubeview.measure.masks.compare import MISSED_MM, compare, dice, hd95, lesion_wise

MM = (4.0, 2.0, 1.0)


def body(shape, spacing=MM, affine=None):
    if affine is None:
        affine = np.eye(4)
        affine[:3, :3] = np.diag(spacing)[:, ::-1].T  # (z, y, x) to (x, y, z)
    names = ("Slice", "Row", "Column")
    axes = [
        Axis(name, "space", "mm", step * np.arange(n))
        for name, step, n in zip(names, spacing, shape, strict=True)
    ]
    pixels = ArrayPixels(np.zeros(shape, np.float32))
    return Cube(tuple(axes), pixels, "volume", affine=affine)


def block(shape, *ranges):
    values = np.zeros(shape, bool)
    values[tuple(slice(*r) for r in ranges)] = True
    return values


def mask(values, cube=None, names=("wall",), **more):
    return Mask(values.astype(np.uint8), named(names), cube or body(values.shape), **more)


def test_dice_and_distance_of_blocks_known_by_hand():
    one = block((9, 9, 9), (2, 6), (2, 6), (2, 6))
    moved = block((9, 9, 9), (3, 7), (2, 6), (2, 6))
    assert dice(one, moved) == 0.75
    assert hd95(one, moved, MM) == 4.0  # a plane further along the axis of 4 mm
    assert hd95(one, moved, (1.0, 1.0, 1.0)) == 1.0
    assert dice(one, one) == 1.0
    assert hd95(one, one, MM) == 0.0
    nothing = np.zeros_like(one)
    assert dice(nothing, nothing) is None
    assert dice(one, nothing) == 0.0
    assert hd95(one, nothing, MM) is None


def test_distance_is_that_of_all_pairs_of_surface_voxels():
    from scipy.ndimage import binary_erosion
    from scipy.spatial.distance import cdist

    rng = np.random.default_rng(4)
    for _ in range(3):
        one, other = (rng.random((2, 8, 9, 7)) > 0.6).astype(bool)
        sides = [np.argwhere(m & ~binary_erosion(m)) * np.array(MM) for m in (one, other)]
        apart = cdist(*sides)
        known = max(np.percentile(apart.min(axis=a), 95) for a in (0, 1))
        assert hd95(one, other, MM) == pytest.approx(known, abs=1e-9)


@pytest.mark.filterwarnings("ignore")
def test_monai_says_the_same():
    monai = pytest.importorskip("monai.metrics")
    import torch

    rng = np.random.default_rng(5)
    one, other = np.zeros((2, 12, 14, 10), bool)
    one[2:9, 3:10, 2:8], other[3:10, 3:11, 3:8] = True, True
    one &= rng.random(one.shape) > 0.1
    pair = [torch.tensor(m)[None, None].float() for m in (one, other)]
    theirs = monai.compute_hausdorff_distance(*pair, include_background=True, percentile=95,
                                              spacing=list(MM))  # fmt: skip
    assert hd95(one, other, MM) == pytest.approx(float(theirs), abs=1e-5)
    assert dice(one, other) == pytest.approx(float(monai.compute_dice(*pair)), abs=1e-6)


def test_missed_and_invented_lesions_score_nothing_and_374_mm():
    shape = (40, 40, 40)
    first, second = block(shape, (4, 8), (4, 8), (4, 8)), block(shape, (28, 32), (28, 32), (4, 8))
    invented = block(shape, (4, 8), (28, 32), (28, 32))
    truth = first | second
    met = lesion_wise(first | second, truth, MM)
    assert (met.dice, met.hd95, met.found, met.missed, met.invented) == (1.0, 0.0, 2, 0, 0)
    half = lesion_wise(first, truth, MM)
    assert (half.dice, half.missed) == (0.5, 1)
    assert half.hd95 == MISSED_MM / 2
    more = lesion_wise(truth | invented, truth, MM)
    assert more.dice == pytest.approx(2 / 3)
    assert more.hd95 == pytest.approx(MISSED_MM / 3)
    assert (more.found, more.invented) == (2, 1)
    none = lesion_wise(np.zeros(shape, bool), np.zeros(shape, bool), MM)
    assert (none.dice, none.hd95) == (None, None)


def test_pieces_that_dilation_joins_are_one_lesion():
    shape = (30, 12, 12)
    left, right = block(shape, (4, 8), (4, 8), (4, 8)), block(shape, (11, 15), (4, 8), (4, 8))
    apart = block(shape, (24, 28), (4, 8), (4, 8))
    said = left  # half of the joined lesion, none of the one apart
    found = lesion_wise(said, left | right | apart, (1.0, 1.0, 1.0))
    assert (found.found, found.missed) == (1, 1)
    assert found.dice == pytest.approx((2 * 64 / (64 + 128)) / 2)


def test_labels_are_compared_each_and_what_only_one_has_is_said():
    one, other = np.zeros((2, 10, 10, 10), np.uint8)
    one[2:5, 2:5, 2:5], other[2:5, 2:5, 2:5] = 1, 1
    one[7:9, 7:9, 7:9], other[0, 0, 0] = 3, 2
    cube = body(one.shape)
    found = compare(Mask(one, named(["wall"]), cube), Mask(other, named(["wall", "scar"]), cube))
    assert [a.label.name for a in found.labels] == ["wall", "scar", "label 3"]
    assert [a.dice for a in found.labels] == [1.0, 0.0, 0.0]
    assert found.labels[0].volumes == (27 * 8 / 1000, 27 * 8 / 1000)
    assert found.unit == "mm"
    assert "labels in the first mask only: 3 (label 3)" in found.notes
    assert "labels in the second mask only: 2 (scar)" in found.notes


def test_an_empty_mask_is_said():
    values = block((6, 6, 6), (1, 3), (1, 3), (1, 3))
    found = compare(mask(np.zeros((6, 6, 6))), mask(values))
    assert "the first mask is empty: nothing is marked in it" in found.notes
    assert found.whole.dice == 0.0
    assert found.whole.hd95 is None


def test_a_flipped_grid_is_laid_on_voxel_for_voxel():
    rng = np.random.default_rng(3)
    values = (rng.random((4, 5, 6)) > 0.5).astype(np.uint8)
    cube = body(values.shape)
    assert cube.affine is not None
    turned = cube.affine.copy()
    turned[:3, 3] += 3 * turned[:3, 0]
    turned[:3, 0] *= -1
    turned = turned[:, [1, 0, 2, 3]]  # rows before planes
    swapped = values[::-1].transpose(1, 0, 2)
    other = Mask(swapped, named(["a"]), body(swapped.shape, (2.0, 4.0, 1.0), turned))
    np.testing.assert_array_equal(laid_on(other, cube).values, values)
    assert compare(other, Mask(values, named(["a"]), cube)).whole.dice == 1.0


def test_a_part_of_the_grid_is_laid_where_it_belongs():
    cube = body((8, 6, 6))
    assert cube.affine is not None
    moved = cube.affine.copy()
    moved[:3, 3] += 2 * moved[:3, 0]
    part = mask(block((3, 6, 6), (0, 3), (2, 4), (2, 4)), body((3, 6, 6), affine=moved))
    np.testing.assert_array_equal(
        laid_on(part, cube).values, block((8, 6, 6), (2, 5), (2, 4), (2, 4))
    )
    with pytest.raises(CubeviewError, match="another state"):
        laid_on(part, body((3, 6, 6)))


@pytest.mark.parametrize("change", ["half a voxel", "another size", "turned"])
def test_another_grid_is_refused_with_what_to_do(change):
    cube = body((8, 8, 8))
    assert cube.affine is not None
    affine = cube.affine.copy()
    if change == "half a voxel":
        affine[:3, 3] += 0.5 * affine[:3, 0]
    elif change == "another size":
        affine[:3, :3] *= 1.1
    else:
        c, s = np.cos(0.2), np.sin(0.2)
        affine[:3, :3] = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ affine[:3, :3]
    with pytest.raises(CubeviewError, match="resamples no mask"):
        compare(
            mask(np.zeros((8, 8, 8)), body((8, 8, 8), affine=affine)),
            mask(np.zeros((8, 8, 8)), cube),
        )


def test_other_frames_and_shapes_are_refused():
    values = block((6, 6, 6), (1, 3), (1, 3), (1, 3))
    with pytest.raises(CubeviewError, match="frames of reference"):
        compare(mask(values, frame="1.2"), mask(values, frame="1.3"))
    with pytest.raises(CubeviewError, match="does not fit"):
        mask(values, body((6, 6, 7)))
    with pytest.raises(CubeviewError, match="no labels"):
        Mask(np.full((6, 6, 6), 0.5), (), body((6, 6, 6)))
