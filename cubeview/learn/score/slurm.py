"""Job files for Slurm: an array that shares the shards, then one job that joins them.

They are written to be read and changed before they are sent; nothing is sent from here.
"""

import shlex
import shutil
import sys
from pathlib import Path

from cubeview.errors import CubeviewError, refusing
from cubeview.paths import replacing

_HEAD = """\
#!/bin/bash
# CubeView: {what}
# Written by cubeview score; change what your cluster asks for (account, partition, time).
#SBATCH --job-name=cubeview-{name}
#SBATCH --output={logs}
#SBATCH --cpus-per-task={cores}
#SBATCH --mem={memory}G
#SBATCH --time={hours}:00:00
"""
_ARRAY = """\
#SBATCH --array=0-{last}
#SBATCH --requeue

# A task that is ended, by the time limit or with its machine, loses nothing: send the array again,
# and it goes on where it was. Every task does its own share and then helps the others.
export OMP_NUM_THREADS=1
{command} score --out {out} --share "$SLURM_ARRAY_TASK_ID/{tasks}" --processes {cores}
"""
_JOIN = """
{command} score --out {out} --join
"""
_SEND = """\
#!/bin/bash
# Sends both: the second waits until the array has ended, however it ended.
set -e
cd "$(dirname "$0")"
array=$(sbatch --parsable score.sbatch)
sbatch --dependency=afterany:"$array" join.sbatch
"""
_GIB_A_PROCESS = 2


def _program() -> list[str]:
    """Return how this program was called: by its own name, or as a module of some Python."""
    called = sys.orig_argv
    if "score" not in called:
        return ["cubeview"]
    first, *more = called[: called.index("score")]
    # Jobs start in another folder.
    there = (str(Path(word).absolute()) if Path(word).is_file() else word for word in more)
    return [str(Path(shutil.which(first) or first).absolute()), *there]


def write_jobs(out: Path, folder: Path, tasks: int, processes: int) -> list[Path]:
    """Write the job files of a scoring that was planned; return them, that which sends last.

    Parameters
    ----------
    out : Path
        The catalogue.
    folder : Path
        Its work folder, which all machines of the cluster see by this name.
    tasks : int
        Of the array.
    processes : int
        Of each task.

    Raises
    ------
    CubeviewError
        If they cannot be written.
    """
    if tasks < 1 or processes < 1:
        raise CubeviewError("--tasks and --processes take 1 or more.")
    said = {
        "command": shlex.join(_program()),
        "out": shlex.quote(str(out.absolute())),
        "tasks": tasks,
        "last": tasks - 1,
    }
    logs = folder / "logs"
    array = _HEAD.format(
        what=f"judge the shards, {tasks} tasks of {processes} processes", name="score",
        logs=logs / "%A_%a.txt", cores=processes, memory=_GIB_A_PROCESS * processes, hours=24,
    ) + _ARRAY.format(**said, cores=processes)  # fmt: skip
    join = _HEAD.format(
        what="join the shards to the catalogue", name="join", logs=logs / "%j.txt", cores=1,
        memory=_GIB_A_PROCESS, hours=4,
    ) + _JOIN.format(**said)  # fmt: skip
    written = []
    with refusing(folder, "cannot be written", "Check the disk."):
        logs.mkdir(exist_ok=True)
        for name, text in (("score.sbatch", array), ("join.sbatch", join), ("send.sh", _SEND)):
            with replacing(folder / name) as part:
                part.write_text(text, encoding="utf-8", newline="\n")
                part.chmod(0o755)
            written.append(folder / name)
    return written
