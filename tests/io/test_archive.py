"""Zip archives and the index of a disc: what is in them opens, and nothing escapes."""

import shutil
import zipfile

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from cubeview.errors import CubeviewError
from cubeview.io import archive, open_path, open_paths
from cubeview.io.dicom.directory import listed_files
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


@pytest.mark.parametrize(
    "name",
    ["im000001", "IM000001.DCM", "im000001.dcm", "IM000001;1", "im000001.dcm;1", "IM000001."],
)
def test_an_index_finds_files_whose_names_were_changed_on_the_way(tmp_path, name):
    (tmp_path / "pt0").mkdir()
    (tmp_path / "pt0" / name).write_bytes(b"x")
    record = Dataset()
    record.ReferencedFileID = ["PT0", "IM000001"]
    header = Dataset()
    header.DirectoryRecordSequence = Sequence([record])
    assert listed_files(header, tmp_path / "DICOMDIR") == [tmp_path / "pt0" / name]
    (tmp_path / "pt0" / "IM000001").write_bytes(b"x")
    (exact,) = listed_files(header, tmp_path / "DICOMDIR")
    assert exact.name == "IM000001"
