"""Several processes train to the model that one alone would."""

import csv
import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from cubeview.learn.model import Model, load_model, save_model
from cubeview.learn.network import build
from cubeview.learn.preprocess import HeartConfig
from cubeview.learn.simulated import write_pairs
from tests.learn.test_finetune import SMALL, card

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
