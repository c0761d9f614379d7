"""What lies in a folder, a pattern, a list and a store: the same files in the same order."""

import importlib.util
import os
from pathlib import Path

import pytest

from cubeview.errors import CubeviewError
from cubeview.io.listing import at_hand, items


@pytest.fixture
def place(tmp_path):
    for name in ("b/2.fits", "b/1.fits", "a.fits", "c.fits", ".git/x.fits", "b/.y"):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path / "in"


def names(place, folder, **how):
    return [Path(item.path).relative_to(folder).as_posix() for item in items(str(place), **how)]


def test_folders_patterns_and_lists_give_their_files_in_order(place, tmp_path):
    every = ["a.fits", "b/1.fits", "b/2.fits", "c.fits"]
    assert names(place, place) == every
    assert names(place, place, without=(place / "b",)) == ["a.fits", "c.fits"]
    assert names(place / "*.fits", place) == ["a.fits", "c.fits"]
    assert names(place / "**" / "[12].fits", place) == ["b/1.fits", "b/2.fits"]
    (tmp_path / "some.lst").write_text("# mine\nin/c.fits\n\nin/b\n")
    assert names(tmp_path / "some.lst", place) == ["c.fits", "b/1.fits", "b/2.fits"]
    (tmp_path / "plain.txt").write_text("in/a.fits\n")
    assert names(f"@{tmp_path / 'plain.txt'}", place) == ["a.fits"]
    (one,) = items(str(place / "a.fits"))
    assert (one.size, one.named) == (6, True)
    assert not next(items(str(place))).named


def test_a_file_that_changes_has_another_stamp(place):
    before = next(items(str(place)))
    os.utime(before.path, ns=(1, 1))
    assert next(items(str(place))).stamp != before.stamp


def test_what_is_not_there_is_said(place, tmp_path):
    for wrong, reason in (
        (place / "none.fits", "no such file"),
        (place / "*.dcm", "nothing goes by this pattern"),
        (f"@{tmp_path / 'none'}", "list cannot be read"),
        ("nonsense://bucket", "cannot be reached|pip install"),
    ):
        with pytest.raises(CubeviewError, match=reason):
            list(items(str(wrong)))


@pytest.mark.parametrize(
    ("library", "url", "needed"),
    [("s3fs", "s3://b/k", "fsspec s3fs"), ("aiohttp", "https://h/x", "fsspec aiohttp requests")],
)
def test_a_store_whose_library_is_missing_names_it(library, url, needed):
    if importlib.util.find_spec(library):
        pytest.skip(f"{library} is installed")
    with pytest.raises(CubeviewError, match=f"pip install {needed}"):
        list(items(url))


def test_a_store_is_listed_and_its_files_are_at_hand_for_a_while(place, tmp_path):
    fsspec = pytest.importorskip("fsspec")
    store = fsspec.filesystem("memory")
    store.put(str(place), "/kept", recursive=True)
    try:
        found = list(items("memory://kept"))
        assert [item.path.partition("kept/")[2] for item in found] == [
            "a.fits", "b/1.fits", "b/2.fits", "c.fits"
        ]  # fmt: skip
        assert len(list(items("memory://kept/b/*.fits"))) == 2
        spool = tmp_path / "spool"
        with at_hand(found[1:3], spool) as here:
            assert [path.read_text() for path in here] == ["b/1.fits", "b/2.fits"]
            assert list(here.values()) == [item.path for item in found[1:3]]
        assert not spool.exists()
    finally:
        store.rm("/kept", recursive=True)
