"""What scoring an archive costs: ``score_figures.py [windows] [rows]``; prints one JSON document.

Windows a second and core with the shipped sky model; bytes and processor time a window of listing,
keeping and joining; memory of each step for a number of rows and for ten times as many; and the
same archive by one process and by two, in turns. Ratios hold on a busy machine, times do not.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

ROOT = Path(__file__).resolve().parents[2]


def cpu() -> float:
    """Return the processor time of this process, seconds."""
    return time.process_time()


def judged(windows: int, folder: Path) -> dict[str, float]:
    """Judge windows one by one, as a worker does."""
    import torch

    from cubeview.learn.score.ask import ask_for
    from cubeview.learn.score.judge import judge
    from cubeview.learn.score.plan import shards

    torch.set_num_threads(1)
    ask = ask_for(str(folder), "", "sky-sources")
    units = [unit for shard in shards(ask) for unit in shard.units][:windows]
    judge(ask, units[0], folder)
    began, rows = cpu(), []
    for unit in units:
        rows += judge(ask, unit, folder)
    spent = cpu() - began
    assert len(rows) == len(units)
    return {
        "windows_a_cpu_second": round(len(units) / spent, 1),
        "row_bytes": round(sum(len(json.dumps(row)) for row in rows) / len(rows)),
        "worker_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def kept(rows: int, folder: Path) -> dict[str, float]:
    """List as many files as rows, keep made-up rows of them and join them to a catalogue."""
    from cubeview.io import listing
    from cubeview.learn.score import plan as plan_module
    from cubeview.learn.score.ask import Ask, keep_ask
    from cubeview.learn.score.plan import read_plan, write_plan
    from cubeview.learn.score.run import join
    from cubeview.learn.score.store import Store

    ask = Ask("/archive", "redshift")
    keep_ask(ask, folder)
    store, plan = Store(folder), folder / "plan.jsonl"

    def items(place, *, without=()):
        return (listing.Item(f"/archive/{n // 1000:06d}/window{n % 1000:04d}.fits", 14400, str(n))
                for n in range(rows))  # fmt: skip

    plan_module.items = items
    found = {}
    began = cpu()
    listed = write_plan(ask, plan, is_done=store.is_done)
    found["list_us_a_file"] = (cpu() - began) * 1e6 / rows
    found["plan_bytes_a_file"] = plan.stat().st_size / rows
    began, made = cpu(), 0
    for shard in read_plan(plan):
        rows_of = {}
        for number, (item,) in enumerate(shard.units):
            made += 1
            rows_of[number] = [{
                "key": f"{(made * 2654435761) % 2**32:08x}" + "0" * 24, "file": item.path,
                "case": item.path[-16:-5], "window": "0:32,0:32,0:32", "at": [0, 0, 0], "nth": 0,
                "content": "0123456789abcdef" * 4, "lon": 150.0000278, "lat": 1.999972222,
                "frame": "ICRS", "spectral": 6499.375, "spectral_unit": "Angstrom", "z": 0.123456,
                "z_low": 0.12, "z_high": 0.13, "type": "galaxy", "reduced_chi2": 1.01,
                "second_z": 2.0, "second_delta_chi2": 10.0, "cautions": "",
            }]  # fmt: skip
        with store.lease(shard.key) as mine:
            assert mine
            with store.journal(shard.key) as journal:
                for number, these in rows_of.items():
                    journal.begin(number)
                    journal.end(number, these)
            store.publish(shard.key, rows_of)
    found["keep_us_a_window"] = (cpu() - began) * 1e6 / rows
    found["part_bytes_a_window"] = sum(map(store.size_of, (s.key for s in read_plan(plan)))) / rows
    began = cpu()
    counted = join(ask, store, plan, folder / "out.ecsv")
    assert (counted.rows, counted.copies, counted.conflicts) == (rows, 0, 0), counted
    found["join_us_a_row"] = (cpu() - began) * 1e6 / rows
    found["catalogue_bytes_a_row"] = (folder / "out.ecsv").stat().st_size / rows
    found["windows_a_shard"] = rows / listed.shards
    found["rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {name: round(value, 1) for name, value in found.items()}


def timed(processes: int, archive: Path, out: Path) -> tuple[float, float]:
    """Return wall seconds and processor seconds of a whole run of the command."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "cubeview", "score", archive, "--model", "sky-sources",
         "--out", out, "--processes", str(processes)],
        check=True, capture_output=True, cwd=ROOT,
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.monotonic() - began, after.ru_utime - before.ru_utime


def alone(what: str, count: int, folder: Path) -> dict[str, float]:
    """Run one part of this script in a process of its own, so that its memory is its own."""
    command = [sys.executable, __file__, what, str(count), str(folder)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    """Measure all, or the one part that is named."""
    if sys.argv[1:2] in (["judged"], ["kept"]):
        part = {"judged": judged, "kept": kept}[sys.argv[1]]
        sys.stdout.write(json.dumps(part(int(sys.argv[2]), Path(sys.argv[3]))))
        return
    from tests.helpers.skywindows import write_windows

    windows, rows = (int(text) for text in (*sys.argv[1:], "400", "20000")[:2])
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        archive = folder / "windows"
        write_windows(archive, windows // 2, seed=1)
        (archive / "labels.csv").unlink()
        found = {"judge": alone("judged", windows, archive)}
        for count in (rows, 10 * rows):
            found[f"keep {count}"] = alone("kept", count, folder / f"kept{count}")
        walls = {1: [], 2: []}
        for turn in range(4):
            number = 1 + turn % 2
            walls[number].append(timed(number, archive, folder / f"{turn}.ecsv"))
        one, two = (min(walls[number]) for number in (1, 2))
        found["two processes"] = {
            "ratio": round(one[0] / two[0], 2), "wall_s": [one[0], two[0]],
            "cpu_s": [one[1], two[1]],
        }  # fmt: skip
        sets = {(folder / f"{turn}.ecsv").read_bytes() for turn in range(4)}
        found["same bytes"] = len(sets) == 1
    sys.stdout.write(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
