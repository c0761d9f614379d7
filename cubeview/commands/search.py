"""``search``: find the sources of a whole sky cube."""

import argparse
import math
from dataclasses import asdict
from pathlib import Path

from cubeview.commands.common import (
    Commands,
    add_command,
    add_json,
    add_model,
    open_cases,
    print_json,
    progress,
    public_name,
)
from cubeview.errors import CubeviewError
from cubeview.paths import refuse_input


def add(commands: Commands) -> None:
    """Add the command of this module."""
    sub = add_command(commands, "search", _search, "find sources in a whole sky cube")
    sub.add_argument("path", type=Path, metavar="CUBE")
    add_model(sub)
    sub.add_argument("--out", type=Path, metavar="FILE", help="catalogue: .ecsv, .vot or .fits")
    sub.add_argument(
        "--threshold",
        type=float,
        metavar="SN",
        help="least strength: signal-to-noise, the error of a continuum counted as noise and large "
        "filters a little more (default: where the purity measured on the cube is 0.9)",
    )
    add_json(sub)


def _search(options: argparse.Namespace) -> int:
    from cubeview.io.export.catalogue import FORMATS, write_catalogue
    from cubeview.learn.models.model import model_for
    from cubeview.learn.search.named import search_named

    if options.out is not None and options.out.suffix.lower() not in FORMATS:
        raise CubeviewError(
            f"{options.out}: catalogues are saved as .ecsv, .vot or .fits. Choose a name ending so."
        )
    if options.threshold is not None and not math.isfinite(options.threshold):
        raise CubeviewError("--threshold takes a number.")
    cases, status = open_cases([options.path])
    if len(cases) != 1:
        raise CubeviewError(
            f"search takes one cube, this path holds {len(cases)}: name the file of one."
        )
    if options.out is not None:
        refuse_input(options.out)  # said before the work, not after it
    case = cases[0]
    model = model_for(case, options.model or "")
    catalogue = search_named(model, case, threshold=options.threshold, report=progress())
    if options.out is not None:
        write_catalogue(catalogue, options.out)
    if options.json:
        print_json(
            {
                "case": public_name(case),
                "model": catalogue.model,
                "threshold": catalogue.threshold,
                "false_peaks": catalogue.false_peaks,
                "spectral_unit": catalogue.spectral_unit,
                "frame": case.main.axes[2].frame,
                "notes": list(catalogue.notes),
                "detections": [asdict(found) for found in catalogue.detections],
                "file": None if options.out is None else str(options.out),
            }
        )
        return status
    unit = catalogue.spectral_unit
    for found in catalogue.detections:
        line = "" if math.isnan(found.spectral) else f"  {found.spectral:.5g} {unit}"
        print(
            f"{found.number:4d}  {found.called:13s}  {found.sure:.2f}  "
            f"S/N {found.sn:6.1f}  {found.ra_deg:.6f} {found.dec_deg:+.6f}{line}"
        )
    limit = "" if math.isinf(catalogue.threshold) else f", lines from S/N {catalogue.threshold:.2f}"
    print(f"{len(catalogue.detections)} sources{limit}")
    if catalogue.detections and case.main.axes[2].frame:
        print(f"  positions: {case.main.axes[2].frame}")
    for note in catalogue.notes:
        print(f"  note: {note}")
    if options.out is not None:
        print(options.out)
    return status
