"""Synthetic NM files with planted answers, written by pydicom alone."""

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

NM = "1.2.840.10008.5.1.4.1.1.20"
SLICES, ROWS, COLUMNS = 5, 6, 7
POSITION = (11.0, -22.0, 33.0)
ORIENTATION = (0.8, 0.6, 0.0, 0.0, 0.0, -1.0)
NORMAL = np.cross(ORIENTATION[:3], ORIENTATION[3:])
SPACING = (4.5, 3.5)


def truth(slots=1):
    """Return stored values, shape (slots, slices, rows, columns), every voxel its own number."""
    shape = (slots, SLICES, ROWS, COLUMNS)
    return np.arange(np.prod(shape), dtype=np.int64).reshape(shape)


def coded(value, scheme="SCT", meaning="x"):
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return Sequence([item])


def patient_state(value, scheme="SCT"):
    item = Dataset()
    item.ValueType = "CODE"
    item.ConceptNameCodeSequence = coded("109054", "DCM", "Patient State")
    item.ConceptCodeSequence = coded(value, scheme)
    return Sequence([item])


def drug(value="", name=""):
    item = Dataset()
    item.InterventionDrugName = name
    if value:
        item.InterventionDrugCodeSequence = coded(value)
    return Sequence([item])


def nm(step=4.0, *, slots=1, order=None, stored=None, **extra):
    """Return a short-axis RECON (GATED) TOMO data set; `extra` sets or (None) removes attributes.

    order : permutation of the frames, so that their order in the file means nothing.
    """
    values = truth(slots) if stored is None else stored
    values = values.reshape(-1, *values.shape[-2:])
    order = np.arange(len(values)) if order is None else np.asarray(order)
    slot, number = np.divmod(order, SLICES)
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = NM, generate_uid()
    ds.ImageType = ["ORIGINAL", "PRIMARY", "RECON GATED TOMO" if slots > 1 else "RECON TOMO"]
    ds.ImageType = [*ds.ImageType, "EMISSION"]
    ds.Modality, ds.PatientName, ds.PatientID = "NM", "DOE^JANE", "4711"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = generate_uid(), generate_uid()
    ds.StudyDate = "20200102"
    ds.NumberOfFrames, ds.Rows, ds.Columns = len(values), values.shape[1], values.shape[2]
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated = ds.BitsStored = 16
    ds.HighBit, ds.PixelRepresentation = 15, 0
    ds.FrameIncrementPointer = [0x00540080]
    ds.SliceVector, ds.NumberOfSlices = [int(n) + 1 for n in number], SLICES
    if slots > 1:
        ds.FrameIncrementPointer = [0x00540060, 0x00540070, 0x00540080]
        ds.RRIntervalVector = [1] * len(values)
        ds.TimeSlotVector = [int(n) + 1 for n in slot]
    ds.PixelSpacing = list(SPACING)
    ds.SpacingBetweenSlices = step
    ds.SliceThickness = 4.0
    detector = Dataset()
    detector.ImagePositionPatient = list(POSITION)
    detector.ImageOrientationPatient = list(ORIENTATION)
    detector.ViewCodeSequence = coded("103340004")
    ds.DetectorInformationSequence = Sequence([detector])
    ds.PixelData = values[order].astype("<u2").tobytes()
    for keyword, value in extra.items():
        if value is None:
            delattr(ds, keyword)
        else:
            setattr(ds, keyword, value)
    return ds


def write(ds, path, syntax=ExplicitVRLittleEndian):
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.file_meta.TransferSyntaxUID = syntax
    ds.save_as(path, enforce_file_format=True)
    return path
