"""``alike``, ``odd`` and ``groups`` over windows of the sky and over a library."""

import json

import numpy as np
import pytest
from astropy.io import fits

from cubeview.cli import main
from cubeview.cubes.case import Case
from cubeview.learn.ask.archive import predict_cases
from cubeview.learn.explore.seen import windows
from cubeview.learn.explore.space import kept_space
from cubeview.library.library import Library
from tests.helpers.skywindows import world_of
from tests.helpers.viewcases import sky_case

KINDS = ("emission line", "continuum")


@pytest.fixture(scope="module")
def sky(tmp_path_factory):
    """Twelve windows with a bright line and as many with a star, by turns."""
    folder = tmp_path_factory.mktemp("sky")
    rng, grid = np.random.default_rng(2), np.indices((32, 32, 32)) - 16
    rows = ["file,class,ra,dec,spectral"]
    for number in range(24):
        z, y, x = grid - rng.uniform(-1, 1, 3)[:, None, None, None]
        blob = rng.uniform(8, 12) * np.exp(-(y**2 + x**2) / 8)
        flux = blob * (1 if number % 2 else np.exp(-(z**2) / 6)) + rng.normal(size=z.shape)
        header = fits.Header(world_of(32))
        path = folder / f"window{number:03d}.fits"
        data = fits.ImageHDU(flux.astype(np.float32), header, name="DATA")
        noise = fits.ImageHDU(np.ones(z.shape, np.float32), header, name="STAT")
        fits.HDUList([fits.PrimaryHDU(), data, noise]).writeto(path)
        rows.append(f"{path.name},{KINDS[number % 2]},150.0,2.0,6500.0")
    (folder / "labels.csv").write_text("\n".join(rows))
    return folder


def run(capsys, *arguments):
    status = main([*map(str, arguments), "--json"])
    told = capsys.readouterr()
    return status, json.loads(told.out) if told.out else None, told.err


def test_windows_like_one_are_of_its_kind(sky, capsys):
    at = ["--at", 6500.0, 2.0, 150.0]
    status, told, _ = run(capsys, "alike", sky / "window000.fits", *at, "--in", sky, "--most", 5)
    assert status == 0
    assert told["model"] == "sky-sources"
    names = [entry["case"] for entry in told["alike"]]
    assert len(names) == 5
    assert "window000" not in names  # itself
    assert all(int(name[-3:]) % 2 == 0 for name in names)
    cosines = [entry["cosine"] for entry in told["alike"]]
    assert cosines == sorted(cosines, reverse=True)


def test_what_cannot_be_rebuilt_is_told_and_written(sky, tmp_path, capsys):
    status, told, _ = run(capsys, "odd", sky, "--most", 2, "--rest", tmp_path / "rest")
    assert status == 0
    for entry in told["odd"]:
        left = entry["not_rebuilt"]
        assert left["chi2"] > 0
        assert all(0 <= at < 32 for at in left["voxel"])
        with fits.open(left["file"]) as written:
            assert max(hdu.data.size for hdu in written if hdu.data is not None) >= 32**3
    left = told["odd"][0]["not_rebuilt"]
    middle = np.hypot(*(np.array(left["voxel"][1:]) - 16))
    assert middle < 6, "the source is what differs"


def test_odd_ones_are_ranked_and_marks_reorder_them(sky, capsys):
    status, told, _ = run(capsys, "odd", sky, "--most", 24)
    assert status == 0
    assert told["cases"] == 24
    far = [entry["distance"] for entry in told["odd"]]
    assert far == sorted(far, reverse=True)
    lines = [e["case"] for e in told["odd"] if int(e["case"][-3:]) % 2 == 0]
    stars = [e["case"] for e in told["odd"] if int(e["case"][-3:]) % 2]
    marks = ["--interesting", *lines[:4], "--ordinary", *stars[:4]]
    _, marked, _ = run(capsys, "odd", sky, "--most", 8, *marks)
    assert marked["marked"] == 8
    shown = [entry["case"] for entry in marked["odd"]]
    assert len(set(shown) & set(lines[4:])) >= 7


def test_two_kinds_are_two_groups(sky, capsys):
    status, told, _ = run(capsys, "groups", sky)
    assert status == 0
    assert sum(group["count"] for group in told["groups"]) == 24
    for group in told["groups"]:
        parity = [int(entry["case"][-3:]) % 2 for entry in group["cases"]]
        assert len(set(parity)) == 1
    assert main(["groups", str(sky)]) == 0
    assert "24 cases as sky-sources sees them" in capsys.readouterr().out


def test_a_library_gives_the_features_it_keeps(sky, tmp_path, capsys):
    path = tmp_path / "library.sqlite"
    library = Library(path, "Anna")
    table = sky / "labels.csv"
    assert main(["labels", "import", str(table), "--yes", "--library", str(path)]) == 0
    capsys.readouterr()
    numbers = [number for (number,) in library.read("SELECT id FROM cases WHERE window <> ''", ())]
    assert len(numbers) == 24
    predict_cases(library, numbers[:22])
    space = kept_space(library)
    library.close()
    assert space.values.shape[0] == len(space.points) == 22
    status, told, _ = run(capsys, "odd", path, "--most", 3)
    assert status == 0
    assert told["cases"] == 22
    assert all(entry["window"] for entry in told["odd"])


def test_what_cannot_be_compared_says_what_to_do(sky, tmp_path, capsys):
    empty = tmp_path / "empty.sqlite"
    Library(empty, "Anna").close()
    for arguments, reason in (
        (["odd", tmp_path / "none.sqlite"], "there is no library here"),
        (["groups", empty], "Ask it about all cases first"),
        (["odd", sky / "window000.fits"], "at least 20 are needed"),
        (["odd", sky, "--most", -3], "--most takes 1 or more"),
        (["odd", sky, "--interesting", "Wren"], "no case is called 'Wren'"),
    ):
        status, told, error = run(capsys, *arguments)
        assert status == 2, arguments
        assert list(told) == ["error"]
        assert reason in told["error"]
        assert reason in error
        assert "Traceback" not in error


@pytest.mark.parametrize(
    ("shape", "count"), [((32, 40, 63), 1), ((70, 32, 20), 2), ((64, 70, 96), 12)]
)
def test_a_cube_is_tiled_by_windows_that_do_not_overlap(shape, count):
    case = sky_case(shape)
    found = [part.window for part in windows(case)]
    assert len(found) == count
    covered = np.zeros(shape, int)
    for window in found:
        covered[window] += 1
    assert covered.max() == 1
    assert covered.sum() == count * np.prod(np.minimum(shape, 32))


def test_a_window_stays_the_one_it_is():
    case = Case("a", "sky", sky_case().cubes, window=(slice(0, 8), slice(0, 8), slice(0, 8)))
    assert [part.window for part in windows(case)] == [case.window]
