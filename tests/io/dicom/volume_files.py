"""Synthetic CT, MR and PET files with planted answers, written by pydicom alone."""

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import generate_uid

CLASSES = {
    "CT": "1.2.840.10008.5.1.4.1.1.2",
    "MR": "1.2.840.10008.5.1.4.1.1.4",
    "PT": "1.2.840.10008.5.1.4.1.1.128",
}
ENHANCED = {
    "CT": "1.2.840.10008.5.1.4.1.1.2.1",
    "MR": "1.2.840.10008.5.1.4.1.1.4.1",
    "PT": "1.2.840.10008.5.1.4.1.1.130",
}
FRAME = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)
NORMAL = np.cross(FRAME[:3], FRAME[3:])
ORIGIN = np.array((10.0, -20.0, 30.0))
SIZES = (2.0, 3.0)
SHAPE = (5, 6)


def pixels(number):
    return (np.arange(30).reshape(SHAPE) + 100 * number).astype("<u2")


def base(modality, series, **extra):
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = CLASSES[modality], generate_uid()
    ds.Modality, ds.SeriesInstanceUID, ds.StudyInstanceUID = modality, series, "1.2.3"
    ds.PatientName, ds.PatientID = "DOE^JANE", "4711"
    ds.Rows, ds.Columns = SHAPE
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated = ds.BitsStored = 16
    ds.HighBit, ds.PixelRepresentation = 15, 0
    for keyword, value in extra.items():
        setattr(ds, keyword, value)
    return ds


def single(modality, number, place_mm, series="1.2.3.4", position=None, **extra):
    """Return one slice at a place along the normal; its first pixel is 100 times its number."""
    ds = base(modality, series, **extra)
    ds.InstanceNumber = number
    ds.PixelSpacing = list(SIZES)
    ds.SliceThickness = 4.0
    ds.ImageOrientationPatient = list(FRAME)
    ds.ImagePositionPatient = list(ORIGIN + place_mm * NORMAL if position is None else position)
    ds.PixelData = pixels(number).tobytes()
    return ds


def enhanced(modality, places_mm, marks=None, **extra):
    """Return an enhanced file; frame n has the place, the slope n + 1 and the stack index given."""
    ds = base(modality, "1.2.3.5", NumberOfFrames=len(places_mm), **extra)
    ds.SOPClassUID = ENHANCED[modality]
    shared, measures, turn = Dataset(), Dataset(), Dataset()
    measures.PixelSpacing, measures.SliceThickness = list(SIZES), 4.0
    turn.ImageOrientationPatient = list(FRAME)
    shared.PixelMeasuresSequence = Sequence([measures])
    shared.PlaneOrientationSequence = Sequence([turn])
    ds.SharedFunctionalGroupsSequence = Sequence([shared])
    pointers = (0x00209056, 0x00209057, 0x00209128)
    ds.DimensionIndexSequence = Sequence([])
    for pointer in pointers:
        item = Dataset()
        item.DimensionIndexPointer = pointer
        ds.DimensionIndexSequence.append(item)
    frames = []
    for n, place in enumerate(places_mm):
        frame, position, content, scale = Dataset(), Dataset(), Dataset(), Dataset()
        position.ImagePositionPatient = list(ORIGIN + place * NORMAL)
        content.DimensionIndexValues = [1, n + 1, 1 if marks is None else marks[n]]
        scale.RescaleSlope, scale.RescaleIntercept = n + 1, -10
        frame.PlanePositionSequence = Sequence([position])
        frame.FrameContentSequence = Sequence([content])
        frame.PixelValueTransformationSequence = Sequence([scale])
        frames.append(frame)
    ds.PerFrameFunctionalGroupsSequence = Sequence(frames)
    ds.PixelData = b"".join(pixels(n).tobytes() for n in range(len(places_mm)))
    return ds
