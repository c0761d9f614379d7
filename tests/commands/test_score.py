"""`cubeview score` as a user types it: said at once, paused, gone on with, sent to a cluster."""

import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from astropy.table import Table

from cubeview.cli import main
from tests.helpers.archives import save_judge, write_archive

ROOT = Path(__file__).parents[2]


@pytest.fixture
def archive(tmp_path):
    return write_archive(tmp_path / "in", 6)


@pytest.fixture
def model(tmp_path):
    return save_judge(tmp_path / "light")


def hearing():
    """Let a process hear the interrupt that who runs the tests may have had ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


PLACES = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))


def start(*arguments, **how):
    return subprocess.Popen(
        [sys.executable, "-m", "cubeview", *map(str, arguments)], text=True,
        env={**os.environ, "PYTHONPATH": PLACES, "OMP_NUM_THREADS": "1"},
        start_new_session=True, preexec_fn=hearing, **how,
    )  # fmt: skip


def test_jobs_for_a_cluster_are_written_to_be_read(archive, model, tmp_path, capsys):
    out = tmp_path / "out's.ecsv"
    asked = ["score", str(tmp_path / "in"), "--model", str(model), "--out", str(out)]
    assert main([*asked, "--engine", "slurm", "--tasks", "3", "--processes", "2"]) == 0
    said = capsys.readouterr().out
    assert "6 files" in said
    folder = tmp_path / "out's.ecsv.parts"
    array, join = ((folder / name).read_text() for name in ("score.sbatch", "join.sbatch"))
    assert "#SBATCH --array=0-2\n" in array
    assert "#SBATCH --cpus-per-task=2\n" in array
    assert "\ncubeview score --out " in array  # as it was called: here by nobody
    assert '--share "$SLURM_ARRAY_TASK_ID/3" --processes 2' in array
    assert join.rstrip().endswith("--join")
    assert "afterany" in (folder / "send.sh").read_text()
    for script in ("score.sbatch", "join.sbatch", "send.sh"):
        subprocess.run(["bash", "-n", folder / script], check=True)
    assert not out.exists()
    assert main(["score", "--out", str(out), "--join"]) == 2
    assert "not done" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--out", "x.csv"], "name the folder"),
        (["in", "--out", "x.csv"], "--model"),
        (["in", "--out", "x.doc", "--task", "redshift"], ".ecsv, .csv"),
        (["none", "--out", "x.csv", "--task", "redshift", "--engine", "slurm"], "no such file"),
        (["--out", "x.csv", "--share", "3/2"], "nothing was begun"),
        (["in", "--out", "x.csv", "--join"], "name only --out"),
        (["--out", "x.csv", "--join", "--share", "1/2"], "name one of them"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(arguments, reason, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    assert main(["score", *arguments]) == 2
    error = capsys.readouterr().err
    assert reason in error
    assert error.count("\n") == 1


@pytest.mark.slow
def test_a_run_says_what_there_is_at_once_and_goes_on_after_a_pause(tmp_path, model):
    said = write_archive(tmp_path / "in", 300)
    (tmp_path / "in" / "empty.fits").touch()
    out = tmp_path / "out.ecsv"
    asked = ("score", tmp_path / "in", "--model", model, "--out", out, "--processes", 2)
    with start(*asked, stderr=subprocess.PIPE, stdout=subprocess.PIPE) as first:
        lines = [first.stderr.readline()]
        while lines[-1] and not re.search(r": (emission line|empty) \d", lines[-1]):
            lines.append(first.stderr.readline())
        os.killpg(first.pid, signal.SIGINT)
        _, rest = first.communicate(timeout=60)
    assert lines[0].startswith("301 files, 5 MB")
    assert first.returncode == 130
    assert "goes on from here" in rest
    assert "Traceback" not in rest
    assert not out.exists()
    with start(*asked, stderr=subprocess.PIPE, stdout=subprocess.PIPE) as again:
        told, rest = again.communicate(timeout=300)
    assert again.returncode == 0, rest
    assert "301 rows, 1 of them without an answer" in told
    table = Table.read(out, format="ascii.ecsv")
    found = {Path(row["file"]).name: row["class"] for row in table if not row["reason"]}
    assert found == said
    with start(*asked, stderr=subprocess.PIPE, stdout=subprocess.PIPE) as again:
        _, rest = again.communicate(timeout=60)
    assert "301 done before" in rest


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")
def test_twenty_kills_of_workers_and_parents_leave_the_same_bytes(tmp_path, model):
    write_archive(tmp_path / "in", 900)
    (tmp_path / "in" / "empty.fits").touch()
    asked = ("score", tmp_path / "in", "--model", model, "--processes", 2)
    whole, out = tmp_path / "whole.ecsv", tmp_path / "out.ecsv"
    assert start(*asked, "--out", whole, stderr=subprocess.DEVNULL).wait(600) == 0
    chance = random.Random(1)
    killed = {"worker": 0, "parent": 0}
    run = None
    while sum(killed.values()) < 20:
        if run is None:
            run = start(*asked, "--out", out, stderr=subprocess.DEVNULL)
        before = written(out)
        while written(out) == before and run.poll() is None:
            time.sleep(0.02)
        time.sleep(chance.uniform(0.0, 0.5))
        if run.poll() is not None:
            break
        workers = children(run.pid)
        if workers and killed["worker"] <= killed["parent"]:
            os.kill(chance.choice(workers), signal.SIGKILL)
            killed["worker"] += 1
        else:
            run.kill()
            run.wait()
            run = None
            killed["parent"] += 1
    assert min(killed.values()) >= 5, f"it was done too soon to be killed: {killed}"
    if run is None:
        run = start(*asked, "--out", out, stderr=subprocess.DEVNULL)
    assert run.wait(600) == 0
    assert out.read_bytes() == whole.read_bytes()
    table = Table.read(out, format="ascii.ecsv")
    assert len(table) == len(set(table["key"])) == 901


def written(out):
    """Return how much has been judged and written down."""
    folder = out.with_name(f"{out.name}.parts")
    sizes = []
    for path in (*folder.glob("journals/*"), *folder.glob("parts/*/*")):
        try:
            sizes.append((path.name, path.stat().st_size))
        except OSError:
            continue
    return sorted(sizes)


def children(pid):
    """Return the processes that judge for another."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = status.read_text().rpartition(") ")
            line = (status.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if int(rest.split()[1]) == pid and b"spawn_main" in line:
            found.append(int(name.split()[0]))
    return found


@pytest.mark.slow
def test_the_tasks_of_an_array_and_the_job_that_joins_give_the_catalogue(tmp_path, model):
    said = write_archive(tmp_path / "in", 150)
    out = tmp_path / "out.csv"
    asked = ("score", tmp_path / "in", "--model", model, "--out", out, "--engine", "slurm")
    assert start(*asked, "--tasks", "2", "--processes", "1").wait(120) == 0
    folder = tmp_path / "out.csv.parts"
    environment = {**os.environ, "PYTHONPATH": PLACES}
    tasks = [
        subprocess.Popen(
            ["bash", folder / "score.sbatch"], env={**environment, "SLURM_ARRAY_TASK_ID": str(n)}
        )
        for n in range(2)
    ]
    assert [task.wait(300) for task in tasks] == [0, 0]
    assert subprocess.run(["bash", folder / "join.sbatch"], env=environment).returncode == 0
    table = Table.read(out, format="ascii.csv", comment="#")
    assert {Path(row["file"]).name: row["class"] for row in table} == said


@pytest.mark.slow
def test_dask_workers_give_the_catalogue(tmp_path, model):
    pytest.importorskip("distributed", reason="dask.distributed is not installed")
    said = write_archive(tmp_path / "in", 60)
    out = tmp_path / "out.csv"
    asked = ("score", tmp_path / "in", "--model", model, "--out", out)
    run = start(*asked, "--engine", "dask", "--processes", 2)
    assert run.wait(300) == 0
    table = Table.read(out, format="ascii.csv", comment="#")
    assert {Path(row["file"]).name: row["class"] for row in table} == said
