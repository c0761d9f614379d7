import numpy as np
import pytest

from cubeview.learn.train.recipe import Schedule, read_recipe
from cubeview.learn.train.train import train
from cubeview.learn.train.variation import applied, draw
from cubeview.simulate.sky.window import CLASSES

RECIPE = """
name = "small-sky"
title = "Small sky"
kind = "sky"
data = "ifu"
seed = 4
train = 256
calibrate = 20
test = 20
artefact = "artefact"
[network]
widths = [4, 4, 4, 4]
[preprocess]
kind = "sky"
size = 16
[training]
epochs = 1
batch = 64
shift = 0
flip = true
precision = "fp32"
"""


def test_the_shipped_recipe_can_be_read():
    recipe = read_recipe("sky-sources")
    assert (recipe.kind, recipe.data) == ("sky", "ifu")
    assert recipe.train >= 20_000


def test_mirrored_inputs_hold_the_same_values():
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((8, 2, 4, 4, 4)).astype(np.float32)
    out = applied(inputs, draw(Schedule(shift=0, flip=True), len(inputs), 2, rng))
    assert any((a != b).any() for a, b in zip(inputs, out, strict=True))
    for before, after in zip(inputs, out, strict=True):
        np.testing.assert_array_equal(np.sort(before.ravel()), np.sort(after.ravel()))
        # Both channels are mirrored alike.
        mirrors = [
            axes
            for axes in np.ndindex(2, 2, 2)
            if (np.flip(before, [i + 1 for i in range(3) if axes[i]]) == after).all()
        ]
        assert len(mirrors) == 1


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sky")
    (folder / "small.toml").write_text(RECIPE)
    return train(folder / "small.toml", folder / "model", work=folder / "work")


def test_a_sky_model_knows_its_strengths(model):
    figures = model.card.metrics["by_peak_sn"]
    assert model.card.channels == ("flux", "noise")
    assert model.card.classes == CLASSES
    assert 4 <= figures["bright_cases"] <= 20
    assert sum(part["cases"] for part in figures["curve"]) <= 16
