"""Scores of readers: since when they are what they are, and what had been seen then."""

import pytest

from cubeview.cubes.scores import Scores, as_text
from cubeview.io.identity import file_hashes
from cubeview.library import library as module
from cubeview.library.library import Library
from cubeview.library.schema import SPECT_SET
from cubeview.library.scored import readings, scored
from tests.helpers.cases import case_of


@pytest.fixture
def library(tmp_path, monkeypatch):
    clock = iter(f"2026-03-02T10:{minute:02}:00.000000+00:00" for minute in range(60))
    monkeypatch.setattr(module, "now", lambda: next(clock))
    library = Library(tmp_path / "library.sqlite", "Anna")
    yield library
    library.close()


def test_a_later_label_leaves_time_and_blindness_of_the_scores_as_they_were(library, tmp_path):
    case = case_of(tmp_path, 1)
    number = library.add_case(case, file_hashes(case))
    one, two = (Scores({"stress": (n,) * 17}) for n in (1, 2))

    def label(scores, **parts):
        return library.label(number, None, label_set=SPECT_SET, scores=as_text(scores), **parts).at

    label(two, opinion_seen="suggested scores")
    label(one, opinion_seen="suggested scores")
    second = label(two)  # taken back and given anew
    label(two, opinion_seen="heart-net", note="a remark, after the network was asked")
    (found,) = readings(library, number)
    assert (found.reader, found.at, found.seen, found.scores) == ("Anna", second, "", two)
    assert str(found) == f"Anna, {second[:16].replace('T', ' ')} UTC, read blind: SSS 34"
    third = label(one, opinion_seen="heart-net")
    (found,) = readings(library, number)
    assert (found.at, found.how) == (third, "having seen: heart-net")
    assert scored(library, number) == {"Anna": one}
