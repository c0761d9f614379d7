"""How long it takes from the start of the program to a visible window.

``python tests/benchmarks/bench_startup.py [PROGRAM] [FILE]``: PROGRAM is the installed
``cubeview``, by default this checkout. Needs xdotool, and Xvfb where there is no display. Cold
means that the program's own files were dropped from the page cache (Linux only), not those of the
system.
"""

import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from screen import display
from table import row

ROOT = Path(__file__).resolve().parents[2]
RUNS = 5
LONGEST_S = 60


def files(command):
    """Return what the program is made of."""
    if command[0] == sys.executable:
        import numpy

        folders = [ROOT / "cubeview", Path(numpy.__file__).parents[1]]
    else:
        folders = [Path(command[0]).resolve().parent]
    return [path for folder in folders for path in folder.rglob("*") if path.is_file()]


def forget(paths):
    """Drop files from the page cache."""
    for path in paths:
        number = os.open(path, os.O_RDONLY)
        os.posix_fadvise(number, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(number)


def start(command):
    """Return the seconds until a window of the program is visible, and whether torch is loaded."""
    begin = time.perf_counter()
    environment = {**os.environ, "QT_QPA_PLATFORM": "xcb", "PYTHONPATH": str(ROOT)}
    program = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        while time.perf_counter() - begin < LONGEST_S:
            search = ["xdotool", "search", "--onlyvisible", "--pid", str(program.pid)]
            if subprocess.run(search, capture_output=True, check=False).stdout.strip():
                took = time.perf_counter() - begin
                maps = Path(f"/proc/{program.pid}/maps").read_text()
                return took, "libtorch" in maps
            time.sleep(0.01)
        raise SystemExit("no window")
    finally:
        program.terminate()
        program.wait()


def main():
    missing = [tool for tool in ("xdotool", "Xvfb") if shutil.which(tool) is None]
    if missing:
        row("window visible from the start of the program", f"needs {', '.join(missing)}")
        return
    program = sys.argv[1:2] or [sys.executable, "-m", "cubeview"]
    command = [*program, *(sys.argv[2:3] or [str(ROOT / "resources" / "samples" / "sky.fits")])]
    if len(program) > 1:
        command.insert(3, "open")
    with display():
        start(command)
        warm = [start(command) for _ in range(RUNS)]
        cold = []
        if hasattr(os, "posix_fadvise"):
            paths = files(command)
            for _ in range(RUNS):
                forget(paths)
                cold.append(start(command))
    for name, runs in (("warm", warm), ("cold", cold)):
        if runs:
            times = [took for took, _ in runs]
            row(
                f"window visible from the start of the program, {name}",
                f"{statistics.median(times):.2f} s ({min(times):.2f} to {max(times):.2f}), torch "
                f"{'' if any(torch for _, torch in runs) else 'not '}loaded",
            )


if __name__ == "__main__":
    main()
