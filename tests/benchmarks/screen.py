"""A virtual screen for programs that need one."""

import os
import shutil
import subprocess
from contextlib import contextmanager


@contextmanager
def display():
    """Give the programs a screen, if there is none."""
    if os.environ.get("DISPLAY") or shutil.which("Xvfb") is None:
        yield
        return
    # It takes a free number and says which once it listens; reset when its last client left, it
    # would refuse the next for a moment.
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", "1", "-screen", "0", "1600x1000x24", "-nolisten", "tcp", "-noreset"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    os.environ["DISPLAY"] = f":{server.stdout.readline().strip()}"
    try:
        yield
    finally:
        del os.environ["DISPLAY"]
        server.terminate()
        server.wait()
