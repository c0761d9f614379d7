"""What an archive can be asked for: the columns of each task, and its rows for one case."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cubeview.cubes.case import Case
from cubeview.errors import CubeviewError
from cubeview.io.export.rows import Column
from cubeview.learn.models.card import Card, classifies_windows

if TYPE_CHECKING:
    from cubeview.learn.models.model import Model

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Scorer:
    """One task over an archive.

    Parameters
    ----------
    columns : callable
        From the card, None where no model is asked, to the task's own columns.
    rows : callable
        From the model, None likewise, and a case to the values of its rows; it may raise
        CubeviewError.
    why_not : callable
        What makes the task impossible with a card, or an empty text.
    asks_model : bool
    whole : bool
        A cube is asked about as a whole, and not window by window.
    together : int
        Files that make about one shard: seconds of work, not minutes.
    """

    columns: Callable[[Card | None], tuple[Column, ...]]
    rows: "Callable[[Model | None, Case], Iterator[Values]]"
    why_not: Callable[[Card], str] = lambda card: ""
    asks_model: bool = True
    whole: bool = False
    together: int = 64


BASE = (
    Column("key", "text", about="content, window, weights and preparation", ucd="meta.id"),
    Column("file", "text", about="the file, or the first of several", ucd="meta.file"),
    Column("case", "text"),
    Column("window", "text", about="voxels z0:z1,y0:y1,x0:x1, half open; empty for the whole"),
    Column("content", "text", about="SHA-256 of the files"),
    Column("copies", "int", about="files of the same content"),
    Column("lon", unit="deg", about="longitude of the middle, in frame", ucd="pos"),
    Column("lat", unit="deg", about="latitude of the middle, in frame", ucd="pos"),
    Column("frame", "text", about="of lon and lat"),
    Column("spectral", about="middle along the spectrum, in spectral_unit", ucd="em"),
    Column("spectral_unit", "text"),
)
"""What every row begins with."""

LAST = (
    Column("cautions", "text", about="reasons to distrust the answer"),
    Column("reason", "text", about="why there is no answer; empty where there is one"),
)
"""What every row ends with."""

_DOUBT = (
    Column("distance", about="from the training data; 1 holds 99 in 100 of them"),
    Column("unlike", "bool", about="unlike all training data: the answer means nothing"),
)


def columns_of(task: str, card: Card | None) -> tuple[Column, ...]:
    """Return the columns of a catalogue.

    Parameters
    ----------
    task : str
    card : Card or None
    """
    return (*BASE, *SCORERS[task].columns(card), *LAST)


def _named(what: str, name: str) -> str:
    return f"{what}_{name}".replace(" ", "_")


def _classes(card: Card | None) -> tuple[Column, ...]:
    assert card is not None
    chances = (
        Column(
            f"p_{name}".replace(" ", "_"), about=f"probability of {name}", ucd="stat.probability"
        )
        for name in card.classes
    )
    normal = (Column("abnormal", about="defects against normal, 0 to 1"),) if card.normal else ()
    return (Column("class", "text", ucd="meta.code.class"), *chances, *normal, *_DOUBT)


def _marked(card: Card | None) -> tuple[Column, ...]:
    assert card is not None
    return (*(Column(_named("voxels", name), "int") for name in card.classes[1:]), *_DOUBT)


def _estimated(card: Card | None) -> tuple[Column, ...]:
    assert card is not None
    about = f"{card.quantity} with its 95 % interval"
    names = ("value", "low", "high")
    return (*(Column(name, unit=card.unit, about=about) for name in names), *_DOUBT)


def _features(card: Card | None) -> tuple[Column, ...]:
    import torch

    from cubeview.learn.models.model import fresh_network
    from cubeview.learn.models.rooms import room_of

    assert card is not None
    size = room_of(card.preprocess["kind"]).config(card.preprocess).size
    with torch.inference_mode():
        shown = torch.zeros(1, len(card.channels), size, size, size)
        count = fresh_network(card.network).eval().features(shown).shape[1]
    return (*(Column(f"f{number:04d}") for number in range(count)), *_DOUBT)


def _answered(model: "Model | None", case: Case) -> Iterator[Values]:
    """Ask the model for what it was made for."""
    from cubeview.learn.ask.predict import predict

    assert model is not None
    answer = predict(model, case)
    values: dict[str, Any] = {
        "distance": answer.distance,
        "unlike": bool(answer.unlike),
        "cautions": "; ".join((*answer.cautions, *filter(None, (answer.unlike,)))),
    }
    told = vars(answer)
    if answer.task == "classify":
        values |= {_named("p", k): p for k, p in told["probabilities"].items()}
        values |= {"class": "" if answer.unlike else answer.answer, "abnormal": told["abnormal"]}
    elif answer.task == "segment":
        counts = getattr(answer, "voxels", {})
        names = model.card.classes[1:]
        values |= {_named("voxels", name): counts.get(name, 0) for name in names}
    else:
        values |= {name: told[name] for name in ("value", "low", "high")}
    yield values


def _embedded(model: "Model | None", case: Case) -> Iterator[Values]:
    """Return the pooled features: what likeness, oddness and groups are taken from."""
    from cubeview.learn.ask.predict import predict, prepare_case
    from cubeview.learn.explore.seen import pooled_of

    assert model is not None
    prepared = prepare_case(model.card, case)
    answer = predict(model, case, prepared=prepared)
    pooled = pooled_of(model, prepared)
    yield {
        **{f"f{number:04d}": float(value) for number, value in enumerate(pooled)},
        "distance": answer.distance,
        "unlike": bool(answer.unlike),
        "cautions": "; ".join(answer.cautions),
    }


_Z = (
    Column("z", about="redshift by templates", ucd="src.redshift"),
    Column("z_low", about="where chi² has risen by 1", ucd="src.redshift"),
    Column("z_high", about="where chi² has risen by 1", ucd="src.redshift"),
    Column("type", "text", ucd="src.class"),
    Column("reduced_chi2", ucd="stat.fit.chi2"),
    Column("second_z", about="the next best, NaN for none", ucd="src.redshift"),
    Column("second_delta_chi2", about="by how much it is worse"),
)


def _redshifts(model: "Model | None", case: Case) -> Iterator[Values]:
    from cubeview.measure.sky.by_templates import redshift_at

    if case.main.shape[1:] != (1, 1):
        raise CubeviewError(
            f"{case.name}: a cube, and not one spectrum. Take one out of it first: cubeview "
            "spectrum."
        )
    found = redshift_at(case.main)
    second = found.candidates[1] if found.candidates[1:] else None
    yield {
        "z": found.z,
        "z_low": found.low,
        "z_high": found.high,
        "type": found.type,
        "reduced_chi2": found.reduced_chi2,
        "second_z": second.z if second else None,
        "second_delta_chi2": second.delta_chi2 if second else None,
        "cautions": "; ".join(found.cautions),
    }


_FOUND = (
    Column("number", "int", about="within its cube, brightest first"),
    Column("class", "text", ucd="meta.code.class"),
    Column("probability", ucd="stat.probability"),
    Column("sn", ucd="stat.snr"),
    Column("strength"),
    Column("purity"),
    Column("sky_extent", about="full width at half maximum, arcsec where the cube has a sky"),
    Column("spectral_extent", about="full width at half maximum, in spectral_unit"),
    Column("z_px", about="voxel index, from 0"),
    Column("y_px", about="voxel index, from 0"),
    Column("x_px", about="voxel index, from 0"),
)


def _sources(model: "Model | None", case: Case) -> Iterator[Values]:
    from cubeview.learn.search.named import search_named

    assert model is not None
    catalogue = search_named(model, case)
    notes = "; ".join(catalogue.notes)
    for one in catalogue.detections:
        names = ("number", "sn", "strength", "purity", "sky_extent",
                 "spectral_extent", "spectral")  # fmt: skip
        yield {
            **{name: getattr(one, name) for name in names},
            "class": one.called,
            "probability": one.sure,
            "lon": one.ra_deg,
            "lat": one.dec_deg,
            **dict(zip(("z_px", "y_px", "x_px"), one.voxel, strict=True)),
            "cautions": notes,
        }


def _only(task: str) -> Callable[[Card], str]:
    return lambda card: "" if card.task == task else f"is made to {card.task}, not to {task}."


def _only_sky(card: Card) -> str:
    if classifies_windows(card):
        return ""
    return "searching takes a model that classifies windows of sky cubes."


SCORERS: Mapping[str, Scorer] = {
    "classify": Scorer(_classes, _answered, _only("classify")),
    "segment": Scorer(_marked, _answered, _only("segment"), together=16),
    "estimate": Scorer(_estimated, _answered, _only("estimate")),
    "embed": Scorer(_features, _embedded),
    "redshift": Scorer(lambda card: _Z, _redshifts, asks_model=False, whole=True, together=32),
    "search": Scorer(lambda card: _FOUND, _sources, _only_sky, whole=True, together=1),
}
"""Every task an archive can be asked; the first is what is meant where none is named."""


def said(row: Values) -> str:
    """Return what a row says in a few words: the answer, or why there is none."""
    if row.get("reason"):
        return str(row["reason"]).removeprefix(f"{row['file']}: ")
    if row.get("unlike"):
        return "unlike all training data"
    if "z_low" in row:
        return f"{row['type']}, z = {row['z']:.5f}"
    if "sn" in row:
        return f"{row['class']}, S/N {row['sn']:.1f}"
    if "class" in row:
        chance = row.get(_named("p", row["class"]))
        return f"{row['class']} {chance:.2f}"
    if "value" in row:
        return f"{row['value']:.4g} ({row['low']:.4g} to {row['high']:.4g})"
    counts = [f"{n[7:]} {v:,}" for n, v in row.items() if n.startswith("voxels_") and v]
    return ", ".join(counts) or "done"
