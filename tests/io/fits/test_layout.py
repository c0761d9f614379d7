"""Noise and masks find their cube and keep their meaning, survey by survey."""

import bz2
import gzip

import numpy as np
import pytest
from astropy.io import fits

from cubeview.errors import CubeviewError
from cubeview.io import open_path, open_paths
from cubeview.io.fits import unpack as fits_unpack
from cubeview.paths import cache_dir
from tests.io.fits.skies import header

SHAPE = (6, 4, 5)
RNG = np.random.default_rng(5)
FLUX = RNG.normal(size=SHAPE).astype(np.float32)
SIGMA = RNG.uniform(0.5, 2.0, SHAPE).astype(np.float32)


def save(tmp_path, *images, primary=None, name="cube.fits"):
    hdus = [fits.PrimaryHDU(header=primary)]
    hdus += [fits.ImageHDU(data, head, name=title) for title, data, head in images]
    path = tmp_path / name
    fits.HDUList(hdus).writeto(path)
    return path


@pytest.mark.parametrize(
    ("names", "stored", "meaning"),
    [
        (("DATA", "STAT"), SIGMA**2, "variance"),
        (("SCI", "ERR"), SIGMA, "sigma"),
        (("SCI", "VAR"), SIGMA**2, "variance"),
        (("FLUX", "IVAR"), SIGMA**-2.0, "inverse variance"),
        (("FLUX", "UNCERT"), SIGMA, "sigma"),
        (("IFU.3.DATA", "IFU.3.NOISE"), SIGMA, "sigma"),
    ],
)
def test_noise_becomes_sigma(names, stored, meaning, tmp_path):
    path = save(tmp_path, (names[0], FLUX, header()), (names[1], stored, None))
    cube = open_path(path)[0].main
    assert cube.facts["uncertainty"] == meaning
    assert np.allclose(cube.uncertainty.read(), SIGMA, rtol=1e-5)
    assert np.allclose(cube.uncertainty.plane(1, 2), SIGMA[:, 2], rtol=1e-5)
    assert np.allclose(cube.uncertainty.spectrum(3, 1), SIGMA[:, 3, 1], rtol=1e-5)


def test_no_weight_is_no_data(tmp_path):
    inverse = SIGMA**-2.0
    inverse[2, 1, 1] = 0.0
    inverse[3, 1, 1] = -1.0
    path = save(tmp_path, ("FLUX", FLUX, header()), ("IVAR", inverse, None))
    sigma = open_path(path)[0].main.uncertainty.read()
    assert np.argwhere(np.isnan(sigma)).tolist() == [[2, 1, 1], [3, 1, 1]]


def test_variances_of_tiny_fluxes_survive(tmp_path):
    """A float64 variance of 1e-44 is zero in single precision."""
    path = save(tmp_path, ("DATA", FLUX, header()), ("STAT", np.full(SHAPE, 1e-44), None))
    assert open_path(path)[0].main.uncertainty.read() == pytest.approx(1e-22)


def test_declarations_go_before_names(tmp_path):
    eso = fits.Header([("HDUCLASS", "ESO"), ("HDUCLAS2", "ERROR"), ("HDUCLAS3", "MSE")])
    path = save(tmp_path, ("DATA", FLUX, header()), ("ERR", SIGMA**2, eso))
    assert open_path(path)[0].main.facts["uncertainty"] == "variance"


def test_the_unit_tells_a_variance_from_a_sigma(tmp_path):
    path = save(
        tmp_path,
        ("SCI", FLUX, header(BUNIT="Jy")),
        ("ERR", SIGMA**2, fits.Header([("BUNIT", "Jy2")])),
    )
    cube = open_path(path)[0].main
    assert cube.facts["uncertainty"] == "variance"
    assert any(note.level == "guess" and "as its unit says" in note.text for note in cube.notes)


def test_jwst_masks_by_its_first_bit_only(tmp_path):
    flags = np.zeros(SHAPE, np.uint32)
    flags[0, 0, 0] = 1 + (1 << 31)
    flags[1, 1, 1] = 1 << 20
    path = save(
        tmp_path,
        ("SCI", FLUX, header()),
        ("ERR", SIGMA, None),
        ("DQ", flags, None),
        ("WMAP", SIGMA, None),
        primary=fits.Header([("TELESCOP", "JWST"), ("INSTRUME", "MIRI")]),
    )
    (case,) = open_path(path)
    assert np.argwhere(case.main.mask.read()).tolist() == [[0, 0, 0]]


def test_manga_masks_what_must_not_be_used(tmp_path):
    flags = np.zeros(SHAPE, np.int32)
    flags[0, 0, 0], flags[1, 1, 1] = 1 << 10, 2
    waves = np.geomspace(3600, 10300, 6)
    path = save(
        tmp_path,
        ("FLUX", FLUX, header(CTYPE3="WAVE-LOG")),
        ("IVAR", SIGMA**-2.0, None),
        ("MASK", flags, None),
        ("WAVE", waves, None),
    )
    (case,) = open_path(path)
    assert np.argwhere(case.main.mask.read()).tolist() == [[0, 0, 0]]


def test_each_unit_of_kmos_is_a_case_with_its_own_noise(tmp_path):
    images = []
    for unit in (1, 2):
        images.append((f"IFU.{unit}.DATA", FLUX * unit, header()))
        images.append((f"IFU.{unit}.NOISE", SIGMA * unit, None))
    path = save(tmp_path, *images, primary=fits.Header([("OBJECT", "Field 7")]))
    cases = open_path(path)
    assert [case.name for case in cases] == ["Field 7 [IFU.1.DATA]", "Field 7 [IFU.2.DATA]"]
    for unit, case in enumerate(cases, start=1):
        assert np.array_equal(case.main.pixels.read(), FLUX * unit)
        assert np.allclose(case.main.uncertainty.read(), SIGMA * unit)


def test_kcwi_keeps_noise_and_flags_in_files_beside(tmp_path):
    flags = np.zeros(SHAPE, np.uint8)
    flags[2, 2, 2] = 4
    for letter, data in (("i", FLUX), ("v", SIGMA**2), ("m", flags)):
        head = header(INSTRUME="KCWI")
        fits.PrimaryHDU(data, head).writeto(tmp_path / f"kb1_{letter}cubes.fits")
    opened = open_paths([tmp_path])
    (case,) = opened.cases
    assert not opened.refusals
    assert np.allclose(case.main.uncertainty.read(), SIGMA)
    assert np.argwhere(case.main.mask.read()).tolist() == [[2, 2, 2]]
    (alone,) = open_path(tmp_path / "kb1_vcubes.fits")
    assert np.allclose(alone.main.pixels.read(), SIGMA**2)


@pytest.mark.parametrize(("tool", "suffix"), [(gzip.compress, ".gz"), (bz2.compress, ".bz2")])
def test_packed_files_are_unpacked_once(tool, suffix, tmp_path):
    path = save(tmp_path, ("DATA", FLUX, header()), ("STAT", SIGMA**2, None))
    packed = tmp_path / f"cube.fits{suffix}"
    packed.write_bytes(tool(path.read_bytes()))
    for _ in range(2):
        cube = open_path(packed)[0].main
        assert np.array_equal(cube.pixels.read(), FLUX)
        assert np.allclose(cube.uncertainty.read(), SIGMA)
        assert cube.source.path == packed
    assert len(list((cache_dir() / "unpacked").iterdir())) == 1


def test_a_damaged_stream_is_refused_and_leaves_nothing(tmp_path):
    path = save(tmp_path, ("DATA", RNG.normal(size=(60, 40, 50)), header()))
    packed = tmp_path / "cube.fits.gz"
    packed.write_bytes(gzip.compress(path.read_bytes())[:-20_000])
    (refusal,) = open_paths([packed]).refusals
    assert "damaged or cut short" in refusal.reason
    assert not list((cache_dir() / "unpacked").iterdir())


def test_a_full_disk_is_told_with_numbers(tmp_path, monkeypatch):
    path = save(tmp_path, ("DATA", FLUX, header()))
    packed = tmp_path / "cube.fits.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    monkeypatch.setattr(fits_unpack, "_KEEP_FREE", 1 << 60)
    (refusal,) = open_paths([packed]).refusals
    assert "GB are free" in refusal.reason


@pytest.mark.parametrize("kind", ["RICE_1", "GZIP_2"])
def test_tile_compressed_cubes(kind, tmp_path):
    data = RNG.integers(-1000, 1000, SHAPE).astype(np.int16)
    image = fits.CompImageHDU(data, header(), name="SCI", compression_type=kind)
    noise = fits.ImageHDU(SIGMA, name="ERR")
    path = tmp_path / "cube.fits.fz"
    fits.HDUList([fits.PrimaryHDU(), image, noise]).writeto(path)
    cube = open_path(path)[0].main
    assert np.array_equal(cube.pixels.read(), data)
    assert np.allclose(cube.uncertainty.read(), SIGMA)
    assert cube.axes[0].values == pytest.approx(5000 + 2 * np.arange(6))


@pytest.mark.parametrize("tile", [(1, 1, 5), (1, 4, 5), (6, 4, 5), (2, 3, 4), (5, 1, 2), (6, 1, 1)])
@pytest.mark.parametrize(
    ("kind", "dtype"),
    [
        *[(kind, "i2") for kind in ("RICE_1", "GZIP_1", "GZIP_2", "PLIO_1")],
        *[(kind, "f4") for kind in ("GZIP_1", "GZIP_2")],
        ("NOCOMPRESS", "i4"),
    ],
)
def test_tiles_of_any_shape(kind, dtype, tile, tmp_path):
    data = RNG.integers(0, 1000, SHAPE).astype(dtype)
    image = fits.CompImageHDU(
        data, header(), compression_type=kind, tile_shape=tile, quantize_level=0
    )
    path = tmp_path / "cube.fits.fz"
    fits.HDUList([fits.PrimaryHDU(), image]).writeto(path)
    assert np.array_equal(open_path(path)[0].main.pixels.read(), data)


def test_quantised_and_hcompressed_tiles_are_read_as_astropy_reads_them(tmp_path):
    smooth = RNG.normal(100, 1, (3, 40, 50)).astype(np.float32)
    for kind, tile in (("RICE_1", (1, 13, 50)), ("HCOMPRESS_1", (1, 20, 50))):
        path = tmp_path / f"{kind}.fits.fz"
        image = fits.CompImageHDU(smooth, compression_type=kind, tile_shape=tile, quantize_level=16)
        fits.HDUList([fits.PrimaryHDU(), image]).writeto(path)
        true = fits.getdata(path, 1)
        assert np.abs(true - smooth).max() < 1
        np.testing.assert_array_equal(open_path(path)[0].main.pixels.read(), true)


def test_tiles_keep_scale_and_blank(tmp_path):
    data = RNG.integers(-1000, 1000, SHAPE).astype(np.int16)
    data[1, 1, 1] = -32768
    image = fits.CompImageHDU(data, header())
    image.header.update(BSCALE=0.5, BZERO=3.0, BLANK=-32768)
    path = tmp_path / "cube.fits.fz"
    fits.HDUList([fits.PrimaryHDU(), image]).writeto(path)
    expected = 3.0 + 0.5 * data
    expected[1, 1, 1] = np.nan
    with fits.open(path) as hdus:
        assert np.allclose(hdus[1].data, expected, equal_nan=True)
    assert np.allclose(open_path(path)[0].main.pixels.read(), expected, equal_nan=True)


def test_absurd_tiles_are_refused_before_anything_is_allocated(tmp_path):
    path = tmp_path / "cube.fits.fz"
    image = fits.CompImageHDU(RNG.integers(0, 9, SHAPE).astype(np.int16), header())
    fits.HDUList([fits.PrimaryHDU(), image]).writeto(path)
    edited(path, ZNAXIS1=100_000, ZNAXIS2=100_000, ZNAXIS3=100_000)
    (refusal,) = open_paths([path]).refusals
    assert "unpacking needs 2000000.0 GB" in refusal.reason


def test_damaged_tiles_are_refused(tmp_path):
    path = tmp_path / "cube.fits.fz"
    image = fits.CompImageHDU(RNG.integers(0, 999, (20, 30, 30)).astype(np.int16), header())
    fits.HDUList([fits.PrimaryHDU(), image]).writeto(path)
    path.write_bytes(path.read_bytes()[:-20_000])
    (refusal,) = open_paths([path]).refusals
    assert "damaged or cut short" in refusal.reason
    assert not list((cache_dir() / "unpacked").iterdir())


def test_one_beam_for_each_channel(tmp_path):
    """CASA writes arcsec to the BEAMS table and degrees to the header."""
    columns = [
        fits.Column("BMAJ", "E", unit="arcsec", array=[2.0, 2.2, 2.4]),
        fits.Column("BMIN", "E", unit="arcsec", array=[1.0, 1.1, 1.2]),
        fits.Column("BPA", "E", unit="deg", array=[30.0, 30.0, 30.0]),
    ]
    beams = fits.BinTableHDU.from_columns(columns, name="BEAMS")
    path = tmp_path / "alma.fits"
    fits.HDUList([fits.PrimaryHDU(FLUX, header(CASAMBM=True)), beams]).writeto(path)
    beam = open_path(path)[0].main.facts["beam"]
    assert beam == "median of channels: 2.20″ × 1.10″, PA 30°"


def edited(path, **cards):
    """Overwrite header cards in place, without a library that would object."""
    data = path.read_bytes()
    for key, value in cards.items():
        at = data.index(f"{key:8}=".encode())
        data = data[:at] + f"{key:8}= {value:>20}".encode().ljust(80) + data[at + 80 :]
    path.write_bytes(data)
    return path


def plain(tmp_path):
    path = tmp_path / "cube.fits"
    fits.PrimaryHDU(FLUX, header()).writeto(path)
    return path


@pytest.mark.parametrize(
    ("cards", "reason"),
    [
        ({"NAXIS3": 10**9}, "no cube is that long"),
        ({"NAXIS1": 100_000, "NAXIS2": 100_000, "NAXIS3": 100_000}, "cut short"),
        ({"NAXIS2": 0}, "axis of length zero"),
        ({"NAXIS": 0}, "no data"),
        ({"NAXIS3": -5}, ""),
        ({"BITPIX": 7}, ""),
    ],
)
def test_absurd_dimensions_are_refused_before_anything_is_allocated(cards, reason, tmp_path):
    path = edited(plain(tmp_path), **cards)
    (refusal,) = open_paths([path]).refusals
    assert reason in refusal.reason
    assert str(path) in refusal.reason


def test_a_cube_that_is_called_flat_is_its_first_plane(tmp_path):
    (case,) = open_path(edited(plain(tmp_path), NAXIS=2))
    assert case.kind == "picture"
    np.testing.assert_array_equal(case.main.pixels.read(), FLUX[:1])


def test_bytes_behind_the_last_part_do_no_harm(tmp_path):
    path = save(tmp_path, ("DATA", FLUX, header()))
    path.write_bytes(path.read_bytes() + b"written by a copying program" * 200)
    assert np.array_equal(open_path(path)[0].main.pixels.read(), FLUX)


def test_a_noise_part_cut_short_is_told(tmp_path):
    path = save(tmp_path, ("DATA", np.repeat(FLUX, 40, 0), header()),
                ("STAT", np.repeat(FLUX, 40, 0), None))  # fmt: skip
    path.write_bytes(path.read_bytes()[:-8000])
    (refusal,) = open_paths([path]).refusals
    assert "STAT" in refusal.reason
    assert "planes are complete" in refusal.reason


def test_bad_files_named_directly(tmp_path):
    empty = tmp_path / "empty.fits"
    empty.touch()
    page = tmp_path / "page.fits"
    page.write_text("<html>404</html>")
    reasons = [
        refusal.reason for refusal in open_paths([empty, page, tmp_path / "no.fits"]).refusals
    ]
    assert "0 bytes" in reasons[1] or "0 bytes" in reasons[0]
    assert any("does not begin with SIMPLE" in reason for reason in reasons)
    assert any("no such file" in reason for reason in reasons)


def test_a_folder_that_may_not_be_listed(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("os.scandir", refuse)
    with pytest.raises(CubeviewError, match="Permission denied"):
        open_path(tmp_path)


def test_a_folder_of_cubes_reports_and_keeps_its_order(tmp_path):
    for name in ("b", "a", "c"):
        fits.PrimaryHDU(FLUX, header(OBJECT=name)).writeto(tmp_path / f"{name}.fits")
    seen = []
    opened = open_paths([tmp_path], report=lambda fraction, text: seen.append(fraction))
    assert [case.name for case in opened.cases] == ["a", "b", "c"]
    assert seen == sorted(seen)
    assert seen[-1] <= 1
