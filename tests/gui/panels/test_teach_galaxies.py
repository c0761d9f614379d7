"""A question of the user's own about pictures: a folder of cut-outs, labels, Teach, an answer."""

import numpy as np
import pytest
import torch
from PIL import Image
from PyQt6.QtCore import Qt

from cubeview.gui.panels.teach import TeachPanel
from cubeview.io import open_path
from cubeview.learn.ask.predict import predict
from cubeview.learn.explain.methods import make_map
from cubeview.learn.explain.question import OcclusionSettings
from cubeview.learn.models.card import Card, find_models
from cubeview.learn.models.model import Model, load_model, save_model
from cubeview.learn.models.strided import NetworkConfig, build
from cubeview.library.folder import add_found, scan_folder
from cubeview.library.library import LabelClass
from cubeview.paths import data_dir

QUESTION = "Is it smooth?"
CLASSES = (("smooth", "1", "#4aa3ff"), ("featured", "2", "#5ac58e"))


def cut_out(path, smooth, rng):
    """Write a disc of light, whole or cut into stripes, on a noisy sky."""
    y, x = np.mgrid[:48, :48] - 23.5
    light = 180.0 * np.exp(-(x**2 + y**2) / 160)
    if not smooth:
        turn = rng.uniform(0, np.pi)
        light *= 0.5 + 0.5 * np.cos((np.cos(turn) * x + np.sin(turn) * y) * 1.6)
    values = light[..., None] * rng.uniform(0.6, 1, 3) + 20 + rng.normal(0, 2, (48, 48, 3))
    Image.fromarray(values.clip(0, 255).astype(np.uint8)).save(path)


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    out = tmp_path / "cut-outs"
    out.mkdir()
    for number in range(12):
        cut_out(out / f"g{number:02d}.png", number % 2 == 0, rng)
    cut_out(tmp_path / "new.png", False, rng)
    return out


@pytest.fixture
def base(own_home):
    torch.manual_seed(1)
    network = NetworkConfig(
        channels_in=1, classes=2, widths=(6, 10), kernels=(4, 3), strides=(2, 1), padding="same",
        flat=True, mean=(0.25,), std=(0.25,),
    )  # fmt: skip
    card = Card(
        name="small",
        kind="picture",
        title="Small network",
        network=network.to_dict(),
        preprocess={"kind": "picture", "size": 32},
        channels=("light",),
        classes=("barred", "unbarred"),
    )
    return save_model(Model(build(network).eval(), card), data_dir() / "models" / "small")


def test_a_question_of_ones_own_is_taught_and_answered(base, desk, folder, qtbot, tmp_path):
    library = desk.records.library
    scan = scan_folder(library, [folder])
    assert scan.summary()["pictures"] == 12
    numbers = add_found(library, scan.new)
    classes = [LabelClass(*one, "", False) for one in CLASSES]
    library.save_label_set(QUESTION, "picture", classes)
    for number, case in zip(numbers, scan.cases, strict=True):
        said = "smooth" if int(case.name[1:]) % 2 == 0 else "featured"
        library.label(number, said, label_set=QUESTION)
    panel = TeachPanel(desk.session, desk.jobs, desk.records, desk.memory)
    qtbot.addWidget(panel)
    panel.show()
    desk.session.add_cases(new := open_path(tmp_path / "new.png"))
    desk.session.set_case(new[0])
    panel.refresh()
    choices = panel.choices
    assert choices.model.card.kind == "picture", "the base fits the case at hand"
    choices.base.setCurrentIndex(choices.base.findData("small"))
    panel.refresh()
    assert choices.model.name == "small", "the user's choice stays"
    assert choices.counts.text() == "12 cases: 6 smooth, 6 featured"
    choices.folds.setValue(3)
    choices.layers.setCurrentIndex(choices.layers.findData("head"))
    qtbot.mouseClick(panel.run_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not desk.jobs.running(), timeout=300_000)
    assert not panel.problem.text()
    panel.result.name.setText("smoothness")
    qtbot.mouseClick(panel.result.keep_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not desk.jobs.running(), timeout=300_000)
    (kept,) = [ref for ref in find_models() if ref.name == "smoothness"]
    model = load_model(kept.folder)
    answer = predict(model, new[0])
    assert answer.answer == "featured"
    for method, settings in (("cam", None), ("occlusion", OcclusionSettings(stride=8))):
        found = make_map(model, new[0], "featured", method, settings)
        assert set(found.values) == {"red", "green", "blue"}
        part = found.boxes["green"]
        assert found.values["green"].shape == tuple(p.stop - p.start for p in part)
        assert part[1].stop <= 48
        assert found.peak > 0
