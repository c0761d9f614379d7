"""The page of a report: tables and charts, all in one HTML text."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from cubeview.learn.explain.advice import advice
from cubeview.learn.measure.sky_figures import BRIGHT_SN, EDGES
from cubeview.learn.measure.svg import Chart

SETS = {
    "unseen": "Unseen cases, the ventricle's place drawn as the finder errs",
    "found": "Unseen cases, the ventricle found from the images",
    "second": "Another hospital, an older camera: beyond the ranges of training but for its blur",
    "half-time": "Another hospital, a newer camera in half the time: beyond the ranges of training",
    "coarse": "A hospital at the end of what can be read",
}

_CSS = """
:root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;max-width:1180px;
margin:2em auto;padding:0 1em}table{border-collapse:collapse;margin:.6em 0 1.2em}
th,td{padding:.2em .7em;text-align:right;border-bottom:1px solid #8884}
th:first-child,td:first-child{text-align:left}svg{max-width:100%;height:auto;margin:.2em}
.row{display:flex;flex-wrap:wrap;gap:.6em}.dim{opacity:.7}.yes{color:#2b8a3e}.no{color:#d9480f}
h2{margin-top:2em;border-bottom:1px solid #8886}
"""

_CURVES = ("deletion", "deletion_random", "insertion", "insertion_random")

Bar = tuple[str, Callable[[Mapping[str, Any]], float | None], float, bool]
"""What is asked for: its words, where its figure is, the bar, and whether more is better."""


def _of(which: str, *keys: str) -> Callable[[Mapping[str, Any]], float | None]:
    def find(entry: Mapping[str, Any]) -> float | None:
        value: Any = entry["sets"].get(which)
        for key in keys:
            value = value.get(key) if isinstance(value, Mapping) else None
        return value if isinstance(value, float | int) else None

    return find


def _least_recall(entry: Mapping[str, Any]) -> float | None:
    found = [r for r in entry["sets"]["unseen"]["recall"].values() if r is not None]
    return min(found, default=None)


_BARS: Mapping[str, Sequence[Bar]] = {
    "heart": (
        ("Accuracy on unseen cases", _of("unseen", "accuracy"), 0.92, True),
        ("Lowest accuracy of a class", _least_recall, 0.85, True),
        ("AUC, healthy against ill", _of("unseen", "auc_defect_against_normal"), 0.99, True),
        ("Calibration error", _of("unseen", "calibration_error"), 0.03, False),
        ("Accuracy in another hospital", _of("second", "accuracy"), 0.80, True),
        ("Milliseconds on one core", lambda entry: entry.get("milliseconds"), 100.0, False),
    ),
    "sky": (
        (
            f"Accuracy at peak S/N of {BRIGHT_SN:g} and more",
            _of("unseen", "by_peak_sn", "bright_accuracy"),
            0.90,
            True,
        ),
        ("Calibration error", _of("unseen", "calibration_error"), 0.03, False),
    ),
}


def page(document: Mapping[str, Any]) -> str:
    """Return the HTML text of a report.

    Parameters
    ----------
    document : mapping
        As `cubeview.learn.measure.report.report_on` returns it.
    """
    models: list[Mapping[str, Any]] = document["models"]
    parts = [
        '<!doctype html><html lang="en"><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width">',
        f"<title>{escape(', '.join(m['name'] for m in models))}: report</title>",
        f"<style>{_CSS}</style>",
        f"<h1>{escape(' · '.join(dict.fromkeys(m['title'] for m in models)))}</h1>",
        '<p class="dim">Measured on simulated cases alone, made by the same kind of simulator as '
        "the training data: how a model does on real data is another question. Research use only, "
        f"not a medical device. CubeView {escape(document['cubeview'])}.</p>",
        _overview(models),
    ]
    for kind in dict.fromkeys(m["kind"] for m in models):
        chosen = [m for m in models if m["kind"] == kind]
        parts += [
            _bars(chosen, _BARS[kind]),
            _accuracy(chosen),
            _carried(chosen),
            _sensitivity(chosen),
            _strength(chosen),
        ]
    parts += [_one(model) for model in models]
    return "\n".join(part for part in parts if part) + "\n"


def _overview(models: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        [
            m["name"],
            m["title"],
            "–".join(map(str, m["widths"])),
            "yes" if m["batch_norm"] else "no",
            f"{m['weights']:,}",
            str(m["training"].get("cases", "")),
            str(m["training"].get("data", "")),
            str(m["training"].get("revision", ""))[:12],
            m["sha256"][:12],
        ]
        for m in models
    ]
    heads = ("Model", "", "Widths", "Batch norm", "Numbers", "Trained on", "Data", "Revision")
    return _table((*heads, "SHA-256"), rows)


def _bars(models: Sequence[Mapping[str, Any]], bars: Sequence[Bar]) -> str:
    rows = []
    for words, find, bar, more in bars:
        row = [f"{escape(words)} ({'≥' if more else '≤'} {bar:g})"]
        for model in models:
            value = find(model)
            if value is None:
                row.append("–")
                continue
            held = value >= bar if more else value <= bar
            row.append(
                f'<span class="{"yes" if held else "no"}">{value:.4g} '
                f"{'✓' if held else '✗ not reached'}</span>"
            )
        rows.append(row)
    return "<h2>What was asked for</h2>" + _table(
        ("", *(escape(m["name"]) for m in models)), rows, raw=True
    )


def _accuracy(models: Sequence[Mapping[str, Any]]) -> str:
    """Accuracy per class of each model, and the mean over models of one name."""
    classes = models[0]["classes"]
    rows = []
    for model in models:
        found = model["sets"]["unseen"]
        recall = [found["recall"].get(name) for name in classes]
        rows.append([model["name"], *map(_share, recall), _share(found["accuracy"])])
    for group in dict.fromkeys(m["group"] for m in models):
        members = [m["sets"]["unseen"] for m in models if m["group"] == group]
        if len(members) > 1:
            columns = [[f["recall"].get(name) for f in members] for name in classes]
            columns.append([f["accuracy"] for f in members])
            rows.append([f"{group}, mean of {len(members)}", *map(_spread, columns)])
    on = escape(models[0]["sets"]["unseen"]["on"])
    note = f'<p class="dim">{on}.</p>'
    if "healthy" in classes:
        note += (
            '<p class="dim">For comparison: the network of Smith &amp; Geach (2017), 0.46 on five '
            "classes and an area of 0.826 for healthy against the rest, on simulations of their "
            "own.</p>"
        )
    heads = ("Accuracy per class", *classes, "all")
    return "<h2>Accuracy per class</h2>" + _table(heads, rows) + note


def _carried(models: Sequence[Mapping[str, Any]]) -> str:
    """Each model on each set of cases."""
    rows = []
    for model in models:
        for name, found in model["sets"].items():
            rows.append(
                [
                    model["name"],
                    SETS.get(name, name) if len(model["sets"]) > 1 else found["on"],
                    str(found["cases"]),
                    _share(found["accuracy"]),
                    _share(min(r for r in found["recall"].values() if r is not None)),
                    _share(found.get("auc_normal_against_rest")),
                    _share(found.get("auc_defect_against_normal")),
                    _share(found["calibration_error"]),
                    _share(found.get("flagged")),
                ]
            )
    heads = ["Model", "Cases", "Number", "Accuracy", "Lowest class"]
    heads += ["AUC against all", "AUC against ill", "Calibration error", "Called strange"]
    return "<h2>How it carries over</h2>" + _table(heads, rows)


def _sensitivity(models: Sequence[Mapping[str, Any]]) -> str:
    charts = []
    for key, words, factor in (
        ("by_extent", "Extent of the defect, % of the wall", 100),
        ("by_severity", "Severity, % of uptake lost at its centre", 100),
    ):
        known = [m for m in models if m["sets"]["unseen"].get(key)]
        if not known:
            continue
        ends = [row["range"] for m in known for row in m["sets"]["unseen"][key]]
        span = (factor * min(e[0] for e in ends), factor * max(e[1] for e in ends))
        for what, title in (("called_ill", "called ill"), ("named", "named rightly")):
            chart = Chart(f"Ill hearts {title}", words, "share", x_range=span)
            for style, model in enumerate(known):
                rows = model["sets"]["unseen"][key]
                x = [factor * sum(row["range"]) / 2 for row in rows]
                y = [row[what] for row in rows]
                low, high = ([row["interval"][end] for row in rows] for end in (0, 1))
                chart.line(x, y, model["name"], style)
                if what == "called_ill":
                    chart.points(x, y, low, high, style)
                else:
                    chart.points(x, y, style=style)
            charts.append(chart.svg())
    if not charts:
        return ""
    return f'<h2>Sensitivity against size and severity</h2><div class="row">{"".join(charts)}</div>'


def _strength(models: Sequence[Mapping[str, Any]]) -> str:
    known = [m for m in models if m["sets"]["unseen"].get("by_peak_sn")]
    if not known:
        return ""
    charts = []
    kinds = ["", *(name for name in known[0]["classes"] if name != "empty")]
    for kind in kinds:
        chart = Chart(
            f"Accuracy: {kind or 'all windows with a source'}",
            "Peak S/N",
            "share named rightly",
            x_range=(EDGES[0], EDGES[-1]),
            logarithmic=True,
        )
        for style, model in enumerate(known):
            rows = model["sets"]["unseen"]["by_peak_sn"]["curve"]
            x = [float(np.sqrt(np.prod(row["peak_sn"]))) for row in rows]
            y = [row["recall"].get(kind) if kind else row["accuracy"] for row in rows]
            y = [float("nan") if value is None else value for value in y]
            chart.line(x, y, model["name"], style).points(x, y, style=style)
        charts.append(chart.svg())
    return f'<h2>Accuracy against peak S/N</h2><div class="row">{"".join(charts)}</div>'


def _one(model: Mapping[str, Any]) -> str:
    """Confusion, ROC curves, calibration and learning curve of one model."""
    found = model["sets"]["unseen"]
    rocs = Chart("ROC", "false positive rate", "true positive rate", width=420, height=380)
    rocs.diagonal()
    for style, (name, curve) in enumerate(found["roc"].items()):
        label = f"{name}  {curve['auc']:.3f}" if curve["auc"] is not None else name
        rocs.line(curve["false_positive"], curve["true_positive"], label, style)
    bins = found["reliability"]
    trust = Chart(
        f"Calibration (error {found['calibration_error']:.3f})", "stated probability", "share right"
    ).diagonal()
    stated = [b["confidence"] for b in bins]
    trust.line(stated, [b["accuracy"] for b in bins]).points(stated, [b["accuracy"] for b in bins])
    charts = [rocs.svg(), trust.svg()]
    losses = model["training"].get("losses")
    if losses and len(losses) > 1:
        curve = Chart(
            "Loss in training",
            "epoch",
            "mean cross-entropy",
            x_range=(1.0, float(len(losses))),
            y_range=(0.0, 1.05 * max(losses)),
        )
        charts.append(curve.line(range(1, len(losses) + 1), losses).svg())
    return (
        f"<h2>{escape(model['name'])}</h2>{_confusion(model['classes'], found['confusion'])}"
        f'<div class="row">{"".join(charts)}</div>{_maps(model)}'
    )


def _maps(model: Mapping[str, Any]) -> str:
    """How far each kind of map can be believed, class by class."""
    figures = model.get("maps")
    if not figures:
        return ""
    rows = []
    for name, method in figures["methods"].items():
        for label, found in method["classes"].items():
            placed = bool(found["n"])
            rows.append(
                [
                    name,
                    label,
                    _share(found["hit"] if placed else None),
                    _share(found["chance"] if placed else None),
                    *(_share(found.get(key)) for key in _CURVES),
                    _share(found.get("across_seeds")),
                ]
            )
    heads = ["Map", "Class", "Finds the place", "by chance", "Deletion", "at random"]
    heads += ["Insertion", "at random", "Other seeds"]
    whole = [
        [
            name,
            _share(method.get("randomised", {}).get("head")),
            _share(method.get("randomised", {}).get("all")),
            _share(method.get("repeatable")),
            _share(method.get("across_seeds")),
        ]
        for name, method in figures["methods"].items()
    ]
    said = "".join(f"<p>{escape(advice(figures, label))}</p>" for label in figures["classes"])
    return (
        "<h3>How far its maps can be believed</h3>"
        f'<p class="dim">{figures.get("cases", "")} simulated cases. The place is found where the '
        f"map's largest value lies within {escape(str(figures.get('within', '')))}. Deletion is to "
        "be below that in random order, insertion above it.</p>"
        f"{said}{_table(heads, rows)}"
        '<p class="dim">Rank correlation with the map of other weights (to be near 0), under '
        "noise and of other trainings (to be near 1).</p>"
    ) + _table(("Map", "Fresh head", "All weights fresh", "Noise", "Other seeds"), whole)


def _confusion(classes: Sequence[str], table: Sequence[Sequence[int]]) -> str:
    rows = []
    for name, counts in zip(classes, table, strict=True):
        total = max(sum(counts), 1)
        cells = "".join(
            f'<td style="background:rgba(59,130,214,{0.75 * n / total:.2f})">{n}</td>'
            for n in counts
        )
        rows.append(f"<tr><td>{escape(name)}</td>{cells}</tr>")
    heads = "".join(f"<th>{escape(name)}</th>" for name in classes)
    return f"<table><tr><th>true ╲ answer</th>{heads}</tr>{''.join(rows)}</table>"


def _table(heads: Iterable[str], rows: Iterable[Sequence[str]], *, raw: bool = False) -> str:
    """Return a table; cells are text, or HTML where `raw`."""
    clean: Callable[[str], str] = (lambda text: text) if raw else escape
    top = "".join(f"<th>{clean(head)}</th>" for head in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{clean(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><tr>{top}</tr>{body}</table>"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _spread(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{np.mean(known):.3f} ± {np.std(known, ddof=1):.3f}" if len(known) > 1 else "–"
