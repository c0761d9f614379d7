"""gdcm without the OpenSSL of its wheel."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

gdcm = pytest.importorskip("_gdcm")
ROOT = Path(__file__).resolve().parents[2]

LOAD = """
from _gdcm import gdcmswig
print(gdcmswig.ImageReader().GetImage().GetNumberOfDimensions() >= 0)
print([line for line in open("/proc/self/maps") if "/libcrypto-" in line or "/libssl-" in line])
"""


@pytest.fixture
def bundle(tmp_path):
    """What is in the bundle: gdcm's folder, without the libraries beside it."""
    folder = Path(gdcm.__file__).parent
    if not (folder.parent / "python_gdcm.libs").is_dir():
        pytest.skip("this gdcm brings no OpenSSL")
    to = tmp_path / "_internal" / "_gdcm"
    to.mkdir(parents=True)
    # A library lies there under up to three names; the loader looks for one of them.
    other_name = re.compile(r"libgdcmCommon\.so((\.\d+){3})?")
    for path in folder.iterdir():
        if path.is_file() and not other_name.fullmatch(path.name):
            shutil.copy(path, to)
    return tmp_path


def load(bundle, **environment):
    return subprocess.run(
        [sys.executable, "-c", LOAD],
        env={**os.environ, "PYTHONPATH": str(bundle / "_internal"), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.skipif(sys.platform != "linux", reason="only that wheel brings OpenSSL")
def test_gdcm_loads_without_openssl(bundle):
    assert "libssl" in load(bundle).stderr
    path = ROOT / "packaging" / "linux" / "without_openssl.py"
    spec = importlib.util.spec_from_file_location("without_openssl", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.main(bundle)
    for how in ({}, {"LD_BIND_NOW": "1"}):
        done = load(bundle, **how)
        assert done.stdout.split("\n")[:2] == ["True", "[]"], done.stderr
