import gc

import pytest

from cubeview.startup import lasting


def test_what_is_built_is_left_alone_afterwards():
    frozen = gc.get_freeze_count()
    with lasting():
        assert not gc.isenabled()
        kept = [[] for _ in range(1000)]
    assert gc.isenabled()
    assert gc.get_freeze_count() >= frozen + len(kept)


def test_a_failure_inside_leaves_the_collector_on():
    with pytest.raises(ImportError), lasting():
        raise ImportError
    assert gc.isenabled()
