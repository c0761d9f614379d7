"""No command and no dialog writes over a file that was opened, by whatever name it goes."""

import os

import pytest

from cubeview.cli import main
from cubeview.errors import CubeviewError
from cubeview.io import open_path
from cubeview.io.export.fits import write_cube
from cubeview.library.library import Library
from cubeview.paths import refuse_input, replacing
from tests.gui.fakes import make_sky


@pytest.fixture
def sky(tmp_path):
    path = tmp_path / "sky.fits"
    write_cube(make_sky().main, path)
    return path


@pytest.mark.parametrize("name", ["itself", "link", "hard link", "other way"])
@pytest.mark.parametrize("command", ["search", "explain"])
def test_an_output_over_the_input_is_refused_before_any_work(sky, name, command, capsys):
    before = sky.read_bytes()
    out = sky
    if name == "link":
        (out := sky.with_name("link.fits")).symlink_to(sky)
    elif name == "hard link":
        os.link(sky, out := sky.with_name("hard.fits"))
    elif name == "other way":
        (sky.parent / "sub").mkdir()
        out = sky.parent / "sub" / ".." / "sky.fits"
    place = ["--at", "5000", "0", "0"] if command == "explain" else []
    assert main([command, str(sky), "--out", str(out), *place]) == 2
    assert "would destroy it" in capsys.readouterr().err
    assert sky.read_bytes() == before
    assert out.samefile(sky)


def test_a_file_of_a_folder_or_an_archive_that_was_opened_is_an_input_too(sky, tmp_path):
    import zipfile

    folder = tmp_path / "folder"
    folder.mkdir()
    sky.rename(folder / "sky.fits")
    packed = tmp_path / "all.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(folder / "sky.fits", "sky.fits")
    open_path(folder)
    open_path(packed)
    for path in (folder / "sky.fits", packed):
        with pytest.raises(CubeviewError, match="would destroy it"), replacing(path):
            raise AssertionError("it was offered a place to write")
    assert not list(tmp_path.rglob("*.part"))


def test_a_cube_is_not_written_over_its_own_file(sky):
    (case,) = open_path(sky)
    before = sky.read_bytes()
    with pytest.raises(CubeviewError, match="would destroy it"):
        write_cube(case.main, sky)
    assert sky.read_bytes() == before


def test_what_was_never_opened_may_be_replaced_and_so_may_a_number_used_again(sky, tmp_path):
    other = tmp_path / "other.fits"
    write_cube(make_sky().main, other)
    write_cube(make_sky().main, other)
    open_path(other)
    other.unlink()
    refuse_input(other)
    again = tmp_path / "again.fits"
    write_cube(make_sky().main, again)
    write_cube(make_sky().main, again)


def test_a_backup_of_the_library_is_not_written_over_it(tmp_path):
    library = Library(tmp_path / "library.sqlite", "Anna")
    library.log("opened")
    (tmp_path / "link.sqlite").symlink_to(library.path)
    for target in (library.path, tmp_path / "link.sqlite"):
        with pytest.raises(CubeviewError, match="the library itself"):
            library.backup(target)
    library.log("opened")
    library.close()
