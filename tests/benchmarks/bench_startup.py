"""How long it takes from the start of the program to a visible window.

``python tests/benchmarks/bench_startup.py [PROGRAM] [FILE]``: PROGRAM is the installed
``cubeview``, by default this checkout. Needs xdotool, and Xvfb where there is no display. Cold
means that the program's own files were dropped from the page cache (Linux only), not those of the
system. Beside the time on the clock stands what the processor was busy for this one program: on a
machine with other work that is what can be believed.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from screen import display
from table import row

ROOT = Path(__file__).resolve().parents[2]
RUNS = 5
BARS_S = {"warm": 1.5, "cold": 4.0}
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


def busy_s(number):
    """Return the processor time of a process and of its children that ended."""
    # proc(5): utime, stime, cutime and cstime are fields 14 to 17; the name before may have spaces.
    fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def start(command):
    """Wait until a window of the program is visible.

    Returns
    -------
    took : float
        Seconds on the clock.
    busy : float
        Seconds of processor time until then.
    torch : bool
        Whether torch is loaded by then.
    """
    begin = time.perf_counter()
    environment = {**os.environ, "QT_QPA_PLATFORM": "xcb", "PYTHONPATH": str(ROOT)}
    # An installed program has its bytecode; the checkout gets it with the first start.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    program = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        while time.perf_counter() - begin < LONGEST_S:
            search = ["xdotool", "search", "--onlyvisible", "--pid", str(program.pid)]
            if subprocess.run(search, capture_output=True, check=False).stdout.strip():
                took = time.perf_counter() - begin
                maps = Path(f"/proc/{program.pid}/maps").read_text()
                return took, busy_s(program.pid), "libtorch" in maps
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
    # A home of its own: a window that is open already would take the file.
    with display(), tempfile.TemporaryDirectory() as home:
        os.environ["CUBEVIEW_HOME"] = home
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
            times = [took for took, _, _ in runs]
            busy = statistics.median(busy for _, busy, _ in runs)
            row(
                f"window visible from the start of the program, {name}",
                f"{statistics.median(times):.2f} s ({min(times):.2f} to {max(times):.2f}), "
                f"{busy:.2f} s of processor, torch "
                f"{'' if any(torch for *_, torch in runs) else 'not '}loaded",
                f"≤ {BARS_S[name]:g} s",
                statistics.median(times) <= BARS_S[name],
            )


if __name__ == "__main__":
    main()
