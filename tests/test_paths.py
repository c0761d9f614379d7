"""Folders of the program: private, swept, and borrowed where they cannot be written to."""

import os
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

from cubeview.cubes.answer import Overlay
from cubeview.errors import CubeviewError
from cubeview.gui.shell.app import _borrowed_home
from cubeview.io.export.fits import write_cube
from cubeview.io.export.overlay import write_overlay
from cubeview.io.voxels import cache
from cubeview.paths import cache_dir, data_dir, is_running, read_within, sweep
from tests.gui.fakes import make_sky
from tests.helpers.smalldisk import fill, small_disk


@pytest.mark.skipif(sys.platform == "win32", reason="modes of POSIX systems")
def test_folders_of_the_program_are_the_users_alone(own_home):
    (own_home / "data").mkdir(mode=0o755)
    for folder in (data_dir(), cache_dir()):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_only_what_nobody_writes_any_more_is_swept(tmp_path):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    names = {
        "killed": f"a.fits.{gone.pid}.part",
        "writing": f"b.fits.{os.getpid()}.part",
        "elsewhere": f"c.fits.{gone.pid}.part",
        "whole": "d.fits",
        "other": "e.part",
    }
    for what, name in names.items():
        (tmp_path / name).write_bytes(b"x")
        # An hour ago, or in an hour: the clock may have been set back.
        then = time.time() + (0 if what == "elsewhere" else 3600)
        os.utime(tmp_path / name, (then, then))
    sweep(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(names.values()) - {names["killed"]}
    assert is_running(os.getpid())
    assert not is_running(gone.pid)


@pytest.mark.parametrize("shift", [-3600, 3600])
def test_a_lock_of_another_time_is_not_waited_for(tmp_path, shift):
    lock = tmp_path / "a.lock"
    lock.touch()
    os.utime(lock, (time.time() + shift,) * 2)
    start = time.perf_counter()
    with cache._alone(lock, lambda fraction, text: None):
        assert time.perf_counter() - start < 5
    assert not lock.exists()


NO_HOME = """
import os, sys
from cubeview.cli import main
from cubeview.paths import cache_dir, data_dir
from cubeview.learn.models.packs import models_dir
from cubeview.errors import CubeviewError
main(["info", sys.argv[1]])  # all is imported before modes bind
os.environ["CUBEVIEW_HOME"] = sys.argv[2]
if os.geteuid() == 0:
    os.setuid(65534)
status = main(["info", sys.argv[1]])
try:
    models_dir()
except CubeviewError as error:
    print("refused:", error)
print(status, os.access(cache_dir(), os.W_OK))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="modes of POSIX systems")
@pytest.mark.parametrize("there", [True, False])
def test_without_a_home_files_still_open_and_what_cannot_be_kept_is_said(there):
    # Not in tmp_path: somebody else may not even enter the folders above it.
    with tempfile.TemporaryDirectory() as name:
        path, home = Path(name) / "sky.fits", Path(name) / "home"
        write_cube(make_sky().main, path)
        home.mkdir()
        if there:
            (home / "data").mkdir()
            (home / "cache").mkdir()
        for folder in (*home.iterdir(), home, Path(name)):
            folder.chmod(0o555)
        done = subprocess.run(
            [sys.executable, "-c", NO_HOME, str(path), str(home)],
            capture_output=True,
            text=True,
            check=False,
        )
        Path(name).chmod(0o755)
        home.chmod(0o755)
    assert "Traceback" not in done.stderr
    assert "refused:" in done.stdout
    assert done.stdout.endswith("0 True\n")


def test_a_session_without_a_home_borrows_one_and_says_so(own_home, monkeypatch):
    assert _borrowed_home() == ""
    real = data_dir()
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != real)
    told = _borrowed_home()
    assert str(real) in told
    assert str(data_dir()) in told
    assert data_dir() != real


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes of POSIX systems")
def test_what_never_ends_is_not_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero"), tmp_path):
        with pytest.raises(CubeviewError, match=r"no ordinary file\. Choose"):
            read_within(path, 10, "Choose another.")
    (tmp_path / "a").write_bytes(b"12345678901")
    with pytest.raises(CubeviewError, match="larger than 10 bytes"):
        read_within(tmp_path / "a", 10, "")
    assert read_within(tmp_path / "a", 11, "") == b"12345678901"


@pytest.mark.parametrize("suffix", [".fits", ".npz"])
def test_a_map_that_finds_no_room_is_said_and_leaves_nothing(tmp_path, suffix):
    case = make_sky()
    box = tuple(slice(0, n) for n in case.main.shape)
    values = {"flux": np.ones(case.main.shape, np.float32)}
    with small_disk(tmp_path / "disk") as disk:
        fill(disk)
        overlay = Overlay(case, values, {"flux": box}, "CAM", "empty", "m", "logit")
        with pytest.raises(CubeviewError, match="cannot be written"):
            write_overlay(overlay, disk / f"map{suffix}")
        with pytest.raises(CubeviewError, match="cannot be written"):
            write_cube(case.main, disk / "cube.fits")
        assert [path.name for path in disk.iterdir()] == ["filler"]
