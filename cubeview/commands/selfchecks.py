"""What the self-test does: each check is one step of the main job, on the shipped samples."""

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import numpy as np

from cubeview.cubes.case import Case
from cubeview.cubes.region import brightest, window_at
from cubeview.errors import CubeviewError, Report, nothing
from cubeview.kinds import HEART, kind_of
from cubeview.paths import resource

ANSWERS = "selftest.json"

PROBABILITY_TOLERANCE = 0.02
"""Processors differ in the last digits of a convolution, and a finder may turn on one of them."""

MAP_TOLERANCE = 0.05
"""Share of a map's peak."""

PIXEL_TOLERANCE = 1e-5

READER = "self-test"


class Skipped(Exception):
    """The check cannot be made here; the text says why."""


class Wrong(Exception):
    """The program did something else than was stored."""


@dataclass(frozen=True)
class Outcome:
    """How one check ended."""

    name: str
    state: Literal["ok", "failed", "skipped"]
    text: str
    seconds: float


@dataclass(eq=False)
class Bench:
    """What the checks hand to each other."""

    folder: Path  # everything is written below it
    stored: Mapping[str, Any]  # answers; empty while they are being made
    making: bool = False  # nothing is compared; `found` becomes the stored answers
    cases: dict[str, Case] = field(default_factory=dict)
    inputs: dict[str, Any] = field(default_factory=dict)
    found: dict[str, Any] = field(default_factory=lambda: {"samples": {}, "models": {}})

    def compare(self, where: tuple[str, ...], value: Any, *, tolerance: float) -> None:
        """Keep a value and hold it against the stored one; raises `Wrong` where they differ.

        Parameters
        ----------
        where : tuple of str
            Keys from the outermost in.
        value : float or array_like
        tolerance : float
            A share of the stored value, or absolute where that is below 1.
        """
        place = self.found
        for key in where[:-1]:
            place = place.setdefault(key, {})
        place[where[-1]] = value
        if self.making:
            return
        expected: Any = self.stored
        for key in where:
            if key not in expected:
                raise Wrong("no answer is stored for it: run cubeview self-test --write")
            expected = expected[key]
        given, wanted = np.atleast_1d(value), np.atleast_1d(expected)
        if given.shape != wanted.shape or not np.all(
            np.abs(given - wanted) <= tolerance * np.maximum(1.0, np.abs(wanted))
        ):
            raise Wrong(f"{where[-1]} is {value}, stored is {expected}")


def run_checks(*, making: bool = False, report: Report = nothing) -> tuple[list[Outcome], Bench]:
    """Do the whole job once and compare it with the stored answers, or collect them.

    What was found is in the `Bench`, beside how each check ended.
    """
    outcomes: list[Outcome] = []
    with TemporaryDirectory(prefix="cubeview-selftest-") as name, _own_home(Path(name)):
        bench = Bench(Path(name), {} if making else stored_answers(), making)
        checks = list(_checks(bench))
        for done, (title, check) in enumerate(checks):
            report(done / len(checks), title)
            begin = time.perf_counter()
            try:
                state, text = "ok", check()
            except Skipped as reason:
                state, text = "skipped", str(reason)
            except (CubeviewError, Wrong) as error:
                state, text = "failed", str(error)
            # A check that breaks must not hide how the others went.
            except Exception as error:
                state, text = "failed", f"{type(error).__name__}: {error}"
            took = time.perf_counter() - begin
            outcomes.append(Outcome(title, state, text, took))  # type: ignore[arg-type]
    report(1.0, "done")
    return outcomes, bench


def stored_answers() -> dict[str, Any]:
    """Return the answers shipped with the program; empty when there are none."""
    path = resource(ANSWERS)
    if not path.is_file():
        return {}
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _checks(bench: Bench) -> Iterator[tuple[str, Any]]:
    from cubeview.gui.desk.samples import samples
    from cubeview.learn.models.card import find_models

    for sample in samples():
        yield f"open {sample.title}", lambda sample=sample: _open(bench, sample.paths)
    if not samples():
        yield "open the samples", _no_samples
    refs = [ref for ref in find_models() if ref.folder.is_relative_to(resource("models"))]
    for ref in refs:
        yield f"predict with {ref.name}", lambda ref=ref: _predict(bench, ref)
        yield f"map of {ref.name}", lambda ref=ref: _map(bench, ref, "cam", "CAM")
        yield f"occlusion of {ref.name}", lambda ref=ref: _map(bench, ref, "occlusion")
    if not refs:
        yield "predict and explain", _no_models
    yield "label in a library", lambda: _label(bench)
    yield "fine-tune", lambda: _fine_tune(bench, refs)
    yield "work in a second process", _second_process
    yield "show the window", lambda: _window(bench)


def _no_samples() -> str:
    raise Wrong("the samples are not installed: reinstall CubeView")


def _no_models() -> str:
    raise Skipped("no model is shipped with this build")


def _open(bench: Bench, paths: tuple[Path, ...]) -> str:
    from cubeview.io import open_paths

    opened = open_paths(list(paths))
    if len(opened.cases) != 1 or opened.refusals:
        raise Wrong(f"{len(opened.cases)} cases, {len(opened.refusals)} files refused")
    case = opened.cases[0]
    bench.cases[case.kind] = case
    for role, cube in case.cubes.items():
        where = ("samples", case.kind, role)
        values = cube.box(tuple(slice(0, n) for n in cube.shape))  # type: ignore[arg-type]
        bench.compare((*where, "shape"), list(cube.shape), tolerance=0)
        for what, number in (("mean", np.nanmean(values)), ("largest", np.nanmax(values))):
            bench.compare((*where, what), float(number), tolerance=PIXEL_TOLERANCE)
    return f"{case.kind}, " + ", ".join(
        f"{role} {' × '.join(map(str, cube.shape))}" for role, cube in case.cubes.items()
    )


def _asked(bench: Bench, ref: Any) -> tuple[Any, Any]:
    """Return the loaded model and its input of the sample it judges, made once for all checks."""
    from cubeview.learn.ask.predict import prepare_case
    from cubeview.learn.models.card import why_not
    from cubeview.learn.models.model import load_model

    case = bench.cases.get(ref.card.kind)
    if case is None:
        return load_model(ref.folder), _made_up(ref)
    if reason := why_not(ref.card, case):
        raise Wrong(reason)
    if kind_of(case).window_px:
        size = int(ref.card.preprocess.get("size", kind_of(case).window_px))
        case = replace(case, window=window_at(case.main, *brightest(case.main), size=size))
    if ref.name not in bench.inputs:
        bench.inputs[ref.name] = prepare_case(ref.card, case)
    return load_model(ref.folder), bench.inputs[ref.name]


def _made_up(ref: Any) -> Any:
    """Return a simulated case as a model's input, where no sample of its kind is shipped."""
    from cubeview.learn.models.rooms import room_of

    simulator = room_of(ref.card.kind).simulator
    if simulator is None or ref.card.classes != simulator.classes:
        raise Skipped(f"no sample of kind {ref.card.kind} was opened")
    rng = np.random.default_rng(7)
    card = ref.card
    made = simulator.known(card.preprocess, card.channels, card.classes[0], rng, ref.name)
    return made.prepared


def _predict(bench: Bench, ref: Any) -> str:
    from cubeview.cubes.answer import Prediction
    from cubeview.learn.ask.predict import predict

    model, prepared = _asked(bench, ref)
    answer = predict(model, prepared.case, prepared=prepared)
    assert isinstance(answer, Prediction)  # the models shipped with the program all classify
    where = ("models", ref.card.weights_sha256)
    bench.found["models"].setdefault(ref.card.weights_sha256, {})["name"] = ref.name
    for name, probability in answer.probabilities.items():
        bench.compare(
            (*where, "probabilities", name), round(probability, 6), tolerance=PROBABILITY_TOLERANCE
        )
    return f"{answer.answer} {answer.probabilities[answer.answer]:.3f} on {answer.device}"


def _map(bench: Bench, ref: Any, method: str, name: str = "") -> str:
    from cubeview.learn.explain.methods import make_map
    from cubeview.learn.explain.question import OcclusionSettings

    model, prepared = _asked(bench, ref)
    settings = OcclusionSettings(patch=8, stride=8) if method == "occlusion" else None
    target = model.card.classes[1]
    overlay = make_map(model, prepared.case, target, method, settings, prepared=prepared)
    if not overlay.peak > 0:
        raise Wrong("the map is empty")
    where = ("models", ref.card.weights_sha256, name or method)
    bench.compare((*where, "peak"), round(overlay.peak, 5), tolerance=MAP_TOLERANCE)
    return f"{overlay.target}, peak {overlay.peak:.3g} {overlay.unit}"


def _label(bench: Bench) -> str:
    from cubeview.io.identity import file_hashes
    from cubeview.library.library import Library

    path = bench.folder / "library.sqlite"
    written = {}
    library = Library(path, READER)
    for kind, case in bench.cases.items():
        (label_set, *_) = library.label_sets(kind)
        chosen = library.classes(label_set)[0].name
        number = library.add_case(case, file_hashes(case))
        library.label(number, chosen, label_set=label_set)
        written[number, label_set] = chosen
    library.close()
    again = Library(path, READER)
    for (number, label_set), chosen in written.items():
        label = again.current(label_set)[number, READER]
        if label.class_name != chosen:
            raise Wrong(f"labelled {chosen}, read back {label.class_name}")
    again.close()
    if not written:
        raise Skipped("no sample was opened")
    return f"{len(written)} labels written and read back"


def _fine_tune(bench: Bench, refs: list[Any]) -> str:
    from cubeview.learn.teach.selftest import fine_tune_once

    heart = next((ref.folder for ref in refs if kind_of(ref.card) is HEART), None)
    return fine_tune_once(bench.folder / "tuned", heart)


def _second_process() -> str:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        number = pool.submit(os.getpid).result(timeout=120)
    if number == os.getpid():
        raise Wrong("the work was done in the same process")
    return "started, answered, ended"


def _window(bench: Bench) -> str:
    if sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from cubeview.gui.shell.demo import show_once

    width, height, colours = show_once(bench.folder / "window.png")
    if colours < 8:
        raise Wrong(f"the window is blank ({colours} colours)")
    return f"{width} × {height}, {colours} colours"


@contextmanager
def _own_home(folder: Path) -> Iterator[None]:
    """Keep the user's own models, library and settings out of it."""
    before = os.environ.get("CUBEVIEW_HOME")
    os.environ["CUBEVIEW_HOME"] = str(folder / "home")
    try:
        yield
    finally:
        if before is None:
            del os.environ["CUBEVIEW_HOME"]
        else:
            os.environ["CUBEVIEW_HOME"] = before
