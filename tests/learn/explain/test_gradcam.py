import numpy as np
import pytest
import torch

from cubeview.errors import Cancelled
from cubeview.learn.explain.methods import explainer, grid_map, make_map
from cubeview.learn.models.receptive import place
from tests.learn.toys import summing_model, to_voxel, toy_model, turned


@pytest.fixture
def full():
    rng = np.random.default_rng(0)
    return turned(rng.uniform(0.1, 1.0, (2, 16, 16, 16)))


def test_integrated_gradients_are_captums(full):
    attr = pytest.importorskip("captum.attr", exc_type=ImportError)
    model = toy_model()
    shown = torch.from_numpy(full.input)[None]
    wanted = attr.IntegratedGradients(model.network).attribute(
        shown, target=2, n_steps=50, method="gausslegendre"
    )[0]
    found = grid_map(explainer("ig"), model, full, 2).values
    largest = wanted.abs().max().item()
    assert largest > 1e-5
    np.testing.assert_allclose(found, wanted.detach().numpy(), rtol=0, atol=1e-4 * largest)


def test_integrated_gradients_add_up_to_the_logit(full):
    model = toy_model()
    with torch.inference_mode():
        shown = torch.from_numpy(full.input)[None]
        rise = (model.network(shown) - model.network(0 * shown))[0, 1].item()
    assert grid_map(explainer("ig"), model, full, 1).values.sum() == pytest.approx(
        rise, rel=0.02, abs=1e-3
    )


def test_each_state_has_its_own_integrated_gradients():
    values = np.full((2, 16, 16, 16), 1e-6)
    values[1, 3, 11, 6] = 1.0  # in stress alone
    prepared = turned(values)
    overlay = make_map(summing_model(), prepared.case, "healthy", "ig", prepared=prepared)
    z, y, x = to_voxel(3, 11, 6)
    box = overlay.boxes["stress"]
    at = z - box[0].start, y - box[1].start, x - box[2].start
    stress = overlay.values["stress"]
    assert np.unravel_index(np.nanargmax(stress), stress.shape) == at
    assert stress[at] > 100 * np.nanmax(overlay.values["rest"])
    assert overlay.method == "integrated gradients"
    assert overlay.settings == {"steps": "50", "baseline": "zero"}


def test_grad_cam_pp_is_the_papers_from_captums_gradients(full):
    gradient = pytest.importorskip("captum._utils.gradient", exc_type=ImportError)
    model = toy_model()
    network = model.network
    shown = torch.from_numpy(full.input)[None]
    slopes, maps = gradient.compute_layer_gradients_and_eval(
        network, network.features, shown, target_ind=2
    )
    g, a = slopes[0][0].double(), maps[0][0].detach().double()
    alpha = g**2 / (2 * g**2 + (a * g**3).sum(dim=(1, 2, 3), keepdim=True))
    weight = (alpha * g.clamp(min=0)).sum(dim=(1, 2, 3))
    wanted = torch.einsum("c,cdhw->dhw", weight, a).clamp(min=0).numpy()
    found = make_map(model, full.case, "infarcted", "gradcam++", prepared=full)
    placed = place(wanted, network.layout(), (16, 16, 16))[::-1]
    assert placed.max() > 0
    np.testing.assert_allclose(found.values["stress"], placed, rtol=0, atol=1e-4 * placed.max())
    assert (found.values["stress"] >= 0).all()


def test_grad_cam_pp_points_to_a_planted_blob():
    values = np.full((2, 16, 16, 16), 1e-6)
    values[:, 8:10, 5:7, 9:11] = 1.0
    prepared = turned(values)
    found = make_map(summing_model(), prepared.case, "healthy", "gradcam++", prepared=prepared)
    values = found.values["rest"][::-1]
    weights = np.clip(values - values.max() / 2, 0, None)
    centre = [(weights * at).sum() / weights.sum() for at in np.indices(values.shape)]
    np.testing.assert_allclose(centre, [8.5, 5.5, 9.5], atol=1.0)


def test_the_network_can_be_asked_again_after_a_gradient(full):
    model = toy_model()
    before = {name: tensor.clone() for name, tensor in model.network.state_dict().items()}
    make_map(model, full.case, "mixed", "ig", prepared=full)
    assert all(torch.equal(before[n], t) for n, t in model.network.state_dict().items())
    assert all(p.grad is None for p in model.network.parameters())


def test_integrated_gradients_stop_when_cancelled(full):
    def report(fraction, text):
        if fraction > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        make_map(toy_model(), full.case, "mixed", "ig", prepared=full, report=report)
