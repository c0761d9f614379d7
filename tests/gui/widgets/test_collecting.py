import gc
import threading

import pytest

from cubeview.gui.widgets.collecting import Collector


class Knot:
    """Garbage that only a collector finds; it notes in which thread it went."""

    def __init__(self, went):
        self.itself, self.went = self, went

    def __del__(self):
        self.went.append(threading.current_thread())


@pytest.fixture
def collector(qapp):
    collector = Collector()
    yield collector
    collector.stop()
    assert gc.isenabled()


def many(went):
    kept = [Knot(went) for _ in range(2000)]
    return len(kept)


def test_what_another_thread_leaves_behind_goes_in_that_of_the_window(collector, qtbot):
    went = []
    worker = threading.Thread(target=many, args=(went,))
    worker.start()
    worker.join()
    assert not went
    qtbot.waitUntil(lambda: len(went) == 2000)
    assert set(went) == {threading.main_thread()}


def test_little_garbage_is_not_worth_a_look(collector):
    gc.collect()
    went = []
    Knot(went)
    collector.look()
    assert not went
    many(went)
    collector.look()
    assert went
