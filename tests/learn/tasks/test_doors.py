"""Models that do not classify go the whole way: recipe, folder, answer, command, no map."""

import json
import pickle
from dataclasses import replace

import numpy as np
import pytest

from cubeview.cli import main
from cubeview.cubes.answer import Embedding, Estimate, Segmentation
from cubeview.cubes.region import window_at
from cubeview.errors import CubeviewError
from cubeview.io import open_path
from cubeview.io.identity import file_hashes
from cubeview.learn.ask.predict import predict
from cubeview.learn.examples import dataset
from cubeview.learn.examples.sky import sky_facts
from cubeview.learn.explain.methods import EXPLAINERS, make_map
from cubeview.learn.models import model as model_module
from cubeview.learn.models.model import load_model
from cubeview.learn.tasks import TASKS
from cubeview.learn.train.train import train
from cubeview.library.answers import answer_of, keep, packed, unpacked
from cubeview.library.library import Library
from cubeview.simulate.sky.window import CLASSES
from tests.learn.tasks.toynets import TOYS

RECIPE = """
name = "toy"
title = "Toy"
kind = "sky"
data = "ifu"
seed = 4
shard = 15
train = 60
calibrate = 15
test = 15
{what}

[preprocess]
kind = "sky"
size = 16

[training]
epochs = 12
batch = 4
rate = 1e-2
shift = 1
flip = true
precision = "fp32"
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Train a toy and load it again: given its task and its lines of the recipe."""
    folder = tmp_path_factory.mktemp("toys")
    known = {}

    def make(task, what):
        if task not in known:
            (folder / f"{task}.toml").write_text(RECIPE.format(what=f'task = "{task}"\n{what}'))
            train(folder / f"{task}.toml", folder / task)
            known[task] = load_model(folder / task)
        return known[task]

    with pytest.MonkeyPatch.context() as patch:
        for name, build in TOYS.items():
            patch.setitem(model_module.NETWORKS, name, build)
        yield make


@pytest.fixture(scope="module")
def segmenter(trained):
    return trained("segment", '[network]\nname = "toy segmenter"')


@pytest.fixture(scope="module")
def embedder(trained):
    return trained("embed", '[network]\nname = "toy embedder"')


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """A sky cube with one bright source, as a file, and the voxel it lies at."""
    from astropy.io import fits

    rng = np.random.default_rng(0)
    place = np.array([14, 11, 13])
    away = np.square(np.indices((32, 24, 26)) - place[:, None, None, None]).sum(axis=0)
    values = rng.normal(0.0, 1.0, away.shape) + 40.0 * np.exp(-away / 8.0)
    header = fits.Header(
        {
            "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CTYPE3": "WAVE", "CUNIT3": "Angstrom",
            "CRVAL1": 150.0, "CRVAL2": 2.0, "CRVAL3": 6000.0, "CRPIX1": 1, "CRPIX2": 1, "CRPIX3": 1,
            "CDELT1": -5e-5, "CDELT2": 5e-5, "CDELT3": 1.25, "BUNIT": "Jy",
        }
    )  # fmt: skip
    path = tmp_path_factory.mktemp("cubes") / "planted.fits"
    parts = [fits.PrimaryHDU(), fits.ImageHDU(values.astype(np.float32), header, "DATA")]
    variance = fits.ImageHDU(np.ones(values.shape, np.float32), header, "STAT")
    fits.HDUList([*parts, variance]).writeto(path)
    return path, tuple(int(v) for v in place)


@pytest.fixture
def case(planted):
    path, place = planted
    (whole,) = open_path(path)
    return replace(whole, window=window_at(whole.main, *place, size=16))


@pytest.fixture
def spot(planted):
    """The command's words for the planted source."""
    (whole,), (z, y, x) = open_path(planted[0]), planted[1]
    return ["--at", *(f"{float(v):.8f}" for v in whole.main.world(z, y, x))]


def test_a_mask_is_learnt_and_drawn_where_the_source_is(segmenter, case, planted):
    assert (segmenter.card.task, segmenter.card.classes) == ("segment", CLASSES)
    assert segmenter.card.metrics["dice"] > 0.25
    answer = predict(segmenter, case)
    assert isinstance(answer, Segmentation)
    assert answer.weights == segmenter.card.weights_sha256
    mask, box = answer.masks["flux"], answer.boxes["flux"]
    assert mask.shape == tuple(part.stop - part.start for part in box) == (16, 16, 16)
    marked = np.argwhere(mask > 0) + [part.start for part in box]
    away = np.linalg.norm(marked - planted[1], axis=1)
    assert len(marked) > 30
    assert np.median(away) < 4
    assert tuple(np.median(marked, axis=0)) == pytest.approx(planted[1], abs=1)
    assert sum(answer.voxels.values()) == len(marked)
    drawn = answer.overlay
    np.testing.assert_array_equal(np.isfinite(drawn.values["flux"]), mask > 0)
    assert drawn.boxes["flux"] == box


def test_a_vector_is_learnt_that_says_what_it_leaves_out(embedder, case):
    assert (embedder.card.task, embedder.card.classes) == ("embed", ())
    assert embedder.card.metrics["missed"] < 0.95
    answer = predict(embedder, case)
    assert isinstance(answer, Embedding)
    assert answer.vector.shape == (12,)
    assert 0 < answer.missed < 2
    empty = replace(case, window=window_at(case.main, 24, 3, 3, size=16))
    other = predict(embedder, empty)
    assert np.linalg.norm(answer.vector - other.vector) > 0.01


def test_a_number_is_learnt_with_an_interval_that_holds(trained, case, monkeypatch):
    def strength(*example):
        return np.array(np.log10(1 + sky_facts(*example)["peak_sn"]))

    source = replace(dataset.SOURCES["ifu"], truths={"estimate": strength})
    monkeypatch.setitem(dataset.SOURCES, "ifu", source)
    model = trained(
        "estimate",
        'quantity = "strength"\nunit = "dex"\n[network]\nwidths = [4, 4, 8, 8]\nclasses = 2',
    )
    assert 0.6 < model.card.metrics["inside"] <= 1
    answer = predict(model, case)
    assert isinstance(answer, Estimate)
    assert answer.low < answer.value < answer.high
    assert TASKS["estimate"].words(answer).startswith("strength ")
    assert TASKS["estimate"].words(answer).endswith(" dex")


@pytest.mark.parametrize(("task", "says"), [("segment", "voxels"), ("embed", "a vector of 12")])
def test_the_command_says_the_answer(
    task, says, trained, segmenter, embedder, planted, spot, capsys
):
    folder = {"segment": segmenter, "embed": embedder}[task].folder
    asked = ["predict", str(planted[0]), "--model", str(folder), *spot]
    assert main(asked) == 0
    assert says in capsys.readouterr().out
    assert main([*asked, "--json"]) == 0
    (record,) = json.loads(capsys.readouterr().out)
    assert record["task"] == task
    assert {"segment": "voxels", "embed": "vector"}[task] in record


def test_no_class_no_map(segmenter, embedder, case, planted, spot, tmp_path, capsys):
    for method in EXPLAINERS:
        with pytest.raises(CubeviewError, match="Choose a model that classifies"):
            make_map(segmenter, case, "continuum", method)
    asked = ["explain", str(planted[0]), "--model", str(embedder.folder), *spot]
    assert main([*asked, "--out", str(tmp_path / "map.fits")]) == 2
    assert "does not tell classes apart" in capsys.readouterr().err


def test_answers_travel_between_processes_and_into_the_library(segmenter, embedder, case):
    for model in (segmenter, embedder):
        answer = predict(model, case)
        for again in (pickle.loads(pickle.dumps(answer)), unpacked(packed(answer), case)):
            assert type(again) is type(answer)
            task = TASKS[answer.task]
            assert task.words(again) == task.words(answer)
            assert task.record(again) == task.record(answer)


def test_a_mask_is_kept_by_the_weights_that_drew_it(segmenter, case, tmp_path):
    answer = predict(segmenter, case)
    library = Library(tmp_path / "library.sqlite", "Anna")
    number = library.add_case(case, file_hashes(case))
    keep(library, number, packed(answer))
    again = answer_of(library, number, case, segmenter.card.weights_sha256)
    assert answer_of(library, number, case, "another") is None
    library.close()
    np.testing.assert_array_equal(again.masks["flux"], answer.masks["flux"])
    assert again.boxes == answer.boxes
    assert again.voxels == answer.voxels
