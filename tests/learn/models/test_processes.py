"""Several processes train to the model that one alone would."""

import csv
import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from cubeview.commands.simulated import write_pairs
from cubeview.learn.heart.prepare import HeartConfig
from cubeview.learn.models.card import read_card
from cubeview.learn.models.model import Model, load_model, save_model
from cubeview.learn.models.strided import build
from cubeview.learn.train.fit import CHECKPOINT
from tests.learn.teach.test_finetune import SMALL, card
from tests.learn.train.test_train import RECIPE

pytestmark = pytest.mark.slow


def chances(path):
    with path.open(newline="") as stream:
        return np.array([[float(v) for v in row[3:]] for row in list(csv.reader(stream))[1:]])


def test_two_processes_under_torchrun_give_the_model_of_one(tmp_path):
    torch.manual_seed(1)
    network = card(preprocess=HeartConfig().to_dict())
    save_model(Model(build(SMALL).eval(), network), tmp_path / "base")
    write_pairs(tmp_path, 20, seed=3)
    table = tmp_path / "cases.csv"
    rows = table.read_text().splitlines()
    kept = [row for row in rows if ",healthy," in row or ",ischaemic," in row]
    table.write_text("\n".join([rows[0], *kept]))
    asked = ["finetune", "--labels", str(table), "--base", str(tmp_path / "base"), "--folds", "2"]
    asked += ["--steps", "8", "--rate", "0.01", "--json", "--augment", "shift", "--copies", "1"]
    several = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    documents = {}
    for name, launch in (("one", []), ("two", several)):
        done = subprocess.run(
            [
                *(sys.executable, *launch, "-m", "cubeview", *asked),
                *("--out", str(tmp_path / name), "--predictions", str(tmp_path / f"{name}.csv")),
            ],
            env={**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        documents[name] = json.loads(done.stdout)
    assert documents["two"]["auc"]["mean"] == pytest.approx(documents["one"]["auc"]["mean"])
    one, two = (chances(tmp_path / f"{name}.csv") for name in ("one", "two"))
    np.testing.assert_allclose(two, one, atol=1e-4)
    ours, theirs = (load_model(tmp_path / n).network.state_dict() for n in ("one", "two"))
    for name, value in ours.items():
        torch.testing.assert_close(value, theirs[name], atol=1e-4, rtol=0)
    start = load_model(tmp_path / "base").network.state_dict()
    assert any(not torch.equal(ours[name], start[name]) for name in ours)


def launched(words, out, *, processes=1):
    several = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    done = subprocess.run(
        [
            *(sys.executable, *(several if processes > 1 else []), "-m", "cubeview", "train"),
            *(*words, "--out", str(out)),
        ],
        env={**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return done


def test_two_processes_train_together(tmp_path):
    """Without batch normalisation to the weights of one process, with it to much the same."""
    for name, change in (
        ("plain", "widths = [4, 4, 8, 8]\nbatch_norm = false"),
        ("norm", "widths = [4, 4, 8, 8]"),
    ):
        recipe = tmp_path / f"{name}.toml"
        recipe.write_text(RECIPE.replace("widths = [4, 4, 8, 8]", change))
        models = []
        for processes in (1, 2):
            out = tmp_path / f"{name}-{processes}"
            words = [str(recipe), "--work", f"{out}.work", "--data", str(tmp_path / "cases")]
            done = launched(words, out, processes=processes)
            assert done.stdout.split() == [str(out)]
            assert read_card(out).training["cases_per_second"] > 0
            models.append(load_model(out))
        one, two = models
        assert (one.card.training["processes"], two.card.training["processes"]) == (1, 2)
        atol = 1e-5 if name == "plain" else 0.05
        for key, value in one.network.state_dict().items():
            torch.testing.assert_close(two.network.state_dict()[key], value, atol=atol, rtol=0.05)
        losses = [model.card.training["losses"] for model in models]
        np.testing.assert_allclose(losses[1], losses[0], atol=1e-3 if name == "plain" else 0.2)


def test_training_killed_half_way_goes_on_to_the_same_model(tmp_path):
    recipe = tmp_path / "long.toml"
    recipe.write_text(RECIPE.replace("epochs = 2", "epochs = 40"))
    words = [str(recipe), "--data", str(tmp_path / "cases")]
    launched(words, tmp_path / "whole")
    out = tmp_path / "killed"
    work = subprocess.Popen(
        [sys.executable, "-m", "cubeview", "train", *words, "--out", str(out)],
        env={**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
        stderr=subprocess.DEVNULL,
    )
    checkpoint = out.with_name("killed.work") / CHECKPOINT
    deadline = time.monotonic() + 300
    while not checkpoint.is_file() and work.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    work.kill()
    work.wait()
    assert checkpoint.is_file()
    assert not out.exists()
    launched(words, out)
    assert read_card(out).weights_sha256 == read_card(tmp_path / "whole").weights_sha256
