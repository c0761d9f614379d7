"""A virtual screen for programs that need one."""

import os
import shutil
import subprocess
import time
from contextlib import contextmanager

DISPLAY = ":93"


@contextmanager
def display():
    """Give the programs a screen, if there is none."""
    if os.environ.get("DISPLAY") or shutil.which("Xvfb") is None:
        yield
        return
    server = subprocess.Popen(
        ["Xvfb", DISPLAY, "-screen", "0", "1600x1000x24", "-nolisten", "tcp"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.environ["DISPLAY"] = DISPLAY
    time.sleep(2)
    try:
        yield
    finally:
        del os.environ["DISPLAY"]
        server.terminate()
        server.wait()
