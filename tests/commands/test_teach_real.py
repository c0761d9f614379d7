"""The eight real pairs go the whole way: table, fine-tune, evaluate, keep, predict."""

import json

import pytest

from cubeview.cli import main
from cubeview.learn.models.card import find_models, read_card
from cubeview.paths import data_dir, resource
from tests.helpers.realhearts import FOLDS, two_classes

pytestmark = pytest.mark.slow

BASE = "spect-mpi"


@pytest.fixture
def scans(shared_data):
    if not (resource("models") / BASE).is_dir():
        pytest.skip(f"the model {BASE} is not in resources/models")
    return shared_data / "spect_rest_stress"


@pytest.fixture
def table(scans, tmp_path):
    return two_classes(scans, tmp_path / "labels.csv")


def asked(capsys, *arguments):
    status = main([*map(str, arguments), "--json"])
    out = capsys.readouterr()
    assert status == 0, out.err
    return json.loads(out.out)


def test_from_the_table_to_an_answer_of_the_kept_model(scans, table, tmp_path, capsys):
    told = asked(
        capsys, "finetune", "--labels", table, "--base", BASE, "--folds", FOLDS, "--out", "mine",
        "--predictions", tmp_path / "out-of-fold.csv",
    )  # fmt: skip
    assert sum(map(sum, told["confusion"])) == 8
    assert set(told["classes"]) == {"healthy", "abnormal"}
    assert told["positive"] == ["abnormal"]
    assert len(told["auc"]["per_fold"]) == FOLDS
    assert told["base"]["auc"]["mean"] >= 0.9
    assert told["auc"]["mean"] >= told["base"]["auc"]["mean"] - 0.01
    assert any("Only 3 cases of healthy" in line for line in told["preflight"])
    assert len((tmp_path / "out-of-fold.csv").read_text().splitlines()) == 9

    (kept,) = [ref for ref in find_models() if ref.name == "mine"]
    assert kept.folder == data_dir() / "models" / "mine"
    assert kept.card.parent == read_card(resource("models") / BASE).weights_sha256
    seen = asked(capsys, "evaluate", "--labels", table, "--model", "mine")
    assert seen["cases"] == 8
    assert seen["auc"]["mean"] >= told["auc"]["mean"] - 0.1
    (answer,) = asked(
        capsys, "predict", scans / "P021_stress.dcm", scans / "P021_rest.dcm", "--model", "mine"
    )
    assert answer["model"] == "mine"
    assert sum(answer["probabilities"].values()) == pytest.approx(1)
    assert answer["abnormal"] > 0.5


def test_the_four_classes_as_they_are_can_be_measured_but_not_divided(scans, capsys):
    seen = asked(capsys, "evaluate", "--labels", scans / "labels.tsv", "--model", BASE)
    assert seen["classes"] == ["healthy", "ischaemic", "infarcted", "mixed"]
    assert sum(map(sum, seen["confusion"])) == 8
    status = main(
        ["finetune", "--labels", str(scans / "labels.tsv"), "--base", BASE, "--out", "four"]
    )
    assert status == 2
    assert "label more" in capsys.readouterr().err
    assert not (data_dir() / "models").exists()
