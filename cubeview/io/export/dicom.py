"""Simulated hearts as DICOM nuclear medicine: NM Image IOD (PS3.3 A.5), RECON TOMO."""

import hashlib
import re
from pathlib import Path
from typing import Literal

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid
from pydicom.valuerep import DSfloat

from cubeview import __version__
from cubeview.cubes.cube import Cube
from cubeview.cubes.orient import SLICE_ORDER, cardiac_ends
from cubeview.errors import CubeviewError
from cubeview.io.dicom.nm import MANUFACTURER
from cubeview.io.dicom.what import NM_STORAGE
from cubeview.io.export.fits import whole_file

_STATES = {
    "stress": ("432655005", "SCT", "Cardiac stress state"),
    "rest": ("128975004", "SCT", "Resting State"),
}
_VIEWS = {
    "short axis": ("103340004", "SCT", "Short axis"),
    "vertical long axis": ("131185001", "SCT", "Vertical long axis"),
    "horizontal long axis": ("131186000", "SCT", "Horizontal long axis"),
    "transaxial": ("62824007", "SCT", "Transverse"),
    "coronal": ("81654009", "SCT", "Coronal"),
    "sagittal": ("30730003", "SCT", "Sagittal"),
}
_NO_PATIENT = "Simulated by CubeView. Not a patient. Research use only."
_LARGEST = 65535


def write_nm(
    cube: Cube,
    path: Path,
    *,
    role: Literal["rest", "stress"] | None,
    case: str,
) -> None:
    """Write a simulated cube as a DICOM NM image of a patient who does not exist.

    Values are stored as unsigned 16-bit numbers; the real-world value mapping brings them back,
    exactly where they are whole counts up to 65535, else within 1/131070 of their range.

    Parameters
    ----------
    cube : Cube
        Short-axis or other body cube; NaN is written as the lowest value.
    path : Path
        Replaced as a whole, or not at all.
    role : {"rest", "stress"} or None
        Coded as patient state and said in the series description.
    case : str
        Pseudonym, 1 to 64 letters, digits, spaces and ``._-``: patient name and number. A rest
        and a stress scan of one case name are of one study.

    Raises
    ------
    CubeviewError
        If the name is unfit, the cube is too large or sheared, or the file cannot be written.
    """
    if not re.fullmatch(r"[A-Za-z0-9 ._-]{1,64}", case):
        raise CubeviewError(
            f"{path}: “{case}” cannot name a case in DICOM. Use letters, digits, spaces and . _ -"
        )
    if max(cube.shape) > _LARGEST:
        raise CubeviewError(f"{path}: {cube.shape} voxels do not fit into one DICOM image.")
    stored, slope, intercept = _stored(np.asarray(cube.pixels.read(), dtype=np.float64))
    study = str(generate_uid(entropy_srcs=["cubeview study", case]))
    ds = Dataset()
    _say_what(ds, cube, role, case, study, stored)
    _say_how_it_was_made(ds)
    _place(ds, cube, path)
    _put_pixels(ds, stored, slope, intercept, cube.unit)
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID = UID(NM_STORAGE)
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    with whole_file(path) as out:
        ds.save_as(out, enforce_file_format=True)


def _stored(values: np.ndarray) -> tuple[np.ndarray, float, float]:
    """Return values as uint16 with the slope and intercept that bring them back."""
    finite = np.isfinite(values)
    values = np.where(finite, values, np.min(values, where=finite, initial=0.0))
    low, high = float(values.min()), float(values.max())
    if low >= 0 and high <= _LARGEST and not np.any(values % 1):
        return values.astype("<u2"), 1.0, 0.0
    low = min(low, 0.0)
    slope = (high - low) / _LARGEST or 1.0
    return np.rint((values - low) / slope).astype("<u2"), slope, low


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def _coded(value: str, scheme: str, meaning: str) -> Sequence:
    return Sequence([_code(value, scheme, meaning)])


def _number(value: float) -> DSfloat:
    return DSfloat(float(value), auto_format=True)


def _say_what(
    ds: Dataset, cube: Cube, role: str | None, case: str, study: str, stored: np.ndarray
) -> None:
    """Fill patient, study, series, acquisition context and image identification."""
    entropy = [study, str(role), cube.view, hashlib.sha256(stored.tobytes()).hexdigest()]
    ds.SOPClassUID = NM_STORAGE
    ds.SOPInstanceUID = generate_uid(entropy_srcs=["cubeview image", *entropy])
    ds.ImageType = ["ORIGINAL", "PRIMARY", "RECON TOMO", "EMISSION"]
    ds.Modality = "NM"
    ds.PatientName, ds.PatientID = f"Simulated^{case}", case
    ds.PatientBirthDate = ds.PatientSex = ""
    # Synthetic Data (0008,001C) would say it best; validators in use do not know it yet.
    ds.QualityControlSubject = "YES"
    ds.PatientComments = _NO_PATIENT
    ds.StudyInstanceUID = study
    ds.StudyDate = ds.StudyTime = ""
    ds.StudyID = "1"
    ds.AccessionNumber = ds.ReferringPhysicianName = ""
    ds.StudyDescription = "Simulated myocardial perfusion"
    ds.SeriesInstanceUID = generate_uid(entropy_srcs=["cubeview series", *entropy])
    ds.SeriesNumber = {"stress": 1, "rest": 2}.get(role or "", 3)
    ds.SeriesDescription = " ".join(filter(None, [role, cube.view, "simulated"])).capitalize()
    ds.FrameOfReferenceUID = generate_uid(entropy_srcs=["cubeview frame", *entropy])
    ds.PositionReferenceIndicator = ""
    ds.InstanceNumber = 1
    ds.PatientOrientation = ""
    ds.ContentDate = ds.ContentTime = ""
    ds.ImageComments = _NO_PATIENT
    ds.BodyPartExamined = "HEART"
    ds.AnatomicRegionSequence = _coded("80891009", "SCT", "Heart")
    if role:
        item = Dataset()
        item.ValueType = "CODE"
        item.ConceptNameCodeSequence = _coded("109054", "DCM", "Patient State")
        item.ConceptCodeSequence = _coded(*_STATES[role])
        ds.AcquisitionContextSequence = Sequence([item])


def _say_how_it_was_made(ds: Dataset) -> None:
    """Fill equipment, isotope, patient pose and what a camera would add."""
    ds.Manufacturer = MANUFACTURER
    ds.ManufacturerModelName = "Simulator"
    ds.DeviceSerialNumber = "none"
    ds.SoftwareVersions = __version__
    window, limits, drug = Dataset(), Dataset(), Dataset()
    limits.EnergyWindowLowerLimit, limits.EnergyWindowUpperLimit = "126.45", "154.55"
    window.EnergyWindowName = "Tc-99m"
    window.EnergyWindowRangeSequence = Sequence([limits])
    ds.NumberOfEnergyWindows = 1
    ds.EnergyWindowInformationSequence = Sequence([window])
    drug.RadionuclideCodeSequence = _coded("72454006", "SCT", "^99m^Technetium")
    ds.RadiopharmaceuticalInformationSequence = Sequence([drug])
    supine = _code("102538003", "SCT", "recumbent")
    supine.PatientOrientationModifierCodeSequence = _coded("40199007", "SCT", "supine")
    ds.PatientOrientationCodeSequence = Sequence([supine])
    ds.PatientGantryRelationshipCodeSequence = _coded("102540008", "SCT", "headfirst")
    ds.CountsAccumulated = None
    ds.ConvolutionKernel = ""
    ds.RotationInformationSequence = Sequence()
    ds.NumberOfRotations = 1
    ds.LossyImageCompression = "00"


def _place(ds: Dataset, cube: Cube, path: Path) -> None:
    """Fill geometry: with the detector, as the standard asks, with a signed slice spacing."""
    detector = Dataset()
    detector.CollimatorType = "PARA"
    detector.ImagePositionPatient = detector.ImageOrientationPatient = None
    sizes = list(cube.spacing)
    step = cube.axes[0].step or sizes[0]
    if cube.affine is not None:
        z, y, x = cube.affine[:3, :3].T
        sizes = [float(np.linalg.norm(v)) for v in (z, y, x)]
        normal = np.cross(x / sizes[2], y / sizes[1])
        step = float(normal @ z)
        if abs(x @ y) > 1e-3 * sizes[1] * sizes[2] or abs(abs(step) - sizes[0]) > 1e-3 * sizes[0]:
            raise CubeviewError(f"{path}: slices at a slant cannot be written as one DICOM image.")
        detector.ImagePositionPatient = [_number(v) for v in cube.affine[:3, 3]]
        directions = (*(x / sizes[2]), *(y / sizes[1]))
        detector.ImageOrientationPatient = [_number(v) for v in directions]
    if cube.view in _VIEWS:
        view = _code(*_VIEWS[cube.view])
        view.ViewModifierCodeSequence = Sequence()
        detector.ViewCodeSequence = Sequence([view])
    ds.NumberOfDetectors = 1
    ds.DetectorInformationSequence = Sequence([detector])
    ds.PixelSpacing = [_number(sizes[1]), _number(sizes[2])]
    ds.SliceThickness = _number(abs(step))
    ds.SpacingBetweenSlices = _number(step)
    order = cube.facts.get(SLICE_ORDER, "")
    if not order and "" not in cardiac_ends(cube)[0]:
        order = " to ".join(cardiac_ends(cube)[0])
    if order:
        ds.SliceProgressionDirection = order.upper().replace(" ", "_")


def _put_pixels(ds: Dataset, stored: np.ndarray, slope: float, intercept: float, unit: str) -> None:
    """Fill frames, their vector, the pixels and the mapping back to real-world values."""
    frames, rows, columns = stored.shape
    ds.NumberOfFrames = frames
    ds.FrameIncrementPointer = 0x00540080
    ds.NumberOfSlices = frames
    ds.SliceVector = list(range(1, frames + 1))
    ds.Rows, ds.Columns = rows, columns
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.BitsAllocated = ds.BitsStored = 16
    ds.HighBit = 15
    ds.PixelRepresentation = 0
    top = max(int(stored.max()), 1)
    ds.WindowCenter, ds.WindowWidth = _number(top / 2), _number(top)
    mapping = Dataset()
    mapping.RealWorldValueFirstValueMapped = 0
    mapping.RealWorldValueLastValueMapped = _LARGEST
    mapping.RealWorldValueSlope = slope
    mapping.RealWorldValueIntercept = intercept
    mapping.LUTExplanation = "Simulated counts" if unit == "counts" else "Simulated values"
    mapping.LUTLabel = "counts" if unit == "counts" else "values"
    code = ("{counts}", "UCUM", "Counts") if unit == "counts" else ("1", "UCUM", "no units")
    mapping.MeasurementUnitsCodeSequence = _coded(*code)
    ds.RealWorldValueMappingSequence = Sequence([mapping])
    ds.add_new("PixelData", "OW", stored.tobytes())
