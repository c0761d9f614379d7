"""DICOM files to cases: reconstructed nuclear medicine is opened, all else refused in words."""

from dataclasses import dataclass
from pathlib import Path

from cubeview.errors import CubeviewError, Report, nothing
from cubeview.io.dicom_file import bad_file, read_dataset
from cubeview.io.dicom_nm import Scan, is_reconstruction, read_nm
from cubeview.io.dicom_pair import pair
from cubeview.io.dicom_what import is_directory, what_it_is
from cubeview.io.opened import Opened, Refusal


def read_cases(paths: list[Path], *, report: Report = nothing) -> Opened:
    """Read DICOM files as cases; rest and stress of one heart become one case.

    Parameters
    ----------
    paths : list of Path
        Files known to be DICOM, of any number of patients.
    report : callable
        Called per file; may raise Cancelled.

    Returns
    -------
    Opened
        Nothing is raised for a bad file: it is among the refusals. Images of another kind are
        refused once a series, since a CT has hundreds of files.
    """
    scans: list[Scan] = []
    refusals: list[Refusal] = []
    others: dict[_Other, list[Path]] = {}
    for done, path in enumerate(paths):
        report(done / len(paths), f"reading {path.name}")
        try:
            scan = _read_one(path)
        except CubeviewError as error:
            refusals.append(Refusal(path, str(error)))
            continue
        if isinstance(scan, _Other):
            others.setdefault(scan, []).append(path)
            continue
        twin = next((s for s in scans if _is_copy(s, scan)), None)
        if twin is None:
            scans.append(scan)
        else:
            refusals.append(
                Refusal(path, f"{path}: a copy of {twin.path.name}, which is open already.")
            )
    report(1.0, "sorting scans into cases")
    refusals += [other.refusal(files) for other, files in others.items()]
    return Opened(pair(scans), tuple(refusals))


@dataclass(frozen=True)
class _Other:
    """A series CubeView does not open, and what it is."""

    series: str
    what: str

    def refusal(self, files: list[Path]) -> Refusal:
        more = f" and {len(files) - 1} more of its series" if len(files) > 1 else ""
        return Refusal(
            files[0],
            f"{files[0]}{more}: this is {self.what}. CubeView opens reconstructed tomographic "
            "nuclear medicine (SPECT, image type RECON TOMO) for now, because its views and "
            "networks are made for that; open the reconstructed series of the study.",
        )


def _read_one(path: Path) -> Scan | _Other:
    header = read_dataset(path, pixels=False)
    with bad_file(path):
        if len(header) == 0:
            raise CubeviewError(f"{path}: DICOM without any content. Export it again.")
        if is_directory(header):
            raise CubeviewError(
                f"{path}: this is the index of a disc (DICOMDIR), without images. Open the folder "
                "that holds it."
            )
        if not is_reconstruction(header):
            series = str(header.get("SeriesInstanceUID") or path)
            return _Other(series, what_it_is(header))
    return read_nm(path)


def _is_copy(one: Scan, other: Scan) -> bool:
    return bool(one.instance) and one.instance == other.instance and one.digest == other.digest
