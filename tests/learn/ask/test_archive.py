"""Many cases asked about: kept one by one, stopped and resumed, failures named."""

import json
import pickle
import shutil
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from cubeview.cli import main
from cubeview.commands.simulated import write_fields, write_pairs
from cubeview.cubes.region import window_at
from cubeview.errors import Cancelled
from cubeview.io import open_paths
from cubeview.learn.ask.archive import Work, judge, predict_cases
from cubeview.learn.heart.prepare import HeartConfig
from cubeview.learn.models import choose
from cubeview.learn.models.card import Card, ModelRef, read_card, write_card
from cubeview.learn.models.model import Model, save_model
from cubeview.learn.models.strided import NetworkConfig, build
from cubeview.learn.sky.prepare import SkyConfig
from cubeview.library.answers import features
from cubeview.library.folder import add_found, scan_folder
from cubeview.library.library import Library
from cubeview.library.schema import SPECT_SET
from cubeview.library.stored import hashes_of, records
from cubeview.library.worklist import rows

pytestmark = pytest.mark.usefixtures("hearts_once")

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

    weights = read_card(model).weights_sha256
    with pytest.raises(Cancelled):
        predict_cases(library, [1, 2, 3], wanted=str(model), report=stop_after_one)
    assert set(features(library, weights)) == {1}
    next((tmp_path / "scans").rglob("*stress*")).unlink()
    told = []
    batch = predict_cases(library, [1, 2, 3], wanted=str(model), done=told.append)
    assert (batch.asked + len(batch.failures), batch.before) == (2, 1)
    assert len(told) == batch.asked
    assert all("not where it was" in reason for _, reason in batch.failures)
    found = rows(library, {"heart": SPECT_SET}, weights_for=lambda *about: weights)
    assert sum(found[0].probabilities.values()) == pytest.approx(1.0)
    assert found[0].model == "small"
    assert features(library, weights)[1].shape == (8,)
    assert np.isfinite(features(library, weights)[1]).all()


def test_a_case_no_model_judges_is_a_failure_with_its_reason(library, monkeypatch):
    monkeypatch.setattr(choose, "find_models", lambda: ())
    batch = predict_cases(library, [1])
    assert batch.asked == 0
    assert "No model is installed" in batch.failures[0][1]


def kept(library):
    return library.read("SELECT case_id, task, weights, model, said, arrays, features FROM answers"
                        " ORDER BY case_id", ())  # fmt: skip


def without_time(row):
    said = json.loads(row[4])
    return (*row[:4], {**said, "seconds": 0}, *row[5:])


@pytest.fixture
def windows(tmp_path):
    """A library of windows of three simulated fields, which are prepared in no time."""
    library = Library(tmp_path / "sky.sqlite", "Anna")
    write_fields(tmp_path / "sky", 3, seed=1)
    for case in open_paths([tmp_path / "sky"]).cases:
        window = replace(case, window=window_at(case.main, 20, 20, 20))
        library.add_case(window, hashes_of(library, window))
    yield library
    library.close()


def test_in_processes_the_answers_are_the_same(windows, tmp_path):
    torch.manual_seed(0)
    network = NetworkConfig(
        widths=(4, 8), kernels=(4, 2), strides=(2, 1), padding="same", classes=2
    )
    card = Card("tiny", "sky", "Tiny", network.to_dict(), asdict(SkyConfig()),
                ("flux", "noise"), classes=("empty", "emission line"))  # fmt: skip
    model = str(save_model(Model(build(network), card, tmp_path), tmp_path / "tiny").folder)
    Path(records(windows)[2].files["flux"][2]).unlink()
    predict_cases(windows, [1, 2, 3], wanted=model)
    alone = [without_time(row) for row in kept(windows)]
    told, said = [], []
    batch = predict_cases(
        windows, [1, 2, 3], wanted=model, again=True, processes=2, done=told.append,
        report=lambda fraction, text: said.append(fraction),
    )  # fmt: skip
    assert [without_time(row) for row in kept(windows)] == alone
    assert (batch.asked, sorted(told), len(alone)) == (2, [1, 3], 2)
    assert "not where it was" in batch.failures[0][1]
    assert said == sorted(said)


def test_what_is_planned_and_what_is_answered_are_plain_values(library, model):
    work = Work(1, records(library)[1], model)
    answer = judge(pickle.loads(pickle.dumps(work)))
    assert pickle.loads(pickle.dumps(answer)) == answer


def test_a_folder_is_judged_without_a_library(tmp_path, library, model):
    (found, *_) = scan_folder(library, [tmp_path / "scans"]).cases
    assert judge(Work(0, found, model)).said


def test_the_command_asks_about_the_whole_library(library, model, capsys):
    words = ["library", "classify", "--model", str(model), "--library", str(library.path), "--json"]
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out) == {"asked": 3, "before": 0, "failures": []}
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out)["before"] == 3
    (found, *_) = rows(library, {})
    assert found.model == "small"


def test_the_default_model_is_the_one_that_is_asked(library, model, monkeypatch):
    other = model.with_name("other")
    shutil.copytree(model, other)
    write_card(replace(read_card(model), name="other", weights_sha256="0" * 64), other)
    refs = [ModelRef(folder.name, folder, read_card(folder)) for folder in (other, model)]
    monkeypatch.setattr(choose, "find_models", lambda: tuple(refs))
    assert predict_cases(library, [1], defaults={"heart": "small"}).asked == 1
    assert [row[3] for row in kept(library)] == ["small"]


def test_a_retrained_model_of_the_same_name_is_asked_again(library, model, tmp_path):
    assert predict_cases(library, [1], wanted=str(model)).asked == 1
    torch.manual_seed(1)
    card = read_card(model)
    network = build(NetworkConfig.from_dict(card.network))
    again = save_model(Model(network, card, tmp_path), tmp_path / "again").folder
    assert predict_cases(library, [1], wanted=str(again)).asked == 1
    assert predict_cases(library, [1], wanted=str(again)).before == 1
    assert {row[3] for row in kept(library)} == {"small"}
    assert len({row[4] for row in kept(library)}) == 2
