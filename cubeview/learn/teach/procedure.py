"""From labels to a judged fine-tune and a kept model: the steps of the window and the command.

torch and scipy are loaded by the functions that need them, never with this module.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cubeview.errors import CubeviewError, Report, nothing, part_of
from cubeview.learn.models.card import ModelRef
from cubeview.learn.models.packs import folder_for
from cubeview.learn.models.preload import preload
from cubeview.learn.teach.labelled import Entry, check_number
from cubeview.learn.teach.tuning import FinetuneConfig, Going
from cubeview.library import ventricles as placed
from cubeview.plain import plain

if TYPE_CHECKING:
    from cubeview.learn.models.processes import Together
    from cubeview.learn.teach.comparison import Outcome
    from cubeview.learn.teach.few import Few
    from cubeview.learn.teach.finetune import Tuned
    from cubeview.learn.teach.training_set import TrainingSet

_LAYERS = {
    "threshold": "Only the threshold moves: the network stays as it is",
    "head": "Only the head learns",
    "last2": "The last two layers learn",
    "all": "All layers learn, the lower ones more slowly",
}


@dataclass(frozen=True, eq=False)
class Taught:
    """A fine-tune that went through: the model is not kept yet."""

    base: ModelRef
    cases: "TrainingSet"
    config: FinetuneConfig
    tuned: "Tuned"
    outcome: "Outcome"
    few: "Few"

    @property
    def ill(self) -> np.ndarray:
        """True for the cases of the positive classes, shape (n,)."""
        ill = [self.cases.classes.index(name) for name in self.outcome.positive]
        return np.isin(self.cases.truth, ill)

    @property
    def wrong(self) -> list[tuple[str, str, str, float]]:
        """Cases still named wrongly by a fold that never saw them, the surest first.

        Name, class, what was said, and its probability.
        """
        chances, classes = self.outcome.tuned.probabilities, self.cases.classes
        told = zip(self.cases.names, self.cases.truth, chances.argmax(axis=1), chances, strict=True)
        wrong = [
            (name, classes[truth], classes[said], float(odds[said]))
            for name, truth, said, odds in told
            if said != truth
        ]
        return sorted(wrong, key=lambda case: -case[3])


def plan_in_words(base: ModelRef, config: FinetuneConfig) -> str:
    """Say what a fine-tune would do, before it does."""
    what = _LAYERS.get(config.layers, f"The {config.layers[:4]} {config.layers[4:]} layers learn")
    steps = "" if config.layers in ("threshold", "head") else f", {config.steps} steps a round"
    return (
        f"{what}{steps}, in {config.folds} folds that are each judged on cases they never saw, "
        f"then once more on all cases. {base.card.title} itself is left as it is."
    )


class Teacher:
    """Prepares cases once and teaches from them; for one thread.

    The prepared cases are kept, so that another try, or one after a failure, begins at the
    training.
    """

    def __init__(self) -> None:
        self._known: tuple[object, TrainingSet] | None = None

    def check(
        self, base: ModelRef, entries: Sequence[Entry], folds: int, *, report: Report = nothing
    ) -> list[str]:
        """Open and prepare the cases anew and say what is doubtful, a sentence each.

        Parameters
        ----------
        base : ModelRef
        entries : sequence of Entry
        folds : int
        report : Report

        Raises
        ------
        CubeviewError
            If they cannot be taught.
        """
        check_number(entries, folds)
        preload()
        from cubeview.learn.teach.training_set import preflight

        self._known = None
        return preflight(self.cases(base, entries, report=report), folds)

    def teach(
        self,
        base: ModelRef,
        entries: Sequence[Entry],
        config: FinetuneConfig,
        positive: Sequence[str] = (),
        *,
        report: Report = nothing,
        told: Callable[[list[str]], None] | None = None,
        going: Callable[[Going], None] | None = None,
        together: "Together | None" = None,
    ) -> Taught:
        """Prepare, fine-tune in folds and judge.

        Parameters
        ----------
        base : ModelRef
        entries : sequence of Entry
        config : FinetuneConfig
        positive : sequence of str
            The ill side of the ROC; empty for the model's own choice.
        report : Report
        told : callable, optional
            Gets the pre-flight's sentences before training begins.
        going : callable, optional
            See `cubeview.learn.teach.finetune.fine_tune`.
        together : Together, optional
            The processes this one trains with; alone beside a window without it.

        Raises
        ------
        CubeviewError
            As `gather`, `preflight` and `fine_tune` do.
        """
        check_number(entries, config.folds)
        preload()
        from cubeview.learn.models.device import share_cores
        from cubeview.learn.models.model import load_model
        from cubeview.learn.teach.comparison import judge, positive_classes
        from cubeview.learn.teach.few import few_labels
        from cubeview.learn.teach.finetune import fine_tune
        from cubeview.learn.teach.training_set import preflight

        if together is None:
            share_cores()
        cases = self.cases(base, entries, report=part_of(report, 0.0, 0.3))
        said = preflight(cases, config.folds)
        if told is not None:
            told(said)
        positive_classes(base.card, cases.classes, positive)  # refused before the work, not after
        tuned = fine_tune(
            load_model(base.folder),
            cases,
            config,
            report=part_of(report, 0.3, 0.65),
            partial=going,
            together=together,
        )
        few = few_labels(tuned.pooled, cases.truth, tuned.folds, report=part_of(report, 0.95, 0.05))
        return Taught(base, cases, config, tuned, judge(tuned, cases, base.card, positive), few)

    def cases(
        self, base: ModelRef, entries: Sequence[Entry], *, report: Report = nothing
    ) -> "TrainingSet":
        """Open and prepare the cases, or return them where they are known.

        Parameters
        ----------
        base : ModelRef
        entries : sequence of Entry
        report : Report

        Raises
        ------
        CubeviewError
            If they cannot be taught.
        """
        from cubeview.learn.teach.training_set import gather

        key = (
            base.card.weights_sha256,
            base.folder,
            placed.changed_at(),  # prepared anew once the user has mended a ventricle
            [(entry.name, entry.class_name, entry.group) for entry in entries],
        )
        if self._known is None or self._known[0] != key:
            cases = gather(entries, base.card, order=base.card.classes, report=report)
            self._known = key, cases
        return self._known[1]


def refuse_taken(folder: Path) -> None:
    """Raise CubeviewError if there is a model in a folder already."""
    if folder.exists():
        raise CubeviewError(f"{folder.name}: there is a model already. Choose another name.")


def keep(taught: Taught, name: str, folder: Path | None = None) -> ModelRef:
    """Write a fine-tuned model under a new name.

    Parameters
    ----------
    taught : Taught
    name : str
    folder : Path, optional
        Where to; among the user's own models without it.

    Raises
    ------
    CubeviewError
        If the name is taken or no name for a model, or the disk refuses.
    """
    from cubeview.learn.models.model import save_model

    folder = folder or folder_for(name)
    refuse_taken(folder)
    base, cases, outcome = taught.base.card, taught.cases, taught.outcome
    counts = np.bincount(cases.truth, minlength=len(cases.classes))
    model = taught.tuned.model
    card = replace(
        model.card,
        name=name,
        title=name if base.title in name else f"{name} ({base.title}, fine-tuned)",
        training={
            "finetuned_from": base.name,
            "made": datetime.now(UTC).isoformat(timespec="seconds"),
            "cases": len(cases),
            "classes": dict(zip(cases.classes, map(int, counts), strict=True)),
            "labels_sha256": cases.digest,
            "config": asdict(taught.config),
        },
        metrics={
            "out_of_fold": plain(outcome.tuned.to_dict()),
            "base": None if outcome.base is None else plain(outcome.base.to_dict()),
            "verdict": outcome.text,
            "labels": plain(taught.few.to_dict()),
        },
    )
    saved = save_model(replace(model, card=card), folder)
    return ModelRef(name, folder, saved.card)
