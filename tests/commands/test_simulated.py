"""Simulated files open again as what they were made as, with their truth beside them."""

import csv
import shutil
import subprocess

import numpy as np
import pytest

from cubeview.commands.simulated import write_fields, write_pairs
from cubeview.errors import CubeviewError
from cubeview.io import open_paths
from cubeview.library.table import open_row, read_table


def test_pairs_come_back_as_pairs_with_their_classes(tmp_path):
    written = write_pairs(tmp_path, 2, seed=5)
    opened = open_paths([tmp_path])
    assert not opened.refusals
    assert [case.roles for case in opened.cases] == [("stress", "rest")] * 2
    assert not any(case.question for case in opened.cases)
    rows = read_table(tmp_path / "cases.csv")
    assert [row.class_name for row in rows] == ["healthy", "ischaemic"]
    truth = np.load(next(path for path in written if path.suffix == ".npz"))
    assert truth["myocardium_stress"].shape == opened.cases[0].main.shape
    assert open_row(rows[0]).roles == ("stress", "rest")


def test_the_same_seed_writes_the_same_files(tmp_path):
    first = write_pairs(tmp_path / "a", 1, seed=5, label="mixed")
    second = write_pairs(tmp_path / "b", 2, seed=5, label="mixed")
    for path in first[:2]:
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()
    assert len(second) == 7
    with pytest.raises(CubeviewError, match="no class 'odd'"):
        write_pairs(tmp_path, 1, seed=0, label="odd")


def test_a_field_comes_back_with_its_sources_in_place(tmp_path):
    write_fields(tmp_path, 1, seed=2, shape=(40, 32, 32))
    rows = read_table(tmp_path / "windows.csv")
    with (tmp_path / "ifu2.csv").open() as stream:
        places = [[float(line[axis]) for axis in "zyx"] for line in csv.DictReader(stream)]
    assert len(rows) == len(places) > 5
    for row, place in zip(rows, places, strict=True):
        found = open_row(row).main.index(*row.place)
        assert found == pytest.approx(place, abs=0.01)


@pytest.mark.skipif(not shutil.which("dciodvfy"), reason="dciodvfy (dicom3tools) not installed")
def test_dciodvfy_finds_no_error_in_simulated_scans(tmp_path):
    for path in write_pairs(tmp_path, 1, seed=5)[:2]:
        told = subprocess.run(["dciodvfy", path], capture_output=True, text=True, check=False)
        assert "Error" not in told.stderr


@pytest.mark.skipif(not shutil.which("fitsverify"), reason="fitsverify not installed")
def test_fitsverify_finds_nothing_in_simulated_cubes(tmp_path):
    path = write_fields(tmp_path, 1, seed=2, shape=(20, 20, 20))[0]
    told = subprocess.run(["fitsverify", "-q", path], capture_output=True, text=True, check=False)
    assert told.stdout.startswith("verification OK")
