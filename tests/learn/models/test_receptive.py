import numpy as np
import pytest
import torch

from cubeview.learn.models.receptive import place
from cubeview.learn.models.strided import NetworkConfig, build

SEED = {"widths": (2, 2, 2, 2), "kernels": (4, 4, 2, 2), "strides": (2, 2, 1, 1)}


@pytest.mark.parametrize(
    ("padding", "start"),
    [("same", 5.5), ("valid", 8.5), (((1, 1), (1, 1), (0, 1), (1, 0)), 1.5)],
)
def test_centres_of_the_seed_layout(padding, start):
    field = NetworkConfig(**SEED, padding=padding).layout
    assert (field.start, field.stride, field.size) == (start, 4, 18)


@pytest.mark.parametrize(
    "config",
    [
        NetworkConfig(**SEED, padding="same", batch_norm=False),
        NetworkConfig(**SEED, padding="valid", batch_norm=False),
        NetworkConfig(widths=(2, 2), kernels=(3, 2), strides=(1, 2), padding=((2, 0), (0, 1))),
    ],
)
def test_a_feature_sees_what_the_layers_say(config):
    network = build(config).eval()
    with torch.no_grad():
        for name, weight in network.named_parameters():
            weight.fill_(1.0 if name.endswith("weight") else 0.1)
    x = torch.ones(1, 2, 32, 32, 32, requires_grad=True)
    last = network.features(x)
    middle = last.shape[-1] // 2
    last[0, 0, middle, middle, middle].backward()
    seen = np.flatnonzero(x.grad[0, 0].sum(dim=(0, 1)).numpy())
    field = config.layout
    assert (seen[0] + seen[-1]) / 2 == field.start + field.stride * middle
    assert seen[-1] - seen[0] + 1 == field.size


def test_a_feature_is_placed_at_its_centre():
    config = NetworkConfig(**SEED, padding=((1, 1), (1, 1), (0, 1), (0, 1)))
    values = np.zeros((8, 8, 8))
    values[2, 3, 4] = 1.0
    placed = place(values, config.layout, (32, 32, 32))
    where = np.argwhere(placed == placed.max())
    np.testing.assert_allclose(where.mean(axis=0), [13.5, 17.5, 21.5])
    assert placed[0, 0, 0] == 0
    ramp = np.broadcast_to(5.5 + 4 * np.arange(8)[:, None, None], (8, 8, 8))
    np.testing.assert_allclose(place(ramp, config.layout, (32, 32, 32))[6:, 0, 0], np.arange(6, 32))
    np.testing.assert_allclose(place(ramp, config.layout, (32, 32, 32))[:6, 0, 0], 5.5)


def test_a_map_of_one_feature_fills_the_input():
    config = NetworkConfig(**SEED, padding="valid")
    np.testing.assert_array_equal(place(np.full((1, 1, 1), 3.0), config.layout, (20, 20, 20)), 3.0)


def test_a_flat_network_sees_pictures_and_nothing_else():
    config = NetworkConfig(**SEED, padding="same", batch_norm=False, flat=True)
    network, field = build(config).eval(), config.layout
    with torch.no_grad():
        for name, weight in network.named_parameters():
            weight.fill_(1.0 if name.endswith("weight") else 0.1)
    x = torch.ones(1, 2, 1, 32, 40, requires_grad=True)
    last = network.features(x)
    assert last.shape[2:] == (1, 8, 10)
    last[0, 0, 0, 4, 5].backward()
    for axis, at in ((1, 4), (2, 5)):
        seen = np.flatnonzero(x.grad[0, 0].sum(dim=tuple({0, 1, 2} - {axis})).numpy())
        assert (seen[0] + seen[-1]) / 2 == field.start + field.stride * at
    values = np.zeros((1, 8, 8))
    values[0, 2, 3] = 1.0
    placed = place(values, field, (1, 32, 32))
    np.testing.assert_allclose(np.argwhere(placed == placed.max()).mean(axis=0), [0, 13.5, 17.5])
    assert field.sees((1, 32, 40))
    assert not field.sees((2, 32, 40))
    assert field.sides(32) == (1, 32, 32)
    steps, _ = field.work(32)
    assert steps < NetworkConfig(**SEED, padding="same").layout.work(32)[0] / 16
