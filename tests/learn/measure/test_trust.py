"""What flips an answer: on networks of which it is known, and read back from the model's folder."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from cubeview.errors import CubeviewError
from cubeview.learn.explain.advice import write_figures
from cubeview.learn.explain.question import Question
from cubeview.learn.explain.significance import FIGURES, answer, significant, usual_fall
from cubeview.learn.heart import trials as heart
from cubeview.learn.measure.page import _trust
from cubeview.learn.measure.trust import SIZES, how_it_holds, read_trust, smallest_change
from cubeview.learn.models.rooms import room_of
from cubeview.learn.sky import trials as sky
from tests.learn.toys import summing_model, turned


@pytest.fixture
def prepared():
    values = np.full((2, 16, 16, 16), 0.5, np.float32)
    values[:, 4:12, 4:12, 4:12] = 1.0
    return turned(values)


def first_grows():
    """Return a model whose first logit alone grows with what there is."""
    model = summing_model()
    with torch.no_grad():
        model.network.head.weight[1:] = 0.0
        model.network.head.weight[0] = 1e5
    return model


def with_bias(model, amount):
    """Let the first class lead by so much on an input of nothing."""
    with torch.no_grad():
        model.network.head.bias[0] += amount
    return model


def gap(model, prepared):
    with torch.inference_mode():
        said = model.network(torch.tensor(prepared.input)[None])[0]
    return float(said[0] - said[1:].max())


def test_the_smallest_change_is_as_large_as_the_answer_is_firm(prepared):
    model = first_grows()
    lead = gap(model, prepared)
    assert lead > 0
    # All weights are alike, so the answer falls with the sum: 3 % less everywhere costs 3 % of it,
    # and the seen voxels are all of them.
    inputs = torch.tensor(prepared.input)[None]
    with torch.inference_mode():
        less = model.network(inputs - 0.03)[0]
    lost = lead - float(less[0] - less[1:].max())
    close = with_bias(model, -(lead - lost))
    assert smallest_change(close, prepared, 0) == 0.05
    assert smallest_change(with_bias(close, 1e9), prepared, 0) == float("inf")
    assert set(SIZES) >= {0.02, 0.05}


def test_an_answer_is_tried_with_every_trial_of_its_kind(prepared):
    held = how_it_holds(with_bias(first_grows(), 1e9), prepared, draws=3)
    assert held.answer == "healthy"
    assert set(held.flips) == set(room_of("heart").trials)
    assert set(held.flips.values()) == {0.0}
    model = first_grows()
    on_edge = with_bias(model, -gap(model, prepared) + 1e-6)
    flips = how_it_holds(on_edge, prepared, draws=24).flips
    assert 0.05 < flips["3 % gain"] < 0.6, "where both states lose counts"
    vector = SimpleNamespace(card=SimpleNamespace(classes=(), title="Toy"))
    with pytest.raises(CubeviewError, match="only answers that are classes"):
        how_it_holds(vector, prepared)


def test_trials_of_hearts_change_what_they_say():
    rng = np.random.default_rng(0)
    wall = np.zeros((2, 28, 28, 28), np.float32)
    wall[:, 6:22, 6:22, 6:22] = 1.0
    noise = 0.05 * heart.gaussian_filter(rng.standard_normal(wall.shape), (0, 1, 1, 1)) / 0.21
    values = (wall * (1 + noise)).astype(np.float32)
    again = heart.noise(values, rng)
    added = (again - values)[wall > 0]
    truth = noise[wall > 0].std()
    assert 0.3 < added.std() / truth < 3
    assert not (again - values)[wall == 0].any(), "what was left out stays so"
    gains = [heart.gain(values, rng)[wall > 0] / values[wall > 0] for _ in range(8)]
    np.testing.assert_allclose(np.unique(np.round(gains, 3)), [0.97, 1.03], atol=1e-6)
    moved = heart.shift(values, rng)
    assert sorted(moved.ravel()) == sorted(values.ravel())
    assert 0 < np.abs(heart.blur(values, rng) - values).max() < 0.2


def test_noise_of_the_sky_is_one_sigma_of_flux():
    rng = np.random.default_rng(1)
    flux = np.full((20, 20, 20), 2.0)
    values = np.stack([sky._SOFT * np.arcsinh(flux / sky._SOFT) / 3, np.zeros_like(flux)])
    values[1, :10] = np.log(2.0)
    added = sky._flux(sky.noise(values, rng)) - flux
    assert abs(added[:10].std() - 2.0) < 0.1
    assert abs(added[10:].std() - 1.0) < 0.05


def test_false_discoveries_are_controlled():
    rng = np.random.default_rng(2)
    shares = []
    for _ in range(60):
        z = rng.standard_normal((10, 10, 10))
        z[:2] += 4.0
        marked = significant(z, np.ones(z.shape, bool))
        shares.append(marked[2:].sum() / max(marked.sum(), 1))
        assert marked[:2].mean() > 0.7
    assert np.mean(shares) <= 0.05
    nothing = [significant(rng.standard_normal((9, 9, 9)), np.ones((9, 9, 9), bool)).any()
               for _ in range(60)]  # fmt: skip
    assert np.mean(nothing) <= 0.15


def test_a_significance_map_marks_what_one_state_lacks(prepared, tmp_path):
    values = prepared.input.copy()
    values[1, 4:8, 4:8, 4:8] = 0.1  # stress
    # The second class gains with what is missing.
    model, shown = summing_model(), turned(values)
    asked = Question(model, shown, 1, torch.tensor(shown.input)[None])
    found = answer(asked).summed
    assert np.unravel_index(found.argmax(), found.shape) < (10, 10, 10)
    assert found[2:8, 2:8, 2:8].max() > 0
    assert not found[12:].any()
    assert found.min() >= 0
    write_figures({"usual_fall": {model.card.classes[1]: 1e6}}, tmp_path / FIGURES)
    assert usual_fall(tmp_path, model.card.classes[1]) == 1e6
    assert usual_fall(None, "x") == usual_fall(tmp_path, "x") == 0.0
    beyond = replace(asked, model=replace(model, folder=tmp_path))
    assert not answer(beyond).summed.any(), "no more than falls where there is nothing"


def test_figures_are_read_back_or_left_aside(tmp_path, caplog):
    assert read_trust(tmp_path) is None
    maps = {"alike": 0.1, "learnt_by_heart": 1.0}
    told = {"flips": {"3 % gain": 0.01}, "adversarial": {"0.01": 0.5}, "confident": 7, "cases": 9}
    told |= {"maps": maps, "significance": {}}
    write_figures(told, tmp_path / FIGURES)
    assert read_trust(tmp_path) == json.loads(json.dumps(told))
    page = _trust({"trust": told})
    assert "3 % gain" in page
    assert "0.010" in page
    assert "7 confident answers of 9" in page
    (tmp_path / FIGURES).write_text('{"flips": {"a": "b"}, "adversarial": {}, "confident": 1}')
    assert read_trust(tmp_path) is None
    assert "left aside" in caplog.text
