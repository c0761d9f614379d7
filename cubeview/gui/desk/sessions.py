"""Saves all that is open as one file, and opens it again: files are found, or asked for."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PyQt6.QtCore import QObject, pyqtSignal

from cubeview.cubes.case import Case, paired, taken_apart
from cubeview.cubes.cube import Cube
from cubeview.cubes.guesses import corrected_case, questions
from cubeview.cubes.spectral import shown_as, was_changed, with_spectral
from cubeview.errors import CubeviewError, Report, part_of
from cubeview.gui.desk.jobs import Job, Jobs
from cubeview.gui.desk.measuring import shown_key
from cubeview.gui.desk.messages import MessageBar
from cubeview.gui.desk.open_case import OpenCase
from cubeview.gui.desk.restoring import restored, state_of
from cubeview.gui.desk.saved import (
    SavedCase,
    SavedCube,
    SavedFile,
    SavedSession,
    read_session,
    write_session,
)
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.settings import SettingsFile
from cubeview.io import archive, open_paths
from cubeview.io.corrections import content_key, file_key
from cubeview.kinds import kind_of

_MOST_LOOKED_AT = 20_000
"""Files, beside a session or in a folder that is named, among which missing ones are looked for."""


@dataclass(frozen=True)
class Missing:
    """A file that was not found: whose it is, and what is known of it, in words."""

    file: SavedFile
    words: str


@dataclass(frozen=True, eq=False)
class _Come:
    """What came of a saved session: cases as they were left, and what is to be said."""

    saved: SavedSession
    opened: tuple[OpenCase, ...]
    current: Case | None
    said: tuple[str, ...]
    missing: tuple[Missing, ...] = ()


class Sessions(QObject):
    """Saves the session of one window, and opens others beside what is open.

    Signals
    -------
    arranged(str, bool)
        A session was opened whose panels lay so; whether hearts hang in rows.
    asked(object, object, object)
        The path of a session, a list of `Missing`: where are they? And where was looked already.
    opened(object)
        The path of a session that was opened.
    """

    arranged = pyqtSignal(str, bool)
    asked = pyqtSignal(object, object, object)
    opened = pyqtSignal(object)

    def __init__(
        self, session: Session, jobs: Jobs, messages: MessageBar, memory: SettingsFile
    ) -> None:
        super().__init__()
        self._session, self._jobs, self._memory = session, jobs, memory
        self._messages = messages

    def save(self, path: Path, *, layout: str = "", rows: bool = False) -> None:
        """Write all that is open, in the background.

        Parameters
        ----------
        path : Path
        layout : str
            How the panels lie.
        rows : bool
            Hearts hang in rows.
        """
        session = self._session
        every = [session.open_case(case) for case in session.cases]
        kept = [one for one in every if one.case is not None and _has_files(one.case)]
        left = [one.case.name for one in every if one.case is not None and one not in kept]
        current = next((n for n, one in enumerate(kept) if one is session.shown), -1)
        how = session.aperture_how

        def work(job: Job) -> None:
            cases = []
            for n, one in enumerate(kept):
                job.report(n / len(kept), "saving the session")
                cases.append(_saved(one, path.parent.absolute()))
            write_session(SavedSession(tuple(cases), current, how, layout, rows), path)

        def finished(_: object) -> None:
            self._messages.info(f"Saved {path}")
            if left:
                self._messages.warn(
                    f"Left out of the session, since no file holds it: {', '.join(left)}."
                )

        self._jobs.start(
            "save session", "Saving the session", work,
            finished=finished, failed=self._messages.error,
        )  # fmt: skip

    def open(self, path: Path, *, places: Sequence[Path] = (), without: bool = False) -> None:
        """Open a session, in the background; what is open stays.

        Parameters
        ----------
        path : Path
        places : sequence of Path
            Files and folders where missing files may be.
        without : bool
            Leave out what is not found; else it is asked for.
        """
        recent = [one for paths in self._memory.recent() for one in paths]

        def work(job: Job) -> _Come:
            saved = read_session(path)
            job.report(0.05, "looking for the files of the session")
            near = (*places, path.parent, *recent)
            found, missing = _looked_for(saved, path.parent.absolute(), near, job.report)
            if missing and not without:
                return _Come(saved, (), None, (), tuple(missing))
            return _come(saved, found, missing, part_of(job.report, 0.3, 0.7))

        def finished(come: _Come) -> None:
            if come.missing:
                self.asked.emit(path, list(come.missing), list(places))
            else:
                self._take(come)
                self.opened.emit(path)

        self._jobs.start(
            "open session", "Opening the session", work,
            finished=finished, failed=self._messages.error,
        )  # fmt: skip

    def _take(self, come: _Come) -> None:
        session = self._session
        session.aperture_how = come.saved.aperture_how
        new = [one for one in come.opened if one.case is not None]
        formers = []
        for made in new:
            assert made.case is not None
            former = next((c for c in session.cases if _sources(c) == _sources(made.case)), None)
            if former is not None:
                formers.append(former)
                before = session.open_case(former)
                made.measured_before = [*before.measured_before, before.measured]
            key = shown_key(made, come.saved.aperture_how)
            made.measured = replace(made.measured, fit_key=key)
        session.add_cases(tuple(one.case for one in new if one.case is not None))
        for made in new:
            assert made.case is not None
            vars(session.open_case(made.case)).update(vars(made))
        if come.current is not None:
            session.set_case(come.current)
        for former in formers:
            session.remove_case(former)
        self.arranged.emit(come.saved.layout, come.saved.rows)
        for text in come.said:
            self._messages.warn(text)


def _has_files(case: Case) -> bool:
    return all(cube.source is not None for cube in case.cubes.values())


def _sources(case: Case) -> set[tuple[Path, str]]:
    return {(c.source.path, c.source.part) for c in case.cubes.values() if c.source is not None}


def _saved(opened: OpenCase, folder: Path) -> SavedCase:
    assert opened.case is not None
    case = opened.case
    named = not kind_of(case).patient
    cubes = {role: _saved_cube(cube, folder, named) for role, cube in case.cubes.items()}
    sides = " × ".join(map(str, case.main.shape))
    name = case.name if named else f"{kind_of(case).name.capitalize()} of {sides}"
    return SavedCase(name, cubes, state_of(opened))


def _saved_cube(cube: Cube, folder: Path, named: bool) -> SavedCube:
    assert cube.source is not None
    files = []
    for path in cube.source.paths:
        try:
            size, key = path.stat().st_size, file_key(path)
        except OSError as error:
            raise CubeviewError(
                f"{path}: cannot be read ({error.strerror}), so the session would not find it "
                "again. Close that case, or bring the file back."
            ) from error
        files.append(SavedFile(_from(path, folder) if named else "", size, key))
    axis, spectral = cube.axes[0], {}
    if was_changed(cube):
        spectral = {
            "as_": shown_as(axis),
            "rest": "" if axis.rest is None else f"{axis.rest!r} {axis.rest_unit}",
            "convention": axis.convention or "radio",
            "redshift": repr(axis.redshift),
        }
    answers = {one.key: one.now for one in questions(cube) if one.answered}
    part = cube.source.part if named else ""
    return SavedCube(tuple(files), content_key(cube), part, answers, spectral)


def _from(path: Path, folder: Path) -> str:
    """Return how a file is called from a folder; by its whole name from another drive."""
    name = archive.lasting(path)
    try:
        return Path(os.path.relpath(name, folder)).as_posix()
    except ValueError:
        return name


def _looked_for(
    saved: SavedSession, folder: Path, near: Sequence[Path], report: Report
) -> tuple[dict[SavedFile, Path], list[Missing]]:
    """Return where the files of a session are, and those that are nowhere."""
    found: dict[SavedFile, Path] = {}
    lost: dict[SavedFile, str] = {}
    for case in saved.cases:
        for file in (file for cube in case.cubes.values() for file in cube.files):
            if file.path and archive.is_there(name := os.path.normpath(folder / file.path)):
                found[file] = archive.found(name, report=part_of(report, 0.1, 0.1))
            else:
                megabytes = max(file.size / 1e6, 0.1)
                lost[file] = f"{file.path or 'a file'} of {case.name}, {megabytes:.1f} MB"
    if lost:
        by_size: dict[int, list[Path]] = {}
        for path, size in _sizes(near, {file.size for file in lost}, report):
            by_size.setdefault(size, []).append(path)
        for file in lost:
            place = next((p for p in by_size.get(file.size, ()) if _is(p, file)), None)
            if place is not None:
                found[file] = place
    return found, [Missing(file, text) for file, text in lost.items() if file not in found]


def _sizes(near: Iterable[Path], wanted: set[int], report: Report) -> Iterable[tuple[Path, int]]:
    """Yield files in and below places that have one of the sizes."""
    seen = 0
    for place in dict.fromkeys(near):
        files = [place] if place.is_file() else _below(place)
        for path in files:
            seen += 1
            if seen > _MOST_LOOKED_AT:
                return
            report(0.2, f"looking in {place.name}" if seen % 100 == 0 else "looking for files")
            try:
                size = path.stat().st_size
            except OSError:
                continue
            if size in wanted:
                yield path, size


def _below(folder: Path) -> Iterable[Path]:
    for here, _, names in os.walk(folder):
        for name in names:
            yield Path(here, name)


def _is(path: Path, file: SavedFile) -> bool:
    try:
        return file_key(path) == file.key
    except OSError:
        return False


def _come(
    saved: SavedSession,
    found: Mapping[SavedFile, Path],
    missing: Sequence[Missing],
    report: Report,
) -> _Come:
    """Open what was found, and put it as it was left."""
    lost = {one.file for one in missing}
    whole = [
        case for case in saved.cases
        if not any(file in lost for cube in case.cubes.values() for file in cube.files)
    ]  # fmt: skip
    said = [f"Left out: {one.words}. It was not found." for one in missing]
    files = (file for case in whole for cube in case.cubes.values() for file in cube.files)
    came = open_paths(list(dict.fromkeys(found[file] for file in files)), report=report)
    said += [refusal.reason for refusal in came.refusals]
    opened: list[OpenCase] = []
    current: Case | None = None
    for one in whole:
        try:
            case = _as_it_was(one, came.cases, found)
        except (CubeviewError, TypeError) as error:
            said.append(f"{one.name}: cannot be shown as it was ({error}), so it was left out.")
            continue
        if case is None:
            said.append(f"{one.name}: its file holds it no more, so it was left out.")
            continue
        if any(_is_other(cube, one.cubes[role]) for role, cube in case.cubes.items()):
            said.append(f"{case.name}: its file has changed since the session was saved.")
        try:
            opened.append(restored(case, one.state))
        except CubeviewError as error:
            said.append(str(error))
            opened.append(OpenCase(case, one.state.display))
        if saved.current >= 0 and one is saved.cases[saved.current]:
            current = case
    if current is None and opened:
        current = opened[0].case
    return _Come(saved, tuple(opened), current, tuple(said))


def _is_other(cube: Cube, saved: SavedCube) -> bool:
    return content_key(cube.as_read or cube) != saved.key


def _as_it_was(
    saved: SavedCase, cases: Sequence[Case], found: Mapping[SavedFile, Path]
) -> Case | None:
    """Return a case with the roles, the answers and the axis it had; None where it is not there."""

    def role_of(cube: Cube) -> str:
        """Return the role that a cube had; empty where it was none of this case."""
        for role, one in saved.cubes.items():
            source = cube.source
            if source is None or source.path != found[one.files[0]]:
                continue
            if content_key(cube) == one.key or (one.files[0].path and source.part == one.part):
                return role
        return ""

    def answers(cube: Cube) -> Mapping[str, str]:
        role = role_of(cube)
        return saved.cubes[role].answers if role else {}

    homes = [case for case in cases if any(role_of(cube) for cube in case.cubes.values())]
    alone = []
    for home in homes:
        case = corrected_case(home, answers)
        kept = [role for role, cube in case.cubes.items() if role_of(cube)]
        if len(kept) < len(case.cubes):  # the user had taken a pair apart
            stress, rest = taken_apart(case)
            case = stress if kept == ["stress"] else rest
        alone.append(case)
    there = {role_of(cube) for case in alone for cube in case.cubes.values()}
    if there != set(saved.cubes):
        return None
    if len(alone) == 2:
        by_role = {role_of(one.main): _named(one, role_of(one.main)) for one in alone}
        case = paired(by_role["stress"], by_role["rest"])
    else:
        case = alone[0]
        if any(role_of(cube) != role for role, cube in case.cubes.items()):
            case = case.swapped() if len(case.cubes) > 1 else _named(case, next(iter(saved.cubes)))
    if not any(one.spectral for one in saved.cubes.values()):
        return case
    cubes = {role: _shown(cube, saved.cubes[role].spectral) for role, cube in case.cubes.items()}
    return replace(case, cubes=cubes)


def _shown(cube: Cube, spectral: Mapping[str, Any]) -> Cube:
    return with_spectral(cube, **spectral) if spectral else cube


def _named(case: Case, role: str) -> Case:
    return case if case.roles == (role,) else case.named(role)
