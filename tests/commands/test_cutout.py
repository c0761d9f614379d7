"""Cut-outs of cubes: coordinates by astropy, noise, mask and beam kept, standard FITS."""

import json
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from cubeview.cli import main
from cubeview.cubes.cube import ArrayPixels
from cubeview.cubes.part import part_of_cube
from cubeview.errors import CubeviewError
from cubeview.io import open_path
from cubeview.io.export.fits import write_cube
from tests.measure.sky.test_spectrum import BEAM, CHANNELS, cube


@pytest.fixture
def source(tmp_path):
    whole = cube()
    shape = whole.shape
    rng = np.random.default_rng(1)
    whole = replace(
        whole,
        pixels=ArrayPixels(rng.normal(size=shape)),
        uncertainty=ArrayPixels(rng.uniform(1, 2, shape)),
        mask=ArrayPixels(rng.random(shape) > 0.9),
    )
    path = tmp_path / "cube.fits"
    write_cube(whole, path)
    return path


def cut(source, *words, out="cut.fits"):
    path = source.with_name(out)
    assert main(["cutout", str(source), *words, "--out", str(path)]) == 0
    return path


def test_a_part_lies_where_it_lay_with_all_that_belongs_to_it(source):
    path = cut(source, "--box", "10:24,5:30", "--from", "115.025", "--to", "115.105")
    whole, part = open_path(source)[0].main, open_path(path)[0].main
    assert part.shape == (8, 26, 15)
    box = slice(3, 11), slice(5, 31), slice(10, 25)
    for mine, other in (
        (part.pixels, whole.pixels),
        (part.uncertainty, whole.uncertainty),
        (part.mask, whole.mask),
    ):
        np.testing.assert_allclose(mine.read(), other.box(box), rtol=1e-6)
    assert part.beam == pytest.approx(BEAM)
    assert part.axes[0].values == pytest.approx(CHANNELS[3:11])
    assert part.axes[0].frame == "LSRK"
    with fits.open(path) as parts, fits.open(source) as before:
        mine, other = WCS(parts["DATA"].header), WCS(before["DATA"].header)
        np.testing.assert_allclose(
            mine.wcs_pix2world([(4, 7, 2)], 0), other.wcs_pix2world([(14, 12, 5)], 0), rtol=1e-10
        )
        assert "rows 5 to 30" in str(parts[0].header["HISTORY"])
        assert "source SHA-256" in str(parts[0].header["HISTORY"])
    assert part.world(2, 7, 4) == pytest.approx(whole.world(5, 12, 14), rel=1e-10)


def test_what_is_written_is_standard(source):
    if shutil.which("fitsverify") is None:
        pytest.skip("fitsverify is not installed")
    for number, words in enumerate(([], ["--plane", "115.05"])):
        path = cut(source, "--box", "10:24,5:30", *words, out=f"cut{number}.fits")
        told = subprocess.run(["fitsverify", "-q", str(path)], capture_output=True, text=True)
        assert told.returncode == 0, told.stdout
        assert "verification OK" in told.stdout, told.stdout


def test_a_plane_is_an_image(source, capsys):
    path = cut(source, "--plane", "115.052", "--around", "2", "150", "6", "--json")
    told = json.loads(capsys.readouterr().out)
    assert told["shape"] == [1, 13, 13]
    whole = open_path(source)[0].main
    with fits.open(path) as parts:
        assert [part.name for part in parts[1:]] == ["DATA", "ERR", "DQ"]
        (_, low), (_, left) = ((end, start) for start, end in told["box"][1:])
        expected = whole.pixels.plane(0, 5)[low : low + 13, left : left + 13]
        assert np.array_equal(parts["DATA"].data, expected)
        ra, dec = WCS(parts["DATA"].header).wcs_pix2world(6, 6, 0)
        assert (float(ra), float(dec)) == pytest.approx((150, 2), abs=1e-4)
        assert parts["DATA"].header["BMAJ"] == pytest.approx(BEAM[0] / 3600)


def test_a_region_gives_the_rows_and_columns_it_touches(source):
    region = source.with_name("r.reg")
    region.write_text("image; polygon(10,10,20,10,20,20)\n")
    part = open_path(cut(source, "--region", str(region)))[0].main
    assert part.shape == (len(CHANNELS), 11, 11)


def test_what_cannot_be_cut_is_said(source, capsys):
    kept = source.read_bytes()
    out = ["--out", str(source.with_name("x.fits"))]
    for words in (
        [*out, "--box", "1:2"],
        [*out, "--box", "90:99,3:4"],
        [*out, "--from", "200"],
        [*out, "--plane", "300"],
        [*out, "--plane", "115.1", "--from", "115"],
        [*out, "--around", "2", "150", "-3"],
        ["--out", str(source)],
        ["--out", str(source), "--overwrite"],
    ):
        assert main(["cutout", str(source), *words]) == 2
        assert capsys.readouterr().err.startswith("cubeview: ")
    assert source.read_bytes() == kept
    with pytest.raises(CubeviewError, match="within the cube"):
        part_of_cube(cube(), (slice(0, 5), slice(0, 90), slice(0, 5)))


def test_smoothing_keeps_what_belongs_to_it_and_says_how(source, capsys):
    path = source.with_name("smooth.fits")
    beam = ["--beam", "9", "8", "20"]
    assert (
        main(["smooth", str(source), *beam, "--spectral", "3", "--out", str(path), "--json"]) == 0
    )
    told = json.loads(capsys.readouterr().out)
    assert told["beam"] == [9, 8, 20]
    assert "area of the beam" in told["done"][-1]
    with fits.open(path) as parts:
        assert parts["DATA"].header["BMAJ"] == pytest.approx(9 / 3600)
        assert "STAT" in parts
        assert "neighbours share their noise" in " ".join(parts[0].header["HISTORY"]).replace(
            "  ", " "
        )
    over = ["convert", str(source), "--over", str(source), "--log"]
    assert main([*over, "--out", str(source.with_name("ratio.fits"))]) == 0
    ratio = open_path(source.with_name("ratio.fits"))[0].main
    values = ratio.pixels.read()
    assert np.nanmax(np.abs(values)) < 1e-6  # log 1
    assert main(["smooth", str(source), "--out", str(path)]) == 2
    assert "--sky, --beam or --spectral" in capsys.readouterr().err
