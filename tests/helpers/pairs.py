"""Simulated hearts of two kinds with a table of their labels: the same ones wherever a test teaches
from files, so that their ventricles are found once.
"""

from pathlib import Path

from cubeview.commands.simulated import write_pairs


def two_kinds(folder: Path, count: int) -> Path:
    """Write so many healthy and as many ischaemic hearts; return the table."""
    lines = ["case,class,rest,stress"]
    for seed, label in enumerate(("healthy", "ischaemic")):
        write_pairs(folder / label, count, seed=seed, label=label)
        for line in (folder / label / "cases.csv").read_text().splitlines()[1:]:
            case, _, rest, stress = line.split(",")
            lines.append(f"{case}-{label},{label},{label}/{rest},{label}/{stress}")
    table = folder / "labels.csv"
    table.write_text("\n".join(lines))
    return table
