"""``compare-masks`` and ``segment`` as they are typed."""

import json

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from cubeview.cli import main
from cubeview.cubes.mask import Mask, named
from cubeview.io.export.fits import write_cube
from cubeview.io.export.maps import write_nifti
from cubeview.io.export.masks import write_mask
from cubeview.io.masks import read_mask
from tests.measure.masks.test_compare import block, body
from tests.measure.masks.test_scribble import picture
from tests.measure.masks.test_sources import planted


def test_two_masks_are_compared(tmp_path, capsys):
    cube = body((8, 9, 10))
    for name, part in (("a", (2, 6)), ("b", (3, 7))):
        values = block(cube.shape, part, (2, 6), (2, 6)).astype(np.uint8)
        write_mask(Mask(values, named(["wall"]), cube), tmp_path / f"{name}.nii")
    paths = [str(tmp_path / f"{name}.nii") for name in "ab"]
    assert main(["compare-masks", *paths, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["labels"][0]["name"] == "wall"
    assert told["labels"][0]["dice"] == 0.75
    assert (told["labels"][0]["hd95"], told["unit"]) == (4.0, "mm")
    assert main(["compare-masks", *paths]) == 0
    assert "wall: Dice 0.750, HD95 4.0 mm" in capsys.readouterr().out
    other = body((8, 9, 11))
    write_mask(Mask(np.ones(other.shape), (), other), tmp_path / "c.nii")
    assert main(["compare-masks", str(tmp_path / "c.nii"), paths[0]]) == 2
    assert "outside the scan" in capsys.readouterr().err


def test_sources_become_a_mask_and_a_catalogue_and_replace_nothing(tmp_path, capsys):
    cube, lights = planted(1)
    write_cube(cube, tmp_path / "cube.fits")
    out, table = tmp_path / "m.fits", tmp_path / "m.ecsv"
    words = ["segment", str(tmp_path / "cube.fits"), "--method", "sources", "--out", str(out)]
    assert main([*words, "--catalogue", str(table), "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)["masks"]
    assert len(told["labels"]) == len(lights) == 3
    rows = Table.read(table)
    assert len(rows) == 3
    for row, label in zip(rows, told["labels"], strict=True):
        assert row["total"] == pytest.approx(label["total"])
        places = np.array([(12, 10, 11), (30, 28, 14), (24, 20, 31)])
        away = np.abs(places - [row["z"], row["y"], row["x"]]).max(axis=1).min()
        assert away < 1
        assert label["error"] > 0
    with fits.open(out, checksum=True) as hdus:
        hdus.verify("exception")
        assert hdus["SEGMENTS"].data.shape == cube.shape
    assert main(words) == 2
    assert "already" in capsys.readouterr().err


def test_strokes_grow_by_command_and_what_does_not_suit_is_refused(tmp_path, capsys):
    values, truth, strokes = picture()
    cube = body(values.shape)
    write_nifti(values, cube, tmp_path / "scan.nii")
    painted = np.where(strokes == -1, 0, np.where(strokes == 0, 255, strokes))
    write_mask(Mask(painted, named(["block"]), cube), tmp_path / "strokes.nii")
    words = ["segment", str(tmp_path / "scan.nii"), "--out", str(tmp_path / "m.nii.gz")]
    walk = [*words, "--method", "random-walker"]
    assert main([*walk, "--strokes", str(tmp_path / "strokes.nii")]) == 0
    assert "block: " in capsys.readouterr().out
    found = read_mask(tmp_path / "m.nii.gz")
    assert 2 * (found.values & truth).sum() / (found.values.sum() + truth.sum()) >= 0.9
    (tmp_path / "m.nii.gz").unlink()
    for more, why in (
        (walk, "--strokes"),
        ([*words, "--method", "wall"], "that of a heart"),
        ([*words, "--method", "sources"], "sky cubes"),
        ([*words[:2], "--out", str(tmp_path / "m.png"), "--method", "random-walker", "--strokes",
          str(tmp_path / "strokes.nii")], "saved as"),
    ):  # fmt: skip
        assert main(more) == 2
        assert why in capsys.readouterr().err
    assert not (tmp_path / "m.nii.gz").exists()
