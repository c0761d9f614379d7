"""A fine-tune that is killed leaves the library and all models as they were."""

import os
import subprocess
import sys

import pytest
import torch

from cubeview.commands.simulated import write_pairs
from cubeview.io.identity import file_hashes
from cubeview.learn.heart.prepare import HeartConfig
from cubeview.learn.models.card import find_models
from cubeview.learn.models.model import Model, save_model
from cubeview.learn.models.packs import folder_for
from cubeview.learn.models.strided import build
from cubeview.library.repair import open_library
from cubeview.library.table import open_row, read_table
from cubeview.paths import data_dir
from tests.learn.teach.test_finetune import SMALL, card

pytestmark = pytest.mark.slow


def files(folder):
    return {
        path: path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(("-wal", "-shm"))
    }


def test_killing_a_finetune_leaves_library_and_models_intact(tmp_path):
    torch.manual_seed(0)
    base = card(preprocess=HeartConfig().to_dict())
    save_model(Model(build(SMALL).eval(), base), folder_for("small"))
    for number, label in enumerate(("healthy", "ischaemic")):
        write_pairs(tmp_path / label, 2, seed=number, label=label)
    lines = ["case,class,rest,stress"]
    for label in ("healthy", "ischaemic"):
        for line in (tmp_path / label / "cases.csv").read_text().splitlines()[1:]:
            name, _, rest, stress = line.split(",")
            lines.append(f"{name},{label},{label}/{rest},{label}/{stress}")
    table = tmp_path / "labels.csv"
    table.write_text("\n".join(lines))
    library, _ = open_library(data_dir() / "library.sqlite", "reader")
    (heart,) = library.label_sets("heart")
    for row in read_table(table):
        case = open_row(row)
        library.label(library.add_case(case, file_hashes(case)), row.class_name, label_set=heart)
    labels = library.current(heart)
    library.close()
    before = files(data_dir())
    models = [ref.name for ref in find_models()]
    work = subprocess.Popen(
        [
            *(sys.executable, "-m", "cubeview", "finetune", "--labels", str(table)),
            *("--base", "small", "--folds", "2", "--steps", "1000000", "--out", "mine"),
        ],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert any("step" in line for line in work.stderr)
    finally:
        work.kill()
        work.wait()
        work.stderr.close()
    assert files(data_dir()) == before
    assert [ref.name for ref in find_models()] == models
    again, told = open_library(data_dir() / "library.sqlite", "reader")
    assert not told
    assert again.current(heart) == labels
    again.close()
