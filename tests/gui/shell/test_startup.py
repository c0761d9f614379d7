"""What a start may load: torch comes when somebody asks a network, not before."""

import subprocess
import sys

import pytest

START = """
import sys
from pathlib import Path
from PyQt6.QtCore import QTimer
from cubeview.gui.shell import app
from cubeview.gui.desk.samples import samples

def look():
    print([name for name in ("torch", "sklearn", "matplotlib", "sympy") if name in sys.modules])
    application.closeAllWindows()

application = app.application()
QTimer.singleShot(2500, look)
sys.exit(app.run(list(samples()[1].paths)))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there torch has to be loaded before Qt")
def test_a_window_with_a_sky_cube_has_not_loaded_torch():
    done = subprocess.run([sys.executable, "-c", START], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]", done.stderr
    assert done.returncode == 0
