"""An ensemble is one network: its answers, its maps and its occlusion are the members' means."""

import numpy as np
import pytest
import torch

from cubeview.learn.explain.occluder import Occluder
from cubeview.learn.models.ensemble import combined
from cubeview.learn.models.strided import NetworkConfig, build, fold_batch_norm
from tests.learn.toys import CONFIG, toy_model


@pytest.fixture
def members():
    return [toy_model(seed=seed).network for seed in (1, 2, 3)]


def test_it_answers_with_the_mean_of_the_logits(members):
    whole = combined(members)
    x = torch.rand(3, 2, 20, 20, 20)
    with torch.inference_mode():
        mean = torch.stack([network(x) for network in members]).mean(dim=0)
        torch.testing.assert_close(whole(x), mean, rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(fold_batch_norm(whole)(x), mean, rtol=1e-4, atol=1e-5)
    assert whole.config.groups == 3
    assert NetworkConfig.from_dict(whole.config.to_dict()) == whole.config
    convolutions = sum(block.conv.weight.numel() for block in whole.blocks)
    assert whole.config.weights == convolutions + whole.head.weight.numel()


def test_its_map_is_the_mean_of_the_members_maps(members):
    whole = combined(members)
    x = torch.rand(1, 2, 20, 20, 20)
    with torch.inference_mode():
        maps = [torch.tensordot(n.head.weight[2], n.features(x)[0], dims=1) for n in members]
        ours = torch.tensordot(whole.head.weight[2], whole.features(x)[0], dims=1)
    torch.testing.assert_close(ours, torch.stack(maps).mean(dim=0), rtol=1e-4, atol=1e-5)


def test_occlusion_of_it_is_exact(members):
    whole = combined(members)
    shown = torch.rand(2, 20, 20, 20)
    hidden = torch.zeros_like(shown)
    starts = np.array([[0, 0, 0], [5, 9, 2], [12, 12, 12], [7, 7, 7]])
    with torch.inference_mode():
        found = np.empty((len(starts), whole.config.classes), np.float32)
        for which, drops in Occluder(whole, shown, hidden).drops(starts, (8, 8, 8)):
            found[which] = drops
        before = whole(shown[None])
        for row, (z, y, x) in enumerate(starts):
            covered = shown.clone()
            covered[:, z : z + 8, y : y + 8, x : x + 8] = 0
            drop = (before - whole(covered[None]))[0].numpy()
            np.testing.assert_allclose(found[row], drop, atol=1e-5)


def test_one_network_stays_itself_and_others_are_refused(members):
    assert combined(members[:1]) is members[0]
    with pytest.raises(ValueError, match="one layout"):
        combined([members[0], build(NetworkConfig(widths=(4, 4, 4, 4)))])
    with pytest.raises(ValueError, match="multiples"):
        NetworkConfig(groups=3)
    assert CONFIG.groups == 1
