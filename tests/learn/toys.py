"""Small networks, cases and inputs with known answers."""

from dataclasses import replace

import numpy as np
import torch

from cubeview.cubes.axes import Axis
from cubeview.cubes.case import Case
from cubeview.cubes.cube import ArrayPixels, Cube
from cubeview.learn.models.model import Model
from cubeview.learn.models.prepared import Prepared
from cubeview.learn.models.strided import NetworkConfig, build
from tests.learn.models.test_card import HEART

CONFIG = NetworkConfig(
    widths=(4, 6, 8), kernels=(4, 2, 2), strides=(2, 1, 1), padding=((1, 1), (0, 1), (1, 0))
)


def toy_model(config=CONFIG, seed=3):
    """Return an untrained model whose normalisations have statistics of their own."""
    torch.manual_seed(seed)
    network = build(config)
    for _ in range(20):
        network(torch.rand(4, config.channels_in, *config.layout.sides(20)))
    return Model(network.eval(), replace(HEART, network=config.to_dict()))


def summing_model(config=CONFIG):
    """Return a model whose first logit grows wherever something is, and nowhere else."""
    config = replace(config, batch_norm=False, mean=(0.0, 0.0), std=(1.0, 1.0))
    model = toy_model(config)
    with torch.no_grad():
        for name, weight in model.network.named_parameters():
            weight.fill_(0.0 if "bias" in name else 0.01)
        model.network.head.weight[1] = -0.01
    return model


def heart_case(values, voxel_mm=5.0):
    """Return a case whose two states hold the values, shape (2, z, y, x), rest first."""
    cubes = {}
    for role, array in zip(("rest", "stress"), values, strict=True):
        axes = tuple(
            Axis(name=name, kind="space", unit="mm", values=np.arange(n) * voxel_mm)
            for name, n in zip(("Slice", "Row", "Column"), array.shape, strict=True)
        )
        cubes[role] = Cube(axes=axes, pixels=ArrayPixels(array), kind="heart")
    return Case(name="toy", kind="heart", cubes={"stress": cubes["stress"], "rest": cubes["rest"]})


def turned(values):
    """Return a preparation that shows cubes mirrored on the first axis and shifted on the last.

    Input voxel (d, h, w) is cube voxel (15 - d, h, w + 3); the cubes are wider than the input.
    """
    values = np.asarray(values, dtype=np.float32)  # (2, 16, 16, 16), as the network sees it
    cubes = np.pad(values[:, ::-1], ((0, 0), (0, 0), (0, 0), (3, 2)))
    grid = np.array([[-1, 0, 0, 15], [0, 1, 0, 0], [0, 0, 1, 3], [0, 0, 0, 1]], dtype=float)
    return Prepared(heart_case(cubes), values, {"rest": grid, "stress": grid})


def to_voxel(d, h, w):
    """Return the cube voxel of an input voxel of `turned`."""
    return 15 - d, h, w + 3
