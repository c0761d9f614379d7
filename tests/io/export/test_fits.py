"""What is written comes back through our reader and astropy, and fitsverify finds no fault."""

import json
import shutil
import subprocess
from dataclasses import replace

import nibabel
import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from cubeview.cubes.answer import Overlay
from cubeview.cubes.axes import Axis, plain_axis
from cubeview.cubes.case import Case
from cubeview.cubes.cube import ArrayPixels, Cube
from cubeview.errors import CubeviewError
from cubeview.io import open_path
from cubeview.io.export import overlay as export
from cubeview.io.export.fits import write_cube
from cubeview.io.export.overlay import write_overlay
from cubeview.io.info import describe

SHAPE = (6, 4, 5)
RNG = np.random.default_rng(6)
FLUX = RNG.normal(size=SHAPE).astype(np.float32)


def sky_wcs():
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = "RA---TAN", "DEC--TAN"
    wcs.wcs.crval = 150.0, 2.0
    wcs.wcs.crpix = 3.0, 2.0
    wcs.wcs.cdelt = -5e-5, 5e-5
    wcs.wcs.radesys = "ICRS"
    return wcs


def cube_of(values, kind="AWAV", axis_unit="Angstrom", **fields):
    wcs = sky_wcs()
    ra, _ = wcs.wcs_pix2world(np.arange(5), np.full(5, 1.5), 0)
    _, dec = wcs.wcs_pix2world(np.full(4, 2.0), np.arange(4), 0)
    name = {"AWAV": "Wavelength", "WAVE": "Wavelength", "FREQ": "Frequency"}.get(kind, "Velocity")
    return Cube(
        axes=(
            Axis(name, "spectral", axis_unit, np.asarray(values), type=kind),
            Axis("Dec", "celestial", "deg", dec, type="DEC--TAN"),
            Axis("RA", "celestial", "deg", ra, type="RA---TAN"),
        ),
        pixels=ArrayPixels(FLUX),
        kind="sky",
        wcs=wcs,
        **fields,
    )


def verify(path):
    tool = shutil.which("fitsverify")
    if tool is None:
        pytest.skip("fitsverify is not installed")
    done = subprocess.run([tool, "-q", str(path)], capture_output=True, text=True, check=False)
    assert "verification OK" in done.stdout, done.stdout


AXES = {
    "linear": (4750 + 1.25 * np.arange(6), "AWAV", "Angstrom"),
    "falling": (115.2 - 0.001 * np.arange(6), "FREQ", "GHz"),
    "logarithmic": (3600 * np.exp(1e-3 * np.arange(6)), "WAVE", "Angstrom"),
    "table": (np.array([5.0, 5.2, 5.3, 5.7, 6.0, 7.0]), "WAVE", "um"),
    "velocity": (-50 + 0.5 * np.arange(6), "VRAD", "km/s"),
}


@pytest.mark.parametrize("name", AXES)
def test_a_cube_comes_back(name, tmp_path):
    values, kind, unit = AXES[name]
    mask = np.zeros(SHAPE)
    mask[1, 2, 3] = 1
    sigma = RNG.uniform(0.5, 2, SHAPE)
    cube = cube_of(
        values,
        kind,
        unit,
        unit="1e-20 erg s-1 cm-2 Angstrom-1",
        uncertainty=ArrayPixels(sigma),
        mask=ArrayPixels(mask),
        facts={"object": "Mock field", "instrument": "MUSE"},
    )
    path = tmp_path / "out.fits"
    write_cube(cube, path)
    verify(path)
    (case,) = open_path(path)
    back = case.main
    assert case.name == "Mock field"
    assert np.array_equal(back.pixels.read(), FLUX)
    assert np.allclose(back.uncertainty.read(), sigma, rtol=1e-6)
    assert np.array_equal(back.mask.read(), mask)
    assert back.unit == cube.unit
    assert back.facts["uncertainty"] == "variance"
    assert back.axes[0].unit == unit
    assert back.axes[0].values == pytest.approx(cube.axes[0].values, rel=1e-9)
    for voxel in [(0, 0, 0), (5, 3, 4), (2, 1, 3)]:
        assert back.world(*voxel) == pytest.approx(cube.world(*voxel), rel=1e-9)
    assert not list(tmp_path.glob("*.part"))
    assert not [note for note in back.notes if note.level != "info"]


def test_astropy_reads_what_is_written(tmp_path):
    cube = cube_of(4750 + 1.25 * np.arange(6), uncertainty=ArrayPixels(np.full(SHAPE, 2.0)))
    write_cube(cube, tmp_path / "out.fits")
    with fits.open(tmp_path / "out.fits") as hdus:
        assert [hdu.name for hdu in hdus] == ["PRIMARY", "DATA", "STAT"]
        assert np.array_equal(hdus["DATA"].data, FLUX)
        assert np.all(hdus["STAT"].data == 4.0)
        wcs = WCS(hdus["DATA"].header)
        ra, dec, wave = wcs.wcs_pix2world([[4, 3, 5]], 0)[0]
    assert (wave * 1e10, dec, ra) == pytest.approx(cube.world(5, 3, 4))


def test_noise_of_tiny_fluxes_comes_back(tmp_path):
    cube = cube_of(4750 + 1.25 * np.arange(6), uncertainty=ArrayPixels(np.full(SHAPE, 1e-22)))
    write_cube(cube, tmp_path / "out.fits")
    verify(tmp_path / "out.fits")
    assert open_path(tmp_path / "out.fits")[0].main.uncertainty.read() == pytest.approx(1e-22)


def test_a_cube_without_coordinates(tmp_path):
    axes = tuple(plain_axis(n, name) for n, name in zip(SHAPE, "zyx", strict=True))
    cube = Cube(axes=axes, pixels=ArrayPixels(FLUX), kind="volume")
    write_cube(cube, tmp_path / "out.fits")
    verify(tmp_path / "out.fits")
    back = open_path(tmp_path / "out.fits")[0].main
    assert back.kind == "volume"
    assert back.world(1, 2, 3) == (1, 2, 3)


@pytest.mark.parametrize(
    "name",
    [
        "ifu/gmos_ngc3081_cube.fits",
        "ifu/kcwi_bias_icube_rot90.fits",
        "ifu/muse_hdfs_CUBE.fits",
        "ifu/muse_udf_subcube.fits",
        "radio/hi_wsrt_ugc5079_ngc2903.fits",
        "radio/l1448_13co.fits",
        "radio/n2hp_g035.fits",
        "solar/iris_raster_r00000.fits",
        "solar/iris_sji_2832.fits",
        "fits_other/fits_ramp16_velo_tst0002.fits",
    ],
)
def test_real_cubes_come_back(name, shared_data, tmp_path):
    cube = open_path(shared_data / name)[0].main
    path = tmp_path / "out.fits"
    write_cube(cube, path)
    verify(path)
    back = open_path(path)[0].main
    assert back.shape == cube.shape
    assert np.array_equal(back.pixels.read(), cube.pixels.read(), equal_nan=True)
    assert (back.kind, back.axes[0].unit) == (cube.kind, cube.axes[0].unit)
    assert (back.axes[0].medium, back.axes[0].convention) == (
        cube.axes[0].medium,
        cube.axes[0].convention,
    )
    for voxel in np.random.default_rng(1).integers(0, cube.shape, (5, 3)):
        assert back.index(*cube.world(*voxel)) == pytest.approx(voxel, abs=1e-5)


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "out.fits"
    path.write_bytes(b"old")

    def fail(fraction, text):
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_cube(cube_of(np.arange(6) + 5000.0), path, report=fail)
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["out.fits"]
    with pytest.raises(CubeviewError, match="cannot be written"):
        write_cube(cube_of(np.arange(6) + 5000.0), tmp_path / "no" / "out.fits")


def overlay_of(cube, kind="sky", role="flux"):
    box = (slice(2, 5), slice(1, 3), slice(0, 4))
    values = RNG.normal(size=(3, 2, 4)).astype(np.float32)
    return Overlay(
        case=Case("a case", kind, {role: cube}),
        values={role: values},
        boxes={role: box},
        method="CAM",
        target="emission line",
        model="sky-seed",
        unit="logit",
        settings={"patch": "8", "stride": "4"},
    )


@pytest.mark.parametrize("limit", [64_000_000, 10])
def test_a_sky_overlay_lies_where_it_looked(limit, tmp_path, monkeypatch):
    monkeypatch.setattr(export, "_WHOLE_LIMIT", limit)
    cube = cube_of(3600 * np.exp(1e-3 * np.arange(6)), "WAVE")
    overlay = overlay_of(cube)
    path = tmp_path / "map.fits"
    write_overlay(overlay, path)
    verify(path)
    back = open_path(path)[0].main
    values = back.pixels.read()
    whole = limit > 10
    assert values.shape == (SHAPE if whole else (3, 2, 4))
    if whole:
        assert np.isfinite(values).sum() == 24
        values = values[overlay.boxes["flux"]]
    assert np.array_equal(values, overlay.values["flux"])
    start = (2, 1, 0) if whole else (0, 0, 0)
    assert back.world(*start) == pytest.approx(cube.world(2, 1, 0))
    with fits.open(path) as hdus:
        assert hdus[0].header["TARGET"] == "emission line"
        assert "patch 8" in str(hdus[0].header["COMMENT"])


def test_a_map_of_two_patients_says_so(tmp_path):
    axes = tuple(Axis(n, "space", "mm", np.arange(k)) for n, k in zip("zyx", SHAPE, strict=True))
    one, other = (
        Cube(axes, ArrayPixels(FLUX), "heart", whose={"birth date": day}) for day in ("a", "b")
    )
    overlay = overlay_of(one, "heart", "stress")
    write_overlay(overlay, tmp_path / "one.npz")
    pair = replace(overlay.case, cubes={"stress": one, "rest": other})
    write_overlay(replace(overlay, case=pair), tmp_path / "two.npz")
    with np.load(tmp_path / "one.npz") as saved:
        assert "caution" not in saved
    with np.load(tmp_path / "two.npz") as saved:
        assert str(saved["caution"]) == "Not of one patient: birth date differs."


def test_a_heart_overlay_keeps_its_affine(tmp_path):
    axes = tuple(
        Axis(n, "space", "mm", 5.0 * np.arange(k)) for n, k in zip("zyx", SHAPE, strict=True)
    )
    affine = np.diag([5.0, 5.0, 5.0, 1.0])
    cube = Cube(axes=axes, pixels=ArrayPixels(FLUX), kind="heart", affine=affine)
    overlay = overlay_of(cube, "heart", "stress")
    write_overlay(overlay, tmp_path / "map.npz")
    with np.load(tmp_path / "map.npz", allow_pickle=False) as saved:
        assert saved["stress"].shape == SHAPE
        assert saved["stress"].dtype == np.float32
        assert np.array_equal(saved["stress"][overlay.boxes["stress"]], overlay.values["stress"])
        assert np.isfinite(saved["stress"]).sum() == 24
        assert np.array_equal(saved["stress_affine"], affine)
        assert str(saved["method"]) == "CAM"
        assert str(saved["target"]) == "emission line"
    with pytest.raises(CubeviewError, match=r"\.npz"):
        write_overlay(overlay, tmp_path / "map.fits")
    with pytest.raises(CubeviewError, match=r"\.fits or \.npz"):
        write_overlay(overlay_of(cube_of(np.arange(6) + 5000.0)), tmp_path / "map.png")


def test_a_heart_overlay_is_read_by_others_a_file_a_state(tmp_path):
    axes = tuple(
        Axis(n, "space", "mm", 5.0 * np.arange(k)) for n, k in zip("zyx", SHAPE, strict=True)
    )
    affine = np.array([[0, 0, 4.0, 7], [0, -5.0, 0, 8], [6.0, 0, 0, 9], [0, 0, 0, 1]])
    cube = Cube(axes=axes, pixels=ArrayPixels(FLUX), kind="heart", affine=affine)
    overlay = overlay_of(cube, "heart", "stress")
    write_overlay(overlay, tmp_path / "one.nii.gz")
    values, boxes = dict(overlay.values), dict(overlay.boxes)
    values["rest"], boxes["rest"] = -values["stress"], boxes["stress"]
    pair = replace(overlay.case, cubes={"stress": cube, "rest": cube})
    both = replace(overlay, case=pair, values=values, boxes=boxes)
    write_overlay(both, tmp_path / "map.nii.gz")
    for name, sign in (("one", 1), ("stress_map", 1), ("rest_map", -1)):
        read = nibabel.load(tmp_path / f"{name}.nii.gz")
        found = np.transpose(read.get_fdata(), (2, 1, 0))
        np.testing.assert_allclose(found[boxes["stress"]], sign * overlay.values["stress"])
        assert np.isfinite(found).sum() == 24
        # Voxel x, y, z to right, anterior, superior; ours is z, y, x to left, posterior, superior.
        expected = np.diag([-1, -1, 1, 1]) @ affine[:, [2, 1, 0, 3]]
        np.testing.assert_allclose(read.affine, expected)
        assert b"CAM for emission line" in read.header["descrip"].tobytes()
    with pytest.raises(CubeviewError, match=r"stress_map\.nii\.gz: there is a file already"):
        write_overlay(both, tmp_path / "map.nii.gz")
    with pytest.raises(CubeviewError, match=r"\.fits or \.npz"):
        write_overlay(overlay_of(cube_of(np.arange(6) + 5000.0)), tmp_path / "map.nii")


def test_info_is_json_with_corner_coordinates(shared_data):
    path = shared_data / "ifu" / "muse_udf_subcube.fits"
    (case,) = open_path(path)
    (record,) = json.loads(json.dumps(describe(case)))
    with fits.open(path) as hdus:
        oracle = WCS(hdus["DATA"].header)
        first, last = oracle.wcs_pix2world([[0, 0, 0], [29, 29, 499]], 0)
    assert record["path"] == str(path)
    assert (record["kind"], record["shape"], record["roles"]) == ("sky", [500, 30, 30], ["flux"])
    assert record["uncertainty"] == "variance"
    wave, dec, ra = record["axes"]
    assert (wave["first"], wave["last"], wave["step"]) == (4750.0, 5373.75, 1.25)
    assert (wave["type"], wave["unit"]) == ("AWAV", "Angstrom")
    assert (ra["first"], dec["first"]) == pytest.approx(first[:2])
    assert (ra["last"], dec["last"]) == pytest.approx(last[:2])
    assert all(isinstance(note, str) for note in record["notes"])


def test_the_rest_frame_of_a_source_is_written_and_read(tmp_path):
    from cubeview.cubes.spectral import with_spectral

    observed = cube_of(*AXES["linear"])
    moved = with_spectral(observed, "wavelength", redshift="0.25")
    path = tmp_path / "rest.fits"
    write_cube(moved, path)
    verify(path)
    axis = open_path(path)[0].main.axes[0]
    assert axis.redshift == 0.25
    assert axis.values == pytest.approx(moved.axes[0].values)
    back = with_spectral(open_path(path)[0].main, "wavelength", redshift="0").axes[0]
    assert back.values == pytest.approx(
        with_spectral(observed, "wavelength").axes[0].values, rel=1e-9
    )
    assert back.frame == ""
