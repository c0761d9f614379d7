import json
import pickle
from dataclasses import replace

import pytest
import torch

from cubeview.errors import CubeviewError
from cubeview.learn.models.card import sha256
from cubeview.learn.models.model import Model, load_model, save_model
from cubeview.learn.models.strided import NetworkConfig, build
from tests.learn.models.test_card import HEART

CONFIG = NetworkConfig(widths=(4, 8), kernels=(4, 2), strides=(2, 1), padding="same")


@pytest.fixture
def saved(tmp_path):
    torch.manual_seed(2)
    network = build(CONFIG)
    network(torch.rand(4, 2, 8, 8, 8))
    card = replace(HEART, network=CONFIG.to_dict())
    return save_model(Model(network.eval(), card), tmp_path / "models" / "toy")


def test_logits_are_the_same_to_the_bit_after_a_save(saved):
    again = load_model(saved.folder)
    x = torch.rand(3, 2, 8, 8, 8)
    with torch.inference_mode():
        assert torch.equal(again.network(x), saved.network(x))
    assert not again.network.training
    assert again.card.weights_sha256 == saved.card.weights_sha256
    assert again.card.versions["torch"]
    assert [path.name for path in saved.folder.parent.iterdir()] == ["toy"]


def test_a_model_is_never_overwritten(saved):
    with pytest.raises(CubeviewError, match="already"):
        save_model(saved, saved.folder)


def change_card(folder, **change):
    path = folder / "card.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))


def refusal(folder):
    with pytest.raises(CubeviewError) as caught:
        load_model(folder)
    assert str(folder) in str(caught.value)
    return str(caught.value)


def test_other_weights_are_refused(saved):
    path = saved.folder / "weights.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert "SHA-256" in refusal(saved.folder)


def test_weights_of_another_shape_are_refused(saved):
    network = CONFIG.to_dict() | {"widths": [4, 6]}
    change_card(saved.folder, network=network)
    assert "do not fit" in refusal(saved.folder)
    change_card(saved.folder, network=network | {"batch_norm": False})
    assert "do not fit" in refusal(saved.folder)
    change_card(saved.folder, network=network | {"kernels": "big"})
    assert "cannot be built" in refusal(saved.folder)


def test_weights_that_are_not_finite_are_refused(saved, tmp_path):
    with torch.no_grad():
        saved.network.head.bias[0] = float("nan")
    broken = save_model(saved, tmp_path / "broken")
    assert "not finite" in refusal(broken.folder)


def test_pickles_are_refused(saved, tmp_path):
    path = saved.folder / "weights.safetensors"
    for data in (pickle.dumps({"a": 1}), None):
        if data is None:
            torch.save({"a": torch.zeros(1)}, path)
        else:
            path.write_bytes(data)
        assert "pickle" in refusal(saved.folder)
    path.rename(saved.folder / "weights.pt")
    assert "pickle" in refusal(saved.folder)
    (saved.folder / "weights.pt").unlink()
    assert "missing" in refusal(saved.folder)


def test_damaged_weights_are_refused(saved):
    path = saved.folder / "weights.safetensors"
    for data in (b"", path.read_bytes()[:100]):
        path.write_bytes(data)
        change_card(saved.folder, weights_sha256=sha256(data))
        assert "not a safetensors file" in refusal(saved.folder)
    path.write_bytes(bytes(20_000_000))
    assert "larger" in refusal(saved.folder)
