"""The page of a report: tables and charts, all in one HTML text."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from cubeview.learn.explain.advice import advice
from cubeview.learn.measure.sky_figures import EDGES
from cubeview.learn.measure.svg import Chart
from cubeview.learn.models.rooms import room_of

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


def page(document: Mapping[str, Any]) -> str:
    """Return the HTML text of a report `cubeview.learn.measure.report.report_on` returned."""
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
            _bars(chosen),
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


def _bars(models: Sequence[Mapping[str, Any]]) -> str:
    rows = []
    for words, keys, bar, more in room_of(models[0]["kind"]).asked:
        row = [f"{escape(words)} ({'≥' if more else '≤'} {bar:g})"]
        for value in (_figure(model, keys) for model in models):
            if value is None:
                row.append("–")
            elif value >= bar if more else value <= bar:
                row.append(f'<span class="yes">{value:.4g} ✓</span>')
            else:
                row.append(f'<span class="no">{value:.4g} ✗ not reached</span>')
        rows.append(row)
    heads = ("", *(escape(m["name"]) for m in models))
    return "<h2>What was asked for</h2>" + _table(heads, rows, raw=True)


def _figure(found: Any, keys: Sequence[str]) -> float | None:
    """Return what lies at the end of a way, see `cubeview.learn.models.rooms.Asked`."""
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    if isinstance(found, Mapping):
        found = min((value for value in found.values() if value is not None), default=None)
    return found if isinstance(found, float | int) else None


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
    figures = ("recall", "auc_normal_against_rest", "auc_defect_against_normal")
    rows = [
        [
            model["name"],
            SETS.get(name, name) if len(model["sets"]) > 1 else found["on"],
            str(found["cases"]),
            *(
                _share(_figure(found, [key]))
                for key in ("accuracy", *figures, "calibration_error", "flagged")
            ),
        ]
        for model in models
        for name, found in model["sets"].items()
    ]
    heads = ["Model", "Cases", "Number", "Accuracy", "Lowest class"]
    heads += ["AUC against all", "AUC against ill", "Calibration error", "Called strange"]
    return "<h2>How it carries over</h2>" + _table(heads, rows)


def _sensitivity(models: Sequence[Mapping[str, Any]]) -> str:
    charts = []
    for key, words in (
        ("by_extent", "Extent of the defect, % of the wall"),
        ("by_severity", "Severity, % of uptake lost at its centre"),
    ):
        known = [m for m in models if m["sets"]["unseen"].get(key)]
        if not known:
            continue
        ends = [row["range"] for m in known for row in m["sets"]["unseen"][key]]
        span = (100 * min(e[0] for e in ends), 100 * max(e[1] for e in ends))
        for what, title in (("called_ill", "called ill"), ("named", "named rightly")):
            chart = Chart(f"Ill hearts {title}", words, "share", x_range=span)
            for style, model in enumerate(known):
                rows = model["sets"]["unseen"][key]
                x = [100 * sum(row["range"]) / 2 for row in rows]
                y = [row[what] for row in rows]
                bars = [row["interval"] for row in rows] if what == "called_ill" else None
                chart.line(x, y, model["name"], style).points(x, y, bars, style)
            charts.append(chart.svg())
    return _row("<h2>Sensitivity against size and severity</h2>", charts)


def _strength(models: Sequence[Mapping[str, Any]]) -> str:
    known = [m for m in models if m["sets"]["unseen"].get("by_peak_sn")]
    charts = []
    for kind in ("", *known[0]["classes"]) if known else ():
        if kind == "empty":
            continue
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
    return _row("<h2>Accuracy against peak S/N</h2>", charts)


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
        x_range, y_range = (1.0, float(len(losses))), (0.0, 1.05 * max(losses))
        curve = Chart("Loss in training", "epoch", "mean cross-entropy", x_range, y_range)
        charts.append(curve.line(range(1, len(losses) + 1), losses).svg())
    top = f"<h2>{escape(model['name'])}</h2>{_confusion(model['classes'], found['confusion'])}"
    return _row(top, charts) + _maps(model) + _trust(model)


def _row(top: str, charts: Sequence[str]) -> str:
    """Return charts side by side below their heading; nothing without any."""
    return f'{top}<div class="row">{"".join(charts)}</div>' if charts else ""


def _maps(model: Mapping[str, Any]) -> str:
    """How far each kind of map can be believed, class by class."""
    figures = model.get("maps")
    if not figures:
        return ""
    rows = []
    for name, method in figures["methods"].items():
        for label, found in method["classes"].items():
            placed = ("hit", "chance") if found["n"] else ("", "")
            keys = (*placed, *_CURVES, "across_seeds")
            rows.append([name, label, *(_share(found.get(key)) for key in keys)])
    heads = ["Map", "Class", "Finds the place", "by chance", "Deletion", "at random"]
    heads += ["Insertion", "at random", "Other seeds"]
    ways = (("randomised", "head"), ("randomised", "all"), ("repeatable",), ("across_seeds",))
    whole = [
        [name, *(_share(_figure(method, way)) for way in ways)]
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


def _trust(model: Mapping[str, Any]) -> str:
    """What flips its answers, and its maps beside those of random labels."""
    figures = model.get("trust")
    if not figures:
        return ""
    rows = [[name, _share(share)] for name, share in figures["flips"].items()]
    rows += [
        [f"made to flip, at most {float(size):.2%} of the maximum in each voxel", _share(share)]
        for size, share in figures["adversarial"].items()
    ]
    maps = figures["maps"]
    return (
        "<h3>How far its answers hold</h3>"
        f'<p class="dim">{figures["confident"]} confident answers of {figures["cases"]} simulated '
        "cases; the share of them that names another class after a change.</p>"
        f"{_table(('Change', 'Flipped'), rows)}"
        f"<p>Its maps correlate by {maps['alike']:.2f} with those of a network that learnt labels "
        f"given at random, of which it knows {maps['learnt_by_heart']:.0%} by heart.</p>"
    ) + _significance(figures.get("significance"))


def _significance(marks: Mapping[str, Any] | None) -> str:
    if not marks:
        return ""
    return (
        f"<p>Significance maps of {escape(marks['class'])} mark "
        f"{marks['normal_marked']:.1%} of what "
        f"is seen of normal cases, and the place itself in {marks['found']:.0%} of "
        f"{marks['cases']} cases.</p>"
    )


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
    clean = str if raw else escape
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
