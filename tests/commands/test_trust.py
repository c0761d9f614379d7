"""``trust``: the figures of a model, written beside its card or where they are asked for."""

import json

import pytest

from cubeview.cli import main
from cubeview.learn.measure import trust

pytestmark = pytest.mark.usefixtures("hearts_once")


@pytest.mark.slow
def test_figures_of_a_model_are_told_and_written(tmp_path, monkeypatch, capsys):
    for name, value in (("_LEARN_EPOCHS", 1), ("STEPS", 2), ("SIZES", (0.01, 0.05)), ("_MAPS", 1)):
        monkeypatch.setattr(trust, name, value)
    monkeypatch.setattr(trust, "CONFIDENT", 0.2)
    path = tmp_path / "trust.json"
    asked = ["trust", "--model", "spect-mpi", "--cases", "5", "--out", str(path), "--json"]
    assert main(asked) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == json.loads(path.read_text())
    assert told["confident"] >= 4
    assert len(told["flips"]) == 4
    assert all(0 <= share <= 1 for share in told["flips"].values())
    assert told["adversarial"]["0.01"] <= told["adversarial"]["0.05"]
    assert set(told["usual_fall"]) == {"ischaemic", "infarcted", "mixed"}
    assert 0 <= told["significance"]["normal_marked"] <= 1
    assert 0 <= told["maps"]["alike"] <= 1


def test_too_few_cases_are_refused(capsys):
    assert main(["trust", "--model", "spect-mpi", "--cases", "2", "--json"]) == 2
    assert "5 or more" in json.loads(capsys.readouterr().out)["error"]
