"""The eight real rest/stress pairs with their labels."""

from pathlib import Path

FOLDS = 3
"""As many as there are healthy ones: a fold without one could not be judged."""


def two_classes(scans: Path, table: Path) -> Path:
    """Write the labels that came with the scans, all that is ill under one class."""
    rows = ["case,class,stress,rest"]
    for line in (scans / "labels.tsv").read_text().splitlines()[1:]:
        case, truth, stress, rest = line.split("\t")[:4]
        name = truth if truth == "healthy" else "abnormal"
        rows.append(f"{case},{name},{scans / stress},{scans / rest}")
    table.write_text("\n".join(rows))
    return table
