import pytest
import torch

from cubeview.learn.models.strided import NetworkConfig, build, fold_batch_norm

SMALL = NetworkConfig(classes=2, widths=(4, 8), kernels=(4, 2), strides=(2, 1), padding="same")


def two_samples(side=8):
    x = torch.zeros(2, 2, side, side, side)
    x[0, 0, 1:3, 1:3, 1:3] = 1.0
    x[1, 1, 5:7, 5:7, 5:7] = 1.0
    return x, torch.tensor([0, 1])


def test_default_is_the_seed_layout():
    network = build(NetworkConfig())
    assert sum(p.numel() for p in network.parameters()) == 464_613 + sum((32, 64, 128, 256))
    assert network.features(torch.zeros(1, 2, 32, 32, 32)).shape == (1, 256, 8, 8, 8)
    assert NetworkConfig().layout.map_size(32) == 8
    assert NetworkConfig(padding="valid").layout.map_size(32) == 4


def test_it_overfits_two_samples():
    torch.manual_seed(0)
    network = build(SMALL)
    x, y = two_samples()
    optimiser = torch.optim.AdamW(network.parameters(), lr=3e-2)
    for _ in range(60):
        loss = torch.nn.functional.cross_entropy(network(x), y)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss < 0.05


@pytest.mark.parametrize("padding", ["same", "valid", ((1, 1), (1, 0))])
def test_folding_keeps_the_function(padding):
    torch.manual_seed(1)
    config = NetworkConfig(widths=(4, 8), kernels=(4, 2), strides=(2, 1), padding=padding)
    network = build(config)
    x = torch.rand(6, 2, 10, 8, 12)
    for _ in range(3):
        network(x)  # gives the normalisations statistics of their own
    network.eval()
    folded = fold_batch_norm(network)
    assert folded.config.batch_norm is False
    with torch.inference_mode():
        torch.testing.assert_close(folded(x), network(x), rtol=1e-5, atol=1e-5)
        again = fold_batch_norm(folded)
        torch.testing.assert_close(again(x), folded(x), rtol=0, atol=0)


def test_reset_head_changes_the_answers_only():
    network = build(SMALL)
    before = network.features[1].conv.weight
    network.reset_head(4)
    assert network.features[1].conv.weight is before
    assert network.config.classes == 4
    assert network(torch.zeros(1, 2, 8, 8, 8)).shape == (1, 4)


def test_config_survives_the_card():
    for config in (NetworkConfig(), SMALL, NetworkConfig(padding="valid")):
        assert NetworkConfig.from_dict(config.to_dict()) == config


@pytest.mark.parametrize(
    "change",
    [
        {"widths": (8,)},
        {"widths": (4, 0)},
        {"widths": (4, "8")},
        {"widths": (4096, 4096), "kernels": (16, 16)},
        {"strides": (5, 1)},
        {"std": (1.0, 0.0)},
        {"mean": (1.0,)},
        {"padding": "reflect"},
        {"padding": ((1, 1), (2, 0))},
        {"padding": 3},
        {"depth": 3},
        {"classes": True},
    ],
)
def test_a_config_that_makes_no_network_is_refused(change):
    with pytest.raises(ValueError, match=r"."):
        NetworkConfig.from_dict(SMALL.to_dict() | change)
