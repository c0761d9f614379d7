import json
from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch

from cubeview.errors import CubeviewError
from cubeview.learn.explain.advice import NAME, advice, read_figures, write_figures
from cubeview.learn.heart.known import _on_grid
from cubeview.learn.measure import faithful
from cubeview.learn.measure.faithful import check_maps
from cubeview.learn.models.model import load_model
from cubeview.learn.models.rooms import Known
from cubeview.learn.models.strided import build
from cubeview.paths import resource
from tests.learn.toys import summing_model, turned

pytestmark = pytest.mark.usefixtures("hearts_once")


def twin_of(model, spread):
    """The same network with its weights a little off, as if trained from another seed."""
    network = deepcopy(model.network)
    torch.manual_seed(0)
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(spread * weight.std(correction=0) * torch.randn_like(weight))
    return replace(model, network=network, card=replace(model.card, weights_sha256="f" * 64))


def first_of(model):
    """The first of the networks that a model combines, see `combined`."""
    config = model.network.config
    count = config.groups
    one = build(replace(config, groups=1, widths=tuple(w // count for w in config.widths)))
    state = model.network.state_dict()
    for name, value in one.state_dict().items():
        first = tuple(slice(0, n) for n in value.shape)
        value.copy_(state[name][first] * (count if name == "head.weight" else 1))
    card = replace(model.card, network=one.config.to_dict())
    return replace(model, network=one.eval(), card=card)


@pytest.fixture(scope="module")
def figures():
    model = first_of(load_model(resource("models", "spect-mpi")))
    return check_maps(model, 2, twins=[twin_of(model, 0.02)])


def test_every_method_and_class_has_its_figures(figures):
    assert set(figures["methods"]) == {
        "CAM",
        "Grad-CAM++",
        "integrated gradients",
        "occlusion",
        "occlusion by the wall's mean",
    }
    for method in figures["methods"].values():
        assert set(method["classes"]) == set(figures["classes"])
        assert method["classes"]["healthy"]["n"] == 0
        row = method["classes"]["ischaemic"]
        assert row["n"] == 1
        assert 0 < row["chance"] < 1
        assert 0 <= row["deletion"] <= 1
        assert 0 <= method["randomised"]["all"] <= 1
        assert -1 <= method["repeatable"] <= 1
    assert json.loads(json.dumps(figures)) == figures


def test_maps_depend_on_the_weights_and_not_on_a_little_noise(figures):
    for method in figures["methods"].values():
        assert method["repeatable"] > method["randomised"]["all"]


def test_maps_of_other_trainings_are_compared(figures):
    assert len(set(figures["models"])) == 2
    for method in figures["methods"].values():
        known = [row["across_seeds"] for row in method["classes"].values() if "across_seeds" in row]
        assert len(known) == 2, "one figure for each of the two classes that had a case"
        assert method["across_seeds"] == pytest.approx(np.mean(known), abs=1e-4)
    assert figures["methods"]["CAM"]["across_seeds"] > 0.9, "weights 2 % off"


def test_only_models_that_answer_the_same_are_compared():
    model = summing_model()
    with pytest.raises(CubeviewError, match="same"):
        check_maps(model, 1, twins=[model])
    twin = twin_of(model, 0.1)
    card = replace(twin.card, preprocess={**twin.card.preprocess, "size": 8})
    with pytest.raises(CubeviewError, match="compared"):
        check_maps(model, 1, twins=[replace(twin, card=card)])


def test_a_map_of_the_evidence_deletes_faster_than_chance():
    values = np.full((2, 16, 16, 16), 1e-3)
    values[:, 6:10, 6:10, 6:10] = 5.0
    prepared = turned(values)
    model = summing_model()
    right = prepared.input.sum(axis=0)
    best, worst = (faithful._curves(model, prepared, 0, sign * right) for sign in (1, -1))
    assert best[0] < worst[0]
    assert best[1] > worst[1]


def test_a_site_is_carried_onto_the_input_grid():
    mask = np.zeros((16, 16, 21), bool)
    mask[12, 11, 9] = True  # input voxel (3, 11, 6) of `turned`
    prepared = turned(np.ones((2, 16, 16, 16)))
    found = _on_grid(mask, prepared.grids["rest"], (16, 16, 16))
    assert np.argwhere(found).tolist() == [[3, 11, 6]]
    everywhere = np.ones_like(found)
    assert Known("mixed", prepared, everywhere, found, 1).near.sum() == 7
    assert not Known("mixed", prepared, everywhere, ~everywhere, 9).near.any()


def test_advice_names_the_map_that_finds_the_place(tmp_path):
    def method(hit, n=100):
        return {"classes": {"mixed": {"n": n, "hit": hit, "chance": 0.4}, "healthy": {
            "n": 0, "hit": 0.0, "chance": 0.0}}}  # fmt: skip

    known = {
        "format": 1,
        "classes": ["healthy", "mixed"],
        "methods": {"CAM": method(0.55), "occlusion": method(0.9)},
    }
    assert "look at occlusion" in advice(known, "mixed")
    assert "90%" in advice(known, "mixed")
    assert "chance 40%" in advice(known, "mixed")
    known["methods"]["occlusion"] = method(0.45)
    assert "look at CAM" in advice(known, "mixed")
    known["methods"]["CAM"] = method(0.48)
    assert "No map" in advice(known, "mixed")
    known["methods"]["CAM"] = method(0.55, n=10)
    assert "No map" in advice(known, "mixed"), "ten cases say little"
    assert "no one place" in advice(known, "healthy")
    assert advice(known, "unheard of") == advice(None, "mixed") == ""
    write_figures(known, tmp_path / NAME)
    assert read_figures(tmp_path) == known


@pytest.mark.parametrize("text", ["", "{}", '{"format": 2}', '{"format": 1, "methods": []}'])
def test_figures_that_make_no_sense_are_left_aside(tmp_path, text):
    (tmp_path / NAME).write_text(text)
    assert read_figures(tmp_path) is None
    assert read_figures(tmp_path / "nowhere") is None


def test_models_without_a_simulator_are_refused():
    model = summing_model()
    card = replace(model.card, classes=tuple("abcde"), normal="", defects=(), artefact="", codes={})
    with pytest.raises(CubeviewError, match="simulator"):
        check_maps(replace(model, card=card), 1)
