"""What networks are shown of pictures: the same of the same thing, whatever the picture is like."""

import numpy as np
import pytest

from cubeview.cubes.axes import plain_axis
from cubeview.cubes.case import Case
from cubeview.cubes.cube import ArrayPixels, Cube
from cubeview.errors import CubeviewError
from cubeview.kinds import PICTURE
from cubeview.learn.models.prepared import to_cube
from cubeview.learn.picture import prepare
from cubeview.learn.picture.augment import augmented
from cubeview.learn.picture.prepare import PictureConfig, framed_picture, prepare_picture

CONFIG = PictureConfig()


def galaxy(side=120, at=(58.0, 63.0), scale=9.0, turn=0.6, noise=1e-3):
    """An inclined disc, brighter than its sky."""
    y, x = np.mgrid[:side, :side].astype(float)
    y, x = y - at[0], x - at[1]
    along, across = np.cos(turn) * x + np.sin(turn) * y, np.cos(turn) * y - np.sin(turn) * x
    light = np.exp(-np.hypot(along, across / 0.5) / scale)
    return light + noise * np.random.default_rng(0).normal(size=light.shape)


def case_of(bands, names=("light",)):
    cubes = {}
    for name, band in zip(names, bands, strict=True):
        axes = tuple(plain_axis(n, a) for n, a in zip((1, *band.shape), "zyx", strict=True))
        cubes[name] = Cube(axes, ArrayPixels(band[None]), PICTURE.key)
    return Case("a", PICTURE.key, cubes)


def test_counts_offset_and_stretch_make_no_great_difference():
    shown = framed_picture(galaxy(), CONFIG).input
    counts = framed_picture(300 + 5e4 * galaxy(), CONFIG).input
    np.testing.assert_allclose(counts, shown, atol=1e-5)
    stretched = np.sqrt(np.maximum(galaxy(), 0))
    soft = framed_picture(stretched, CONFIG).input
    assert np.corrcoef(soft.ravel(), shown.ravel())[0, 1] > 0.9
    inside = shown > 0.3
    assert abs(soft[inside].mean() - shown[inside].mean()) < 0.15


def test_size_makes_no_difference():
    small, large = (
        framed_picture(galaxy(side, (side / 2, side / 2), scale), CONFIG)
        for side, scale in ((90, 7.0), (360, 28.0))
    )
    assert large.step / small.step == pytest.approx(4.0, rel=0.1)
    assert np.corrcoef(small.input.ravel(), large.input.ravel())[0, 1] > 0.97


def test_a_place_comes_back_to_its_pixel(monkeypatch):
    monkeypatch.setattr(prepare, "_LONGEST_PX", 100)  # so that it is thinned out
    light = galaxy(240, (118.0, 125.0), 18.0)
    light[130:134, 140:144] = 3.0
    prepared = prepare_picture(case_of([light]), CONFIG)
    back, box = to_cube(prepared.input[0], prepared, "light")
    whole = np.zeros(light.shape)
    whole[box[1:]] = np.nan_to_num(back[0])
    rows, columns = np.nonzero(whole[125:] > 0.98)  # the middle is as bright
    assert abs(125 + rows.mean() - 131.5) < 1.5
    assert abs(columns.mean() - 141.5) < 1.5


def test_bands_are_averaged_and_maps_lie_on_each():
    one, other = galaxy(), galaxy(turn=2.2)
    prepared = prepare_picture(case_of([one, 100 * other], ("red", "blue")), CONFIG)
    assert set(prepared.grids) == {"red", "blue"}
    alone = framed_picture(one, CONFIG).input
    assert np.corrcoef(prepared.input.ravel(), alone.ravel())[0, 1] < 0.97


def test_holes_are_sky_and_blank_is_refused():
    light = galaxy()
    light[:10] = np.nan
    assert np.isfinite(framed_picture(light, CONFIG).input).all()
    with pytest.raises(CubeviewError, match="blank"):
        prepare_picture(case_of([np.full((20, 20), np.nan)]), CONFIG)
    with pytest.raises(CubeviewError, match="show nothing"):
        prepare_picture(case_of([np.ones((1, 1))]), CONFIG)


@pytest.mark.parametrize("what", ["noise", "full"])
def test_nothing_in_the_middle_is_said(what):
    light = np.random.default_rng(1).normal(size=(60, 60))
    if what == "full":
        light = np.add.outer(np.arange(60.0), np.arange(60.0)) + 500
        light[:5] = light[-5:] = light[:, :5] = light[:, -5:] = 0.0
    cautions = framed_picture(light, CONFIG).cautions
    assert len(cautions) == 1
    assert "the whole picture" in cautions[0]


def test_only_what_was_asked_for_is_varied():
    values = np.random.default_rng(2).normal(size=(1, 1, 6, 6)).astype(np.float32)
    rng = np.random.default_rng(3)
    np.testing.assert_array_equal(augmented(values, (), rng), values)
    turned = [augmented(values, ("rotation", "flips"), rng) for _ in range(8)]
    assert all(sorted(t.ravel()) == sorted(values.ravel()) for t in turned)
    assert any((t != values).any() for t in turned)
    assert (augmented(values, ("noise",), rng) != values).all()
