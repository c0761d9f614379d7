"""The front door for scripts."""

import doctest
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import cubeview as cv

ROOT = Path(__file__).resolve().parent.parent


def test_what_the_docs_say_is_true(tmp_path, monkeypatch):
    shutil.copy(ROOT / "resources" / "samples" / "sky.fits", tmp_path)
    monkeypatch.chdir(tmp_path)
    done = doctest.testfile(str(ROOT / "docs" / "scripting.md"), module_relative=False)
    assert done.attempted > 20
    assert done.failed == 0


def test_nothing_is_loaded_before_it_is_used(tmp_path):
    """Not even numpy by the import; no network and no window by looking at a cube."""
    shutil.copy(ROOT / "resources" / "samples" / "sky.fits", tmp_path)
    code = (
        "import sys, cubeview as cv\n"
        "heavy = lambda *names: print(sorted(set(names) & set(sys.modules)))\n"
        "dir(cv); heavy('numpy', 'astropy', 'scipy', 'torch', 'PyQt6', 'pydicom')\n"
        "(case,) = cv.open_path('sky.fits'); case.main.plane(0, 1)\n"
        "heavy('numpy', 'torch', 'PyQt6', 'pyqtgraph', 'pydicom')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.stdout.splitlines() == ["[]", "['numpy']"]


def test_everything_promised_is_there():
    assert (Path(cv.__file__).parent / "py.typed").is_file()
    assert all(callable(getattr(cv, name)) for name in cv.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = cv.nothing


def test_a_simulated_case_is_the_same_for_the_same_seed():
    one, other = (cv.simulate_heart("healthy", seed=5) for _ in range(2))
    np.testing.assert_array_equal(one.cubes["rest"], other.cubes["rest"])


def test_what_cannot_be_asked_is_said():
    sky = cv.simulate_sky(seed=1, shape=(16, 16, 16))
    with pytest.raises(cv.CubeviewError, match="no model 'nobody'; installed: bars, sky-sources"):
        cv.predict(sky, "nobody")
    with pytest.raises(cv.CubeviewError, match="no map 'guess'; choose of cam"):
        cv.explain(sky, "guess")
    with pytest.raises(cv.CubeviewError, match=r"outside the cube\. Give Wavelength in Angstrom"):
        cv.predict(sky, at=(0.0, 0.0, 0.0))
    with pytest.raises(cv.CubeviewError, match="no class 'ill'"):
        cv.simulate_heart("ill")
