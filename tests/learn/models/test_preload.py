"""torch is imported with its large library first, and then works."""

import subprocess
import sys

import pytest

from cubeview.learn.models.preload import preload

CHILD = """
import sys, threading, time
from cubeview.learn.models.preload import preload
assert "torch" not in sys.modules

if {ahead}:
    preload()
    assert "torch" in sys.modules
    assert "libtorch_cpu" in open("/proc/self/maps").read()
import torch
one = torch.ones(1, 2, 4, 4, 4)
print(float(torch.nn.functional.conv3d(one, torch.ones(3, 2, 2, 2, 2)).sum()))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("ahead", [True, False])
def test_torch_computes_after_it(ahead):
    done = subprocess.run(
        [sys.executable, "-c", CHILD.format(ahead=ahead)], capture_output=True, text=True
    )
    assert done.stdout.strip() == str(27 * 3 * 16.0), done.stderr


def test_it_does_nothing_once_torch_is_there(monkeypatch):
    import torch  # noqa: F401

    monkeypatch.setattr("ctypes.CDLL", lambda *_: pytest.fail("loaded again"))
    preload()
