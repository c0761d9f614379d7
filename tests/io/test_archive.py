"""Zip archives and the index of a disc: what is in them opens, and nothing escapes."""

import errno
import os
import shutil
import zipfile

import numpy as np
import pytest
from astropy.io import fits
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from cubeview.errors import CubeviewError
from cubeview.io import archive, open_path, open_paths
from cubeview.io.dicom.directory import listed_files
from cubeview.io.identity import file_hashes
from cubeview.library.library import Library
from cubeview.library.repair import missing_files
from cubeview.library.stored import open_stored
from cubeview.paths import cache_dir
from tests.io.dicom.nm_files import write
from tests.io.dicom.volume_files import single


@pytest.fixture
def series(tmp_path):
    folder = tmp_path / "series"
    folder.mkdir()
    return [write(single("CT", n, 4.0 * n), folder / str(n)) for n in (1, 2, 3)]


def zipped(path, members, **options):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, **options) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return path


def test_a_series_in_an_archive_is_one_case(tmp_path, series):
    members = {f"disc/{p.name}": p.read_bytes() for p in series} | {"disc/readme.txt": b"hello"}
    path = zipped(tmp_path / "disc.zip", members)
    (case,) = open_path(path)
    assert case.main.shape[0] == 3
    # Once more: from the cache.
    (case,) = open_path(path)
    assert case.main.shape[0] == 3


def test_names_never_lead_out_of_the_cache(tmp_path, series):
    content = series[0].read_bytes()
    names = ("../../evil", "/etc/evil", "..", "a/../../b", "C:\\x", "same", "x/same", "\0nul")
    path = zipped(tmp_path / "evil.zip", {name: content for name in names[:-1]})
    open_paths([path])
    assert not list(tmp_path.glob("**/evil"))
    for file in archive.unpack(path, report=lambda f, t: None):
        assert file.resolve().is_relative_to(cache_dir().resolve())
        assert file.is_file()


def test_refusals_name_the_archive_and_not_the_cache(tmp_path):
    path = zipped(tmp_path / "bad.zip", {"in/bad.fits": b"SIMPLE  = nonsense"})
    (refusal,) = open_paths([path]).refusals
    assert refusal.path == path
    assert refusal.reason.startswith(f"{path} (in/bad.fits): ")
    assert str(cache_dir()) not in refusal.reason


@pytest.mark.parametrize(
    ("limit", "value"), [("MAX_BYTES", 1000), ("MAX_FILES", 1)], ids=["bytes", "files"]
)
def test_archives_beyond_the_limits_are_refused(tmp_path, monkeypatch, limit, value):
    monkeypatch.setattr(archive, limit, value)
    path = zipped(tmp_path / "big.zip", {"a": bytes(5000), "b": bytes(5000)})
    with pytest.raises(CubeviewError, match="Unpack it yourself"):
        open_path(path)
    assert not list((cache_dir() / "archives").glob("*"))


def test_damaged_and_useless_archives_are_refused(tmp_path):
    good = zipped(tmp_path / "a.zip", {"a.txt": b"hello " * 1000})
    with pytest.raises(CubeviewError, match="no file in this archive"):
        open_path(good)
    bad = tmp_path / "b.zip"
    bad.write_bytes(good.read_bytes()[:-30])
    with pytest.raises(CubeviewError, match="damaged"):
        open_path(bad)


def index(*names):
    ds = Dataset()
    ds.DirectoryRecordSequence = Sequence([])
    for name in names:
        item = Dataset()
        item.ReferencedFileID = name
        ds.DirectoryRecordSequence.append(item)
    return ds


def test_an_index_lists_only_what_lies_below_it(tmp_path):
    (tmp_path / "secret").write_bytes(b"x")
    disc = tmp_path / "disc"
    (disc / "A").mkdir(parents=True)
    (disc / "A" / "1").write_bytes(b"x")
    header = index(["A", "1"], ["..", "secret"], "../secret", ["A", "9"], ["A", "..", "A", "1"])
    assert listed_files(header, disc / "DICOMDIR") == [disc / "A" / "1"]


def test_the_index_of_a_real_disc_opens_its_files(shared_data, tmp_path):
    folder = shared_data / "dicom_other" / "dicomdirtests"
    by_index = open_path(folder / "DICOMDIR")
    assert {case.name for case in by_index} == {
        case.name
        for name in ("77654033", "98892001", "98892003")
        for case in open_paths([folder / name]).cases
    }
    shutil.copy(folder / "DICOMDIR", tmp_path / "DICOMDIR")
    with pytest.raises(CubeviewError, match="none of the files it lists"):
        open_path(tmp_path)


def sky_zip(path, number):
    made = path.with_suffix(".fits")
    fits.PrimaryHDU(np.full((4, 5, 6), number, np.float32)).writeto(made)
    zipped(path, {f"Doe^Jane/{number}.fits": made.read_bytes()})
    made.unlink()
    return path


def test_nothing_of_an_archive_stays_and_nobody_else_may_look(tmp_path, series):
    path = zipped(tmp_path / "disc.zip", {p.name: p.read_bytes() for p in series})
    open_path(path)
    unpacked = [file for file in cache_dir().rglob("*") if file.is_file()]
    assert len(unpacked) == 3
    for file in unpacked:
        assert file.stat().st_mode & 0o077 == 0
        assert file.parent.parent.parent.stat().st_mode & 0o077 == 0
    archive.forget()
    assert not [file for file in cache_dir().rglob("*") if file.is_file()]


def test_what_a_killed_program_left_is_deleted_and_what_a_running_one_uses_stays(tmp_path, series):
    path = zipped(tmp_path / "disc.zip", {p.name: p.read_bytes() for p in series})
    home = cache_dir() / "archives"
    node = archive._own_name().split("-")[0]
    killed, running, elsewhere = f"{node}-999999999", f"{node}-{os.getppid()}", "other-5"
    former = "0" * 32
    for name in (killed, running, elsewhere, former):
        (home / name / "0").mkdir(parents=True)
    open_path(path)
    left = {folder.name for folder in home.iterdir()}
    assert left == {running, elsewhere, archive._own_name()}


def test_every_case_out_of_many_archives_opens_again_in_another_session(tmp_path):
    library = Library(tmp_path / "library.sqlite", "Anna")
    numbers = []
    for n in range(12):
        (case,) = open_path(sky_zip(tmp_path / f"{n}.zip", n))
        numbers.append(library.add_case(case, file_hashes(case)))
    archive.forget()
    assert missing_files(library) == []
    for n, number in enumerate(numbers):
        case = open_stored(library, number)
        assert np.all(case.main.pixels.read() == n)
    paths = [path for (path,) in library.read("SELECT path FROM files", ())]
    assert paths[0] == f"{tmp_path / '0.zip'}!/0/0.fits"
    (tmp_path / "3.zip").unlink()
    assert [name for name, _ in missing_files(library)] == [
        library.read("SELECT name FROM cases WHERE id = ?", (numbers[3],))[0][0]
    ]
    archive.forget()
    with pytest.raises(CubeviewError, match="not where it was"):
        open_stored(library, numbers[3])
    library.close()


def test_a_folder_with_an_exclamation_mark_is_no_archive(tmp_path):
    folder = tmp_path / "wow!"
    folder.mkdir()
    (folder / "a").write_bytes(b"x")
    assert archive.is_there(str(folder / "a"))
    assert archive.found(str(folder / "a")) == folder / "a"
    assert not archive.is_there(str(folder / "b"))
    assert archive.found(str(folder / "b")) == folder / "b"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_not_called_a_damaged_archive(tmp_path, monkeypatch, series, number):
    path = zipped(tmp_path / "disc.zip", {"a": series[0].read_bytes()})

    def full(*_):
        raise OSError(number, "no room")

    monkeypatch.setattr(archive, "_copy", full)
    with pytest.raises(CubeviewError, match=r"could not be unpacked into .* \(no room\)"):
        open_path(path)
