"""The shipped sky model, on fields it has not seen and on real cubes."""

from dataclasses import replace

import pytest

from cubeview.cubes.region import window_at
from cubeview.io import open_path
from cubeview.learn.ask.predict import predict
from cubeview.learn.models.model import load_model
from cubeview.paths import resource
from cubeview.simulate.sky.field import simulate_field


@pytest.fixture(scope="module")
def model():
    return load_model(resource("models", "sky-sources"))


def ask(model, case, z, y, x):
    return predict(model, replace(case, window=window_at(case.main, z, y, x))).answer


@pytest.mark.parametrize("flavour", ["ifu", "radio"])
def test_bright_sources_of_a_field_are_named(model, flavour):
    counts = {"emission line": 4}
    right = total = 0
    for seed in range(3):
        field = simulate_field(100 + seed, flavour=flavour, counts=counts, sn=(10, 40))
        for source in field.catalogue:
            right += ask(model, field.case, *source.voxel) == source.label
            total += 1
    assert right >= 0.8 * total


def test_the_figures_on_the_card_meet_the_aim(model):
    figures = model.card.metrics
    assert figures["by_peak_sn"]["bright_accuracy"] >= 0.90
    assert figures["calibration_error"] <= 0.04


def test_real_cubes_are_named(model, shared_data):
    (carma,) = open_path(shared_data / "radio" / "co_carma_ngc4324.fits")
    assert ask(model, carma, 10, 50, 50) == "emission line"
    (cluster,) = open_path(shared_data / "ifu" / "muse_a478_full_spectrum_crop.fits")
    said = [ask(model, cluster, z, 6, 6) for z in range(100, 3600, 500)]
    assert said.count("continuum") >= 5
    # H alpha of the brightest galaxy of Abell 478, z = 0.088
    halpha = cluster.main.axes[0].index(6562.8 * 1.088)
    assert ask(model, cluster, halpha, 6, 6) == "emission line"
