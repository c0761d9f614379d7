"""A case of the library whose roles or partner the user has corrected."""

from cubeview.cubes.case import UNPAIRED, Case
from cubeview.io.identity import identity, window_text
from cubeview.library.cases import delete_case, files_of, put_case, was_spoken_of
from cubeview.library.library import Library


def take_place(library: Library, case: Case, hashes: dict[str, str]) -> int | None:
    """Let a corrected heart take the place of the cases its files were before; return its number.

    What models said of those is forgotten: it was about other roles. A case that was labelled,
    painted or marked once stays, since that was said of the files as they were. A pair that was
    taken apart goes too. None where the library held nothing of these files, and still does.
    Raises CubeviewError if it could not be written: nothing was changed.

    Parameters
    ----------
    library : Library
    case : Case
        As the user corrected it.
    hashes : dict of role to str
    """
    known = identity(case, hashes)
    files = files_of(case, hashes)
    own = {(held.sha256, held.part) for held in files.values()}
    marks = ",".join("?" * len(own))
    with library.transaction() as run:
        former: dict[int, set[tuple[str, str]]] = {}
        for number, digest, part in run.execute(
            "SELECT f.case_id, f.sha256, f.part FROM files f JOIN cases c ON c.id = f.case_id"
            " WHERE c.identity <> ? AND c.window = '' AND c.id IN"
            f" (SELECT case_id FROM files WHERE sha256 IN ({marks})) ORDER BY c.id",
            (known, *(digest for digest, _ in own)),
        ):
            former.setdefault(number, set()).add((digest, part))
        apart = UNPAIRED in case.evidence
        same = [n for n, parts in former.items() if parts <= own or (apart and parts > own)]
        if not same:
            return None
        for number in same:
            if not was_spoken_of(run, number):
                delete_case(run, number)
        number = put_case(run, known, case.kind, case.name, window_text(case), files)
        library.append_log(run, "corrected", number, "")
    return number
