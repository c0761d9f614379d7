"""A catalogue of an archive: planted answers, each once, whoever did what and whatever ended."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from astropy.table import Table

from cubeview.errors import Cancelled, CubeviewError
from cubeview.io.listing import Item
from cubeview.learn.score import merge, tasks
from cubeview.learn.score import work as work_module
from cubeview.learn.score.ask import Ask, ask_for, keep_ask
from cubeview.learn.score.judge import judge
from cubeview.learn.score.plan import read_plan, shards, write_plan
from cubeview.learn.score.run import begin, folder_of, join, plan_for_others
from cubeview.learn.score.store import LEASE_S, STRIKES, Store
from cubeview.learn.score.work import work
from tests.helpers.archives import save_judge, write_archive

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """20 cubes, some in a folder below, one of them twice, two broken, and what lies about."""
    folder = tmp_path_factory.mktemp("archive")
    said = write_archive(folder / "night1", 14)
    said |= write_archive(folder / "night2", 6, first=14)
    shutil.copy(folder / "night1" / "cube0000.fits", folder / "night2" / "again.fits")
    (folder / "night1" / "empty.fits").touch()
    (folder / "night2" / "page.fits").write_text("<html>")
    (folder / "README").write_text("nothing to judge")
    (folder / ".hidden.fits").write_text("x")
    return folder, said


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(save_judge(tmp_path_factory.mktemp("models") / "light"))


@pytest.fixture
def few(monkeypatch):
    """Make shards of a few units each."""
    small = {name: replace(scorer, together=4) for name, scorer in tasks.SCORERS.items()}
    for module in ("tasks", "plan", "judge"):
        monkeypatch.setattr(f"cubeview.learn.score.{module}.SCORERS", small)


def scored(ask, out, **how):
    """Score in this process and return the bytes of the catalogue."""
    plan_for_others(ask, out)
    store = begin(ask, out)
    assert work(store.folder, store.folder / "plan.jsonl", **how)
    counted = join(ask, store, store.folder / "plan.jsonl", out)
    return out.read_bytes(), counted


def test_planted_answers_come_out_once_each_with_what_could_not_be_judged(archive, model, tmp_path):
    folder, said = archive
    ask = ask_for(str(folder), "", model)
    _, counted = scored(ask, tmp_path / "out.ecsv")
    table = Table.read(tmp_path / "out.ecsv", format="ascii.ecsv")
    rows = {Path(row["file"]).name: row for row in table if not row["reason"]}
    assert {name: row["class"] for name, row in rows.items()} == said
    assert (counted.rows, counted.failed, counted.copies, counted.conflicts) == (22, 2, 1, 0)
    assert len(set(table["key"])) == len(table) == 22
    assert rows["cube0000.fits"]["copies"] == 2
    assert rows["cube0007.fits"]["lat"] == pytest.approx(0.7, abs=1e-6)
    assert rows["cube0007.fits"]["spectral"] == pytest.approx(6500.0)
    assert table["lon"].unit == "deg"
    assert table.meta["WEIGHTS"] == ask.weights
    reasons = {Path(row["file"]).name: row["reason"] for row in table if row["reason"]}
    assert "0 bytes" in reasons["empty.fits"]
    assert "does not begin with SIMPLE" in reasons["page.fits"]
    assert list(table["file"]) == sorted(table["file"])


def test_any_number_of_workers_writes_the_same_bytes(archive, model, tmp_path, few):
    ask = ask_for(str(archive[0]), "", model)
    alone, _ = scored(ask, tmp_path / "a.csv")
    out = tmp_path / "b.csv"
    plan_for_others(ask, out)
    store = begin(ask, out)
    plan = store.folder / "plan.jsonl"
    assert sum(1 for _ in read_plan(plan)) > 4
    # Four workers that are replaced after two units each, in turns.
    waiting = list(range(4))
    while waiting:
        number = waiting.pop(0)
        if not work(store.folder, plan, share=(number, 4), most=2):
            waiting.append(number)
    join(ask, store, plan, out)
    assert out.read_bytes() == alone


def test_what_was_begun_is_gone_on_with_and_nothing_is_judged_twice(
    archive, model, tmp_path, few, monkeypatch
):
    ask = ask_for(str(archive[0]), "", model)
    whole, _ = scored(ask, tmp_path / "a.csv")
    judged = []

    def counting(ask, unit, spool):
        judged.append(unit)
        return judge(ask, unit, spool)

    monkeypatch.setattr(work_module, "judge", counting)
    out = tmp_path / "b.csv"
    plan_for_others(ask, out)
    store = begin(ask, out)
    plan = store.folder / "plan.jsonl"

    def stop_at(count):
        def report(fraction, text):
            if len(judged) >= count:
                raise Cancelled

        return report

    for count in (1, 6, 7, 15):
        with pytest.raises(Cancelled):
            work(store.folder, plan, report=stop_at(count))
    assert work(store.folder, plan)
    join(ask, store, plan, out)
    assert out.read_bytes() == whole
    assert len(judged) == len(set(judged)) == 24  # and not that which is hidden


def test_a_file_more_changes_no_other_shard(model, tmp_path, few, monkeypatch):
    there = [Item(f"/night/cube{n:04d}.fits", 100 + n, "1", named=False) for n in range(60)]
    monkeypatch.setattr("cubeview.learn.score.plan.items", lambda place, without: iter(there))
    ask = ask_for(str(tmp_path), "", model)
    before = {shard.key for shard in shards(ask)}
    assert len(before) > 5
    for place in range(0, 61, 4):
        there.insert(place, Item(f"/night/more{place}.fits", 7, "2", named=False))
        after = {shard.key for shard in shards(ask)}
        del there[place]
        assert 1 <= len(after - before) <= 2
    other = replace(ask, weights="0" * 64, model="")
    assert not before & {shard.key for shard in shards(other)}


def test_a_shard_is_one_workers_until_his_lease_has_rested_or_he_has_ended(tmp_path):
    one, other = Store(tmp_path), Store(tmp_path)
    lease = tmp_path / "leases" / "k1"
    with one.lease("k1") as mine:
        assert mine
        with other.lease("k1") as his:
            assert not his
        old = time.time() - 2 * LEASE_S
        os.utime(lease, (old, old))
        with other.lease("k1") as his:
            assert his
            assert lease.read_text() == other.owner
    assert not lease.exists()
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    lease.write_text(f"{one.owner.split('-')[0]}-{child.pid}-abc")
    with one.lease("k1") as mine:
        assert mine
    lease.write_text(f"elsewhere-{child.pid}-abc")
    with one.lease("k1") as mine:
        assert not mine
    one.publish("k1", {})
    lease.unlink()
    with one.lease("k1") as mine:
        assert not mine


def ask_of(folder, count):
    """Return a question without a model, and its plan over files that are not looked at."""
    place = folder / "files"
    place.mkdir()
    for number in range(count):
        (place / f"f{number:03d}.fits").write_text(str(number))
    ask = Ask(str(place), "redshift")
    keep_ask(ask, folder / "out.csv.parts")
    write_plan(ask, folder / "plan.jsonl")
    return ask, Store(folder / "out.csv.parts"), folder / "plan.jsonl"


def row(key, z=1.0, file="f", **more):
    return {"key": key, "file": file, "at": [], "nth": 0, "z": z, **more}


def test_two_results_of_one_shard_are_told_apart_and_the_same_one_twice_is_not(tmp_path):
    ask, store, plan = ask_of(tmp_path, 1)
    (shard,) = read_plan(plan)
    for _ in range(2):
        store.publish(shard.key, {0: [row("a" * 32)]})
    counted = join(ask, store, plan, tmp_path / "out.csv")
    assert (counted.rows, counted.conflicts, store.conflicts()) == (1, 0, 0)
    Store(store.folder).publish(shard.key, {0: [row("a" * 32, z=2.0)]})
    counted = join(ask, store, plan, tmp_path / "out.csv")
    assert (counted.rows, counted.conflicts, store.conflicts()) == (1, 1, 1)
    assert "two runs gave different answers" in (tmp_path / "out.csv").read_text()


def test_a_damaged_part_is_made_again_and_torn_lines_count_for_nothing(tmp_path):
    _, store, plan = ask_of(tmp_path, 1)
    (shard,) = read_plan(plan)
    store.publish(shard.key, {0: [row("a" * 32)]})
    (part,) = store.folder.glob("parts/*/*.jsonl")
    part.write_bytes(part.read_bytes()[:-20])
    with pytest.raises(CubeviewError, match="made again"):
        store.rows_of(shard.key)
    assert not store.is_done(shard.key)
    with store.journal(shard.key) as journal:
        journal.end(0, [row("b" * 32)])
    (path,) = store.folder.glob("journals/*")
    path.write_bytes(path.read_bytes() + b'{"unit":1,"ro')
    with store.journal(shard.key) as journal:
        journal.end(2, [])
    rows, strikes = store.begun(shard.key)
    assert rows == {0: [row("b" * 32)], 2: []}
    assert not strikes


def test_a_file_that_ends_every_process_is_named_and_costs_itself(tmp_path, monkeypatch):
    ask, store, plan = ask_of(tmp_path, 2)
    (shard,) = read_plan(plan)
    with store.journal(shard.key) as journal:
        for _ in range(STRIKES):
            journal.begin(1)
    assert store.begun(shard.key)[1] == {1: STRIKES}
    monkeypatch.setattr(work_module, "judge", lambda ask, unit, spool: [row("a" * 32)])
    assert work(store.folder, plan)
    counted = join(ask, store, plan, tmp_path / "out.csv")
    assert (counted.rows, counted.failed) == (2, 1)
    assert "was ended 5 times" in (tmp_path / "out.csv").read_text()
    store.sweep()  # another run asks it once more
    assert not store.is_done(shard.key)
    with store.journal(shard.key) as journal:
        journal.begin(1)
    (store.folder / "leases" / shard.key).write_text(f"{store.owner.split('-')[0]}-123-x")
    store.forgive([123])
    assert store.begun(shard.key)[1] == {}


def test_piles_that_do_not_fit_into_memory_change_nothing(archive, model, tmp_path, monkeypatch):
    ask = ask_for(str(archive[0]), "", model)
    whole, _ = scored(ask, tmp_path / "a.csv")
    store = begin(ask, tmp_path / "a.csv")
    monkeypatch.setattr(merge, "_PILE_BYTES", 500)
    join(ask, store, store.folder / "plan.jsonl", tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_bytes() == whole


def test_an_archive_elsewhere_is_fetched_file_by_file_and_scored_the_same(archive, model, tmp_path):
    fsspec = pytest.importorskip("fsspec")
    folder, said = archive
    far = fsspec.filesystem("memory")
    far.put(str(folder / "night2"), "/bucket", recursive=True)
    try:
        ask = ask_for("memory://bucket", "", model)
        scored(ask, tmp_path / "out.csv")
    finally:
        far.rm("/bucket", recursive=True)
    table = Table.read(tmp_path / "out.csv", format="ascii.csv", comment="#")
    rows = {row["file"].rpartition("/")[2]: row for row in table}
    assert len(table) == 8
    assert all(row["file"].startswith("memory:///bucket") for row in rows.values())
    names = [f"cube{number:04d}.fits" for number in range(14, 20)]
    assert [rows[name]["class"] for name in names] == [said[name] for name in names]
    assert "spool" not in (tmp_path / "out.csv").read_text()
    assert not [path for path in (folder_of(tmp_path / "out.csv") / "spool").rglob("*.fits")]


def test_what_cannot_be_fetched_is_named_and_asked_again_in_the_next_run(tmp_path):
    pytest.importorskip("fsspec")
    ask = Ask("memory://none", "redshift")
    (found,) = judge(ask, (Item("memory://none/a.fits", 1, "x"),), tmp_path)
    assert "cannot be reached" in found["reason"]
    assert found["again"]


def test_a_failure_nobody_expected_costs_its_own_case(archive, model, tmp_path, monkeypatch):
    scorer = tasks.SCORERS["classify"]

    def rows(model, case):
        if case.name == "cube0004":
            raise ZeroDivisionError("planted")
        return scorer.rows(model, case)

    broken = {**tasks.SCORERS, "classify": replace(scorer, rows=rows)}
    monkeypatch.setattr("cubeview.learn.score.judge.SCORERS", broken)
    text, counted = scored(ask_for(str(archive[0] / "night1"), "", model), tmp_path / "out.csv")
    assert (counted.rows, counted.failed) == (15, 2)
    assert b"ZeroDivisionError" in text
    assert "planted" not in text.decode()


def test_another_question_or_a_strangers_file_is_not_replaced(archive, model, tmp_path):
    out = tmp_path / "out.csv"
    begin(ask_for(str(archive[0]), "", model), out)
    with pytest.raises(CubeviewError, match="by another task"):
        begin(ask_for(str(archive[0]), "embed", model), out)
    with pytest.raises(CubeviewError, match="of another place"):
        begin(ask_for(str(tmp_path), "", model), out)
    (tmp_path / "mine.csv").write_text("x")
    with pytest.raises(CubeviewError, match="is there already"):
        begin(ask_for(str(archive[0]), "", model), tmp_path / "mine.csv")
    with pytest.raises(CubeviewError, match=r"\.ecsv, \.csv"):
        begin(ask_for(str(archive[0]), "", model), tmp_path / "out.txt")
    with pytest.raises(CubeviewError, match="made to classify, not to segment"):
        ask_for(str(archive[0]), "segment", model)


def test_features_of_each_case_are_a_task_of_their_own(archive, model, tmp_path):
    scored(ask_for(str(archive[0] / "night2"), "embed", model), tmp_path / "out.ecsv")
    table = Table.read(tmp_path / "out.ecsv", format="ascii.ecsv")
    good = table[[not reason for reason in table["reason"]]]
    assert {"f0000", "f0001"} <= set(table.colnames)
    assert "f0002" not in table.colnames
    bright = [int(Path(name).stem.removeprefix("cube") or 0) % 2 == 0 if "cube" in name else True
              for name in good["file"]]  # fmt: skip
    assert all((value > 0.1) == lit for value, lit in zip(good["f0000"], bright, strict=True))


def quick(ask, unit, spool):
    """Judge a file by its name."""
    time.sleep(0.005)
    name = Path(unit[0].path).stem
    return [{"key": name * 8, "file": unit[0].path, "at": [], "nth": 0, "z": float(name[1:])}]


_WORKER = """
import sys
from pathlib import Path
from cubeview.learn.score import work
from tests.learn.score.test_score import quick
work.judge = quick
print("ready", flush=True)
work.work(Path(sys.argv[1]), Path(sys.argv[2]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")
def test_a_worker_that_is_killed_leaves_nothing_out_and_nothing_twice(tmp_path, monkeypatch):
    ask, store, plan = ask_of(tmp_path, 120)
    script = tmp_path / "worker.py"
    script.write_text(_WORKER)
    child = subprocess.Popen(
        [sys.executable, script, store.folder, plan], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert child.stdout.readline() == "ready\n"
    while sum(path.stat().st_size for path in store.folder.glob("journals/*")) < 2000:
        assert child.poll() is None
        time.sleep(0.01)
    os.kill(child.pid, signal.SIGKILL)
    assert child.communicate()[0] == ""
    begun = [key.stem for key in store.folder.glob("journals/*")]
    known = sum(len(store.begun(key)[0]) for key in begun)
    judged = []

    def judge(ask, unit, spool):
        judged.append(unit)
        return quick(ask, unit, spool)

    monkeypatch.setattr(work_module, "judge", judge)
    done = sum(len(shard.units) for shard in read_plan(plan) if store.is_done(shard.key))
    assert work(store.folder, plan)
    assert 0 < len(judged) == 120 - done - known < 120
    counted = join(ask, store, plan, tmp_path / "out.csv")
    table = Table.read(tmp_path / "out.csv", format="ascii.csv", comment="#")
    assert (counted.rows, counted.failed, counted.conflicts) == (120, 0, 0)
    assert list(table["z"]) == list(range(120))
    assert not list(store.folder.glob("parts/*/*.tmp"))
    assert not list(store.folder.glob("journals/*"))
    assert json.loads((store.folder / "ask.json").read_text())["task"] == "redshift"
