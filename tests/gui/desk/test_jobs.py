import gc
import logging
import threading

import pytest

from cubeview.errors import CubeviewError
from cubeview.gui.desk.jobs import UNEXPECTED, Jobs


@pytest.fixture
def jobs(qapp):
    jobs = Jobs()
    yield jobs
    assert jobs.close()


def test_a_result_arrives_on_the_gui_thread(qtbot, jobs):
    got = []
    job = jobs.start(
        "sum", "Adding", lambda job: 42, finished=lambda v: got.append((v, threading.get_ident()))
    )
    qtbot.waitUntil(lambda: not job.running)
    assert got == [(42, threading.get_ident())]
    assert jobs.running() == []


def test_a_new_job_of_a_kind_silences_the_former(qtbot, jobs):
    go, got = threading.Event(), []

    def slow(job):
        go.wait(5)
        return "old"

    old = jobs.start("predict", "", slow, finished=got.append)
    new = jobs.start("predict", "", lambda job: "new", finished=got.append)
    assert old.cancelled
    assert set(jobs.running()) == {old, new}, "a replaced job still works"
    go.set()
    qtbot.waitUntil(lambda: not jobs.running())
    assert got == ["new"]


def test_cancel_stops_at_the_next_report(qtbot, jobs):
    reached, ended, got = threading.Event(), [], []

    def work(job):
        for step in range(10_000_000):
            job.report(step / 1e7, "counting")
            reached.set()

    job = jobs.start("count", "", work, finished=got.append, failed=got.append)
    job.ended.connect(lambda: ended.append(1))
    assert reached.wait(5)
    job.cancel()
    qtbot.waitUntil(lambda: not jobs.running())
    assert (ended, got) == ([1], [])


def test_a_result_already_on_its_way_is_dropped_by_cancel(qtbot, jobs):
    done, got = threading.Event(), []

    job = jobs.start("late", "", lambda job: 1, finished=got.append)
    jobs.start("after", "", lambda job: done.set())
    assert done.wait(5)  # `finished` waits in the event queue, not yet delivered
    job.cancel()
    qtbot.waitUntil(lambda: not jobs.running())
    assert got == []


def test_reports_that_come_too_fast_do_not_flood_the_window(qtbot, jobs):
    seen = []

    def work(job):
        for step in range(20_000):
            job.report(step / 20_000, "")

    jobs.started.connect(lambda job: job.progressed.connect(lambda f, text: seen.append(f)))
    jobs.start("fast", "", work)
    qtbot.waitUntil(lambda: not jobs.running())
    assert 1 <= len(seen) < 200


def test_a_failure_nobody_asked_for_is_announced(qtbot, jobs):
    told, own, bugs = [], [], []
    jobs.refused.connect(told.append)
    jobs.broke.connect(bugs.append)

    def bad(job):
        raise CubeviewError(f"{job.kind}: the file has gone")

    jobs.start("a", "", bad)
    jobs.start("b", "", bad, failed=own.append)
    qtbot.waitUntil(lambda: not jobs.running())
    assert told == ["a: the file has gone"]
    assert own == ["b: the file has gone"]
    assert bugs == []


def test_a_bug_is_logged_and_announced(qtbot, jobs, caplog):
    own, told, bugs = [], [], []
    jobs.refused.connect(told.append)
    jobs.broke.connect(bugs.append)

    def bug(job):
        raise ZeroDivisionError

    jobs.start("bug", "", bug, failed=own.append)
    jobs.start("another", "", bug)
    qtbot.waitUntil(lambda: not jobs.running())
    assert own == [UNEXPECTED], "words for the user, in the panel that asked"
    assert told == []
    assert [type(error) for error in bugs] == [ZeroDivisionError] * 2
    assert [r.levelno for r in caplog.records] == [logging.ERROR] * 2
    caplog.clear()


def test_jobs_survive_garbage_collection_and_are_freed_after(qtbot, jobs):
    go, got, freed = threading.Event(), [], []
    job = jobs.start("kept", "", lambda job: go.wait(5), finished=got.append)
    job.destroyed.connect(lambda: freed.append(1))
    del job
    gc.collect()
    go.set()
    qtbot.waitUntil(lambda: freed == [1])
    assert got == [True]


def test_closing_waits_no_longer_than_told_and_ends_waiting_jobs(qtbot):
    jobs, go = Jobs(), threading.Event()
    jobs.start("stubborn", "", lambda job: go.wait(20))
    waiting = jobs.start("waiting", "", lambda job: None)
    assert jobs.close(0.1) is False
    after = jobs.start("after", "", lambda job: None)
    assert after.cancelled
    assert not after.running
    go.set()
    qtbot.waitUntil(lambda: not waiting.running and not jobs.running())
