import numpy as np
import pytest
import torch

from cubeview.learn.explain.occluder import Occluder, track
from cubeview.learn.models.strided import NetworkConfig
from tests.learn.toys import toy_model

SEED = {"widths": (3, 4, 5, 6), "kernels": (4, 4, 2, 2), "strides": (2, 2, 1, 1)}


def naive(network, shown, hidden, starts, patch):
    """One full pass per patch: the definition."""
    drops = []
    for d, h, w in starts:
        there = (
            slice(None),
            slice(d, d + patch[0]),
            slice(h, h + patch[1]),
            slice(w, w + patch[2]),
        )
        occluded = shown.clone()
        occluded[there] = hidden[there]
        drops.append(network(shown[None]) - network(occluded[None]))
    return torch.cat(drops).numpy()


@pytest.mark.parametrize(
    "config",
    [
        NetworkConfig(**SEED),
        NetworkConfig(**SEED, padding="same"),
        NetworkConfig(**SEED, padding="valid"),
        NetworkConfig(**SEED, batch_norm=False),
        NetworkConfig(widths=(3, 4), kernels=(3, 3), strides=(1, 2), padding=((2, 0), (0, 2))),
        NetworkConfig(widths=(3, 4), kernels=(5, 2), strides=(3, 2), padding="valid"),
        NetworkConfig(widths=(4,), kernels=(2,), strides=(2,), padding="same"),
        NetworkConfig(
            widths=(4, 6, 8), kernels=(4, 2, 2), strides=(2, 1, 1), padding="same", groups=2
        ),
    ],
)
@pytest.mark.parametrize("patch", [(1, 1, 1), (4, 4, 4), (7, 3, 20)])
def test_local_equals_naive(config, patch):
    network = toy_model(config).network
    rng = np.random.default_rng(5)
    shown = torch.from_numpy(rng.normal(0.4, 0.4, (2, 20, 18, 21)).astype(np.float32))
    hidden = torch.from_numpy(rng.normal(0.4, 0.4, (2, 20, 18, 21)).astype(np.float32))
    low = rng.integers(0, np.array(shown.shape[1:]) - patch + 1, (40, 3))
    corners = np.array([[0, 0, 0], np.array(shown.shape[1:]) - patch])
    starts = np.concatenate([corners, low])
    got = np.full((len(starts), 5), np.nan)
    times = np.zeros(len(starts), dtype=int)
    with torch.inference_mode():
        for which, drops in Occluder(network, shown, hidden).drops(starts, patch, batch=7):
            got[which] = drops
            times[which] += 1
        wanted = naive(network, shown, hidden, starts, patch)
    np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-5)
    assert (times == 1).all()
    assert np.abs(wanted).max() > 1e-4


def test_only_what_was_shown_is_followed():
    """Inside an ellipsoid, as hearts are; patches outside change nothing."""
    network = toy_model(NetworkConfig(**SEED)).network
    places = np.stack(np.indices((20, 20, 20))) - np.array([8, 9, 11]).reshape(3, 1, 1, 1)
    inside = torch.from_numpy((places**2).sum(axis=0) < 36)
    shown = torch.rand(2, 20, 20, 20) * inside
    hidden = torch.where(inside, 0.7, 0.0).expand(2, -1, -1, -1)
    line = range(0, 16, 3)
    starts = np.stack(np.meshgrid(line, line, line, indexing="ij"), -1).reshape(-1, 3)
    got = np.full((len(starts), 5), np.nan)
    with torch.inference_mode():
        for which, drops in Occluder(network, shown, hidden).drops(starts, (5, 5, 5)):
            got[which] = drops
        wanted = naive(network, shown, hidden, starts, (5, 5, 5))
    np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-5)
    assert (got == 0).all(axis=1).any()
    assert np.abs(got).max() > 1e-3


def test_a_patch_nothing_sees_changes_nothing():
    # 21 voxels under kernel 5, stride 3, then 2 by 2 leave the last three unseen.
    config = NetworkConfig(widths=(3, 4), kernels=(5, 2), strides=(3, 2), padding="valid")
    assert track(20, 21, 21, config.layout) is None
    network = toy_model(config).network
    shown = torch.rand(2, 21, 21, 21)
    starts = np.array([[20, 0, 0], [8, 0, 0]])
    with torch.inference_mode():
        found = dict(
            (int(row), drop)
            for which, drops in Occluder(network, shown, 1 - shown).drops(starts, (1, 9, 9))
            for row, drop in zip(which, drops, strict=True)
        )
    assert (found[0] == 0).all()
    assert (found[1] != 0).any()


def test_the_network_is_left_as_it_was():
    network = toy_model().network
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    shown = torch.rand(2, 16, 16, 16)
    with torch.inference_mode():
        list(Occluder(network, shown, shown * 0).drops(np.zeros((1, 3), int), (4, 4, 4)))
    assert all(torch.equal(before[name], t) for name, t in network.state_dict().items())


def test_bfloat16_errs_by_a_small_share_of_a_drop():
    network = toy_model(NetworkConfig(**SEED)).network
    rng = np.random.default_rng(5)
    shown = torch.from_numpy(rng.normal(0.4, 0.4, (2, 20, 20, 20)).astype(np.float32))
    starts = rng.integers(0, 13, (30, 3))
    found = {}
    with torch.inference_mode():
        for dtype in (torch.float32, torch.bfloat16):
            found[dtype] = np.zeros((30, 5))
            for which, drops in Occluder(network, shown, 0 * shown, dtype).drops(starts, (8, 8, 8)):
                found[dtype][which] = drops
    exact, half = found.values()
    assert 0 < np.abs(half - exact).max() < 0.03 * np.abs(exact).max()


@pytest.mark.parametrize("config", [SEED, {**SEED, "padding": ((2, 2), (1, 1), (0, 1), (1, 0))}])
def test_a_picture_has_no_depth_to_hide(config):
    network = toy_model(NetworkConfig(**config, flat=True)).network
    rng = np.random.default_rng(6)
    shown = torch.from_numpy(rng.normal(0.4, 0.4, (2, 1, 18, 21)).astype(np.float32))
    hidden = torch.zeros_like(shown)
    starts = np.array([[0, y, x] for y in range(0, 14, 3) for x in range(0, 17, 4)])
    got = np.full((len(starts), 5), np.nan)
    with torch.inference_mode():
        for which, drops in Occluder(network, shown, hidden).drops(starts, (1, 5, 5), batch=7):
            got[which] = drops
        wanted = naive(network, shown, hidden, starts, (1, 5, 5))
    np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-5)
    assert np.abs(wanted).max() > 1e-4
