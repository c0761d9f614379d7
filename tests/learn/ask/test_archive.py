"""Many cases asked about: kept one by one, stopped and resumed, failures named."""

import numpy as np
import pytest
import torch

from cubeview.commands.simulated import write_pairs
from cubeview.errors import Cancelled
from cubeview.learn.ask.archive import predict_cases
from cubeview.learn.heart.prepare import HeartConfig
from cubeview.learn.models.card import Card
from cubeview.learn.models.model import Model, save_model
from cubeview.learn.models.strided import NetworkConfig, build
from cubeview.library.folder import add_found, scan_folder
from cubeview.library.library import Library
from cubeview.library.schema import SPECT_SET
from cubeview.library.worklist import rows

CLASSES = ("healthy", "ischaemic", "infarcted", "mixed", "artefact")


@pytest.fixture
def model(tmp_path):
    torch.manual_seed(0)
    network = NetworkConfig(widths=(4, 8), kernels=(4, 2), strides=(2, 1), padding="same")
    card = Card(
        name="small",
        kind="heart",
        title="Small",
        network=network.to_dict(),
        preprocess=HeartConfig().to_dict(),
        channels=("rest", "stress"),
        classes=CLASSES,
    )
    return save_model(Model(build(network), card, tmp_path), tmp_path / "small").folder


@pytest.fixture
def library(tmp_path):
    write_pairs(tmp_path / "scans", 3, seed=1)
    library = Library(tmp_path / "library.sqlite", "Anna")
    add_found(library, scan_folder(library, [tmp_path / "scans"]).new)
    yield library
    library.close()


def test_a_batch_is_kept_as_it_goes_and_resumed(library, model, tmp_path):
    def stop_after_one(fraction, text):
        if fraction > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        predict_cases(library, [model], [1, 2, 3], report=stop_after_one)
    assert set(library.features("small")) == {1}
    next((tmp_path / "scans").rglob("*stress*")).unlink()
    told = []
    batch = predict_cases(library, [model], [1, 2, 3], done=told.append)
    assert (batch.asked + len(batch.failures), batch.before) == (2, 1)
    assert len(told) == batch.asked
    assert all("not where it was" in reason for _, reason in batch.failures)
    found = rows(library, {"heart": SPECT_SET})
    assert sum(found[0].probabilities.values()) == pytest.approx(1.0)
    assert found[0].model == "small"
    assert library.features("small")[1].shape == (8,)
    assert np.isfinite(library.features("small")[1]).all()


def test_a_case_no_model_judges_is_a_failure_with_its_reason(library):
    batch = predict_cases(library, [], [1])
    assert batch.asked == 0
    assert "no model" in batch.failures[0][1]
