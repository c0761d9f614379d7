"""Variations drawn for a batch come out the same for any share of it, and on any device."""

import numpy as np
import pytest
import torch

from cubeview.learn.examples.dataset import Dataset
from cubeview.learn.train.fit import resident
from cubeview.learn.train.recipe import Schedule
from cubeview.learn.train.variation import applied, applied_there, draw

FULL = Schedule(shift=2, gain=0.2, contrast=0.2, flip=True, field=0.1)


def cubes(n=6):
    return np.random.default_rng(5).random((n, 2, 7, 8, 9)).astype(np.float32)


@pytest.mark.parametrize("schedule", [FULL, Schedule(shift=0), Schedule(shift=1, field=0.05)])
def test_the_device_varies_as_the_processor_does(schedule):
    variation = draw(schedule, 6, 2, np.random.default_rng(1))
    there = applied_there(torch.from_numpy(cubes()), variation).numpy()
    np.testing.assert_allclose(there, applied(cubes(), variation), rtol=2e-6, atol=1e-6)


def test_shares_of_a_batch_put_together_are_the_batch():
    variation = draw(FULL, 6, 2, np.random.default_rng(1))
    whole = applied(cubes(), variation)
    for rank in range(2):
        share = slice(rank, None, 2)
        part = applied(cubes()[share], variation.of(share))
        np.testing.assert_allclose(part, whole[share], rtol=1e-6)


def test_data_in_the_devices_memory_give_the_same_batches():
    values = cubes(10).astype(np.float16)
    data = Dataset((values[:5], values[5:]), 9, 3)
    chosen = np.array([8, 0, 4, 5])
    variation = draw(FULL, 4, 2, np.random.default_rng(2))
    batch = resident(data, torch.device("cpu"))(chosen, variation)
    assert batch.dtype == torch.float32
    expected = applied(data.inputs(chosen), variation)
    np.testing.assert_allclose(batch.numpy(), expected, rtol=2e-6, atol=1e-6)
