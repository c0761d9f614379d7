import argparse

import numpy as np
import pytest

from cubeview.commands import judge
from cubeview.errors import CubeviewError
from cubeview.kinds import HEART
from cubeview.learn.explain.methods import EXPLAINERS, Explainer, make_map
from cubeview.learn.explain.question import GridMap, OcclusionSettings
from cubeview.learn.measure import faithful
from tests.learn.toys import toy_model, turned


@pytest.fixture
def full():
    rng = np.random.default_rng(0)
    return turned(rng.uniform(0.1, 1.0, (2, 16, 16, 16)))


def test_every_method_goes_by_its_key_and_its_label(full):
    small = {"occlusion": OcclusionSettings(stride=8)}
    for way in EXPLAINERS.values():
        one, other = (
            make_map(toy_model(), full.case, "mixed", name, small.get(way.key), prepared=full)
            for name in (way.key, way.label)
        )
        assert one.method == other.method == way.label
        assert one.unit == way.unit
        np.testing.assert_array_equal(one.values["rest"], other.values["rest"])
    with pytest.raises(CubeviewError, match="gradcam"):
        make_map(toy_model(), full.case, "mixed", "magic", prepared=full)


def test_a_processor_without_bfloat16_answers_exactly_and_says_so(full, monkeypatch):
    monkeypatch.setattr("cubeview.learn.explain.occlusion.has_bfloat16", lambda device: False)
    exact, emulated = (
        make_map(
            toy_model(),
            full.case,
            "mixed",
            "occlusion",
            OcclusionSettings(stride=8, precision=precision),
            prepared=full,
        )
        for precision in ("float32", "bfloat16")
    )
    assert emulated.settings["precision"] == "float32"
    np.testing.assert_array_equal(emulated.values["rest"], exact.values["rest"])


def test_keys_labels_and_shortcuts_are_told_apart():
    names = [name for way in EXPLAINERS.values() for name in {way.key, way.label}]
    assert len(set(names)) == len(names)
    shortcuts = [way.shortcut for way in EXPLAINERS.values() if way.shortcut]
    assert len(set(shortcuts)) == len(shortcuts)


@pytest.fixture
def toy(monkeypatch):
    """A new explanation: a function and an entry in the table."""

    def brightness(asked):
        return GridMap(asked.prepared.input, {"of": "the input"})

    way = Explainer("toy", "brightness", "Bri&ghtness", "What is bright", "counts", brightness)
    monkeypatch.setitem(EXPLAINERS, way.key, way)
    return way


def test_a_new_explanation_is_an_entry_in_the_table(toy, full):
    made = make_map(toy_model(), full.case, "mixed", "toy", prepared=full)
    for channel, role in enumerate(("rest", "stress")):
        np.testing.assert_allclose(made.values[role][::-1], full.input[channel], atol=1e-6)
    assert (made.method, made.unit, made.settings) == ("brightness", "counts", {"of": "the input"})


def test_the_command_offers_a_new_explanation(toy):
    parser = argparse.ArgumentParser()
    judge.add(parser.add_subparsers())
    chosen = parser.parse_args(["explain", "a.dcm", "--method", "toy", "--out", "a.npz"])
    assert chosen.method == "toy"
    usual = OcclusionSettings()
    assert (chosen.patch, chosen.stride, chosen.fill) == (usual.patch, usual.stride, usual.fill)


def test_a_new_explanation_is_measured(toy):
    assert "brightness" in faithful.makers(HEART)
