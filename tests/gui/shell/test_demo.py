from pathlib import Path

import pytest
from PyQt6.QtGui import QImage

from cubeview.errors import CubeviewError
from cubeview.gui.desk.samples import Sample, samples
from cubeview.gui.shell import demo as module


def test_the_demo_answers_for_each_sample_and_takes_pictures(
    qtbot, network, files, monkeypatch, tmp_path, own_home
):
    fake = (
        Sample("Heart", (Path("wren.dcm"),)),
        Sample("Sky", (Path("field.fits"),)),
    )
    monkeypatch.setattr(module, "samples", lambda: fake)
    heart, sky = module.demo(tmp_path / "demo.png")
    assert (heart["case"], heart["class"]) == ("Wren", "ischaemic")
    assert heart["map"] == "CAM for ischaemic"
    assert heart["abnormal"] == 0.93
    assert (sky["class"], sky["abnormal"]) == ("emission line", None)
    assert sky["picture"] == str(tmp_path / "demo-sky.png")
    for answer in (heart, sky):
        assert QImage(answer["picture"]).width() == module.SIZE[0]
    assert not (own_home / "data" / "settings.ini").exists(), "a demo remembers nothing"


def test_without_a_model_the_demo_says_so(qtbot, network, files, monkeypatch, tmp_path):
    network.known = []
    monkeypatch.setattr(module, "samples", lambda: (Sample("Sky", (Path("field.fits"),)),))
    (answer,) = module.demo(tmp_path / "demo.png")
    assert "No model is installed" in answer["problem"]


def test_without_samples_the_demo_says_what_to_do(qtbot, monkeypatch, tmp_path):
    monkeypatch.setattr(module, "samples", lambda: ())
    with pytest.raises(CubeviewError, match="samples are not installed"):
        module.demo(tmp_path / "demo.png")


def test_the_samples_are_shipped():
    assert [len(sample.paths) for sample in samples()] == [2, 1]
