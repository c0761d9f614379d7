"""Files that are whole and say odd things: numbers, identities and cards as programs write them."""

import io
import struct
from collections.abc import Callable

import numpy as np
import pydicom
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

Files = dict[str, bytes]
"""By name: the files of one folder."""

MOST_FILES = 8
"""A series is opened with as many of its files; more would be most of the work."""

_NUMBERS = (
    *(b"2,5", b" 2.5 ", b"2.5e0", b"2\\2", b"2.5\\", b"\\2.5", b"1.234.567", b"2.5mm", b"", b"-0"),
    *(
        b"+.5",
        b"1E-40",
        b"1e40",
        b"0x10",
        b"NaN",
        b"inf",
        b"2.5\0",
        b"1_000",
        b"1'000",
        b"0,000001",
    ),
)
_SAME = ("anonymized", "1", "", "UNKNOWN", "0", "1.2.3", "XXX")
_IDENTIFIERS = (
    *("PatientID", "PatientName", "PatientBirthDate", "PatientSex", "StudyInstanceUID"),
    *("SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID", "IssuerOfPatientID"),
    *("StudyDate", "SeriesDescription", "SeriesNumber", "InstanceNumber", "AcquisitionTime"),
)
_PLACES = ("ImageOrientationPatient", "ImagePositionPatient", "PixelSpacing", "SliceThickness")
_CARDS = """
CTYPE1  = 'RA-TAN  '
CTYPE1  = 'GLON-FLT'
CTYPE2  = 'GLAT-FLT'
CTYPE1  = 'XYZ'
CTYPE1  = 'RA---GLS'
CTYPE2  = 'DEC--GLS'
CTYPE1  = 'GLON-SFL'
CTYPE1  =
CRVAL1  =
CTYPE1  = 'HPLN-TAN'
CTYPE2  = 'HPLT-TAN'
CTYPE1  = 'RA---HPX'
CTYPE1  = 'ELON-CAR'
CTYPE3  = 'VRAD-LSRK'
CTYPE3  = 'VLSR'
CTYPE3  = 'LAMBDA (A)'
CTYPE3  =
CUNIT3  =
CTYPE3  = 'WAVE-LOG'
CTYPE3  = 'FDEP'
CTYPE3  = 'STOKES'
CTYPE3  = 'photon energy'
CUNIT3  = 'log(Angstrom)'
CUNIT3  = 'ang'
CUNIT3  = '10**99999999'
CUNIT3  = 'km/s'
CUNIT3  = 'KeV'
CDELT3  =
CDELT3  = 0.0
CRVAL3  = -47.1
CRPIX1  = -40000.5
CRVAL1  = -155.0
CRVAL1  = 719.99
CRVAL2  = 90.0
CRVAL2  = -91.0
DC-FLAG =  1
PC001001= 1.0
PC001002= 0.1
CD001001= 0.001
CD1_1   = 0.001
CD1_2   = 0.0
CDELT1  = -0.5
CDELT1  = 359.0
CROTA2  = 45.0
RADESYS = 'FK4'
EQUINOX = 'B1950'
EQUINOX = 99999
SPECSYS = 'moon'
VELREF  = 999
RESTFRQ = -1.0
RESTWAV = 'none'
HISTORY AIPS   CLEAN BMAJ=  3.8E-03 BMIN=  NaN BPA= -40
HISTORY AIPS CLEAN BMAJ= BMIN=
BUNIT   = 'JY/BEAM'
BUNIT   = '<b>ergs</b>'
BUNIT   = 'log(K)'
BSCALE  = 1E38
BMAJ    = -1.0
BMAJ    = 0.0
EXTNAME = 'VAR'
EXTNAME = 'SIG'
EXTNAME = 'IVAR'
EXTNAME = 'MASK'
WCSAXES = 5
LONPOLE = 'x'
MJD-OBS = 'yesterday'
DATE-OBS= '31/02/99'
""".strip().splitlines()


def meant(files: Files, rng: np.random.Generator) -> Files:
    """Return files that say something odd and are whole: of one folder, the first the chosen one.

    What is of no known format comes back as it was.
    """
    first = next(iter(files.values()))
    if first[:9] == b"SIMPLE  =":
        return {next(iter(files)): bytes(_odd_cards(bytearray(first), rng))}
    if first[:4] in (struct.pack("<i", 348), struct.pack(">i", 348)):
        return {next(iter(files)): bytes(_odd_place(bytearray(first), rng))}
    read = {name: _dicom(data) for name, data in files.items()}
    scans = {name: scan for name, scan in read.items() if scan is not None}
    if not scans:
        return files
    for _ in range(int(rng.choice([1, 1, 2]))):
        scans = _SERIES[rng.integers(len(_SERIES))](scans, rng)
    written = {name: _bytes(scan) for name, scan in scans.items()}
    return {name: data for name, data in written.items() if data} or files


def _dicom(data: bytes) -> Dataset | None:
    try:
        return pydicom.dcmread(io.BytesIO(data))
    except Exception:  # damaged to begin with
        return None


def _bytes(scan: Dataset) -> bytes:
    stream = io.BytesIO()
    try:
        scan.save_as(stream)
    except Exception:  # what pydicom cannot write is of no use here
        return b""
    return stream.getvalue()


def _decimal_text(scans: dict[str, Dataset], rng: np.random.Generator) -> dict[str, Dataset]:
    """Write numbers as text that the standard does not know, in one file or in all alike."""
    raw = [
        (holder, element)
        for scan in scans.values()
        for holder in _holders(scan)
        for element in holder._dict.values()
        if isinstance(element, RawDataElement) and element.VR in ("DS", "IS")
    ]
    if raw:
        chosen = {raw[rng.integers(len(raw))][1].tag for _ in range(3)}
        text = _NUMBERS[rng.integers(len(_NUMBERS))]
        for holder, element in raw:
            if element.tag in chosen and rng.random() < 0.8:
                new = text if rng.random() < 0.7 else (element.value or b"").replace(b".", b",")
                new += b" " * (len(new) % 2)
                holder._dict[element.tag] = element._replace(value=new, length=len(new))
    return scans


def _holders(scan: Dataset, depth: int = 0) -> list[Dataset]:
    """Return a dataset with those of its functional groups and detectors."""
    found = [scan]
    names = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")
    names += ("DetectorInformationSequence", "PixelMeasuresSequence", "PlaneOrientationSequence")
    for name in names if depth < 2 else ():
        try:
            items = scan.get(name) or []
            found += [inner for item in items[:4] for inner in _holders(item, depth + 1)]
        except Exception:
            continue
    return found


def _wobble(scans: dict[str, Dataset], rng: np.random.Generator) -> dict[str, Dataset]:
    """Move directions, places and steps by a little, each file by another amount."""
    size = float(rng.choice([1e-7, 1e-6, 1e-4, 1e-2]))
    name = _PLACES[rng.integers(len(_PLACES))]
    for scan in scans.values():
        for holder in _holders(scan):
            try:
                values = np.atleast_1d(np.asarray(holder[name].value, float))
                moved = values * (1 + size * rng.standard_normal(len(values)))
                _write(holder, name, "\\".join(f"{value:.9g}" for value in moved))
            except Exception:
                continue
    return scans


def _cut_series(scans: dict[str, Dataset], rng: np.random.Generator) -> dict[str, Dataset]:
    """Send some files twice and others not at all, or cut a file of many frames into many files."""
    what = rng.integers(3)
    names = list(scans)
    if what == 0:
        kept = [n for n in names if rng.random() < 0.7] or names[:1]
        return {name: scans[name] for name in kept}
    if what == 1:
        return scans | {f"again-{n}": _copied(scans[n]) for n in names if rng.random() < 0.3}
    name = names[0]
    scan = scans[name]
    try:
        frames, pixels = int(scan.NumberOfFrames), scan.PixelData
        size = len(pixels) // frames
    except Exception:
        return scans
    cut = {}
    for number in range(min(frames, MOST_FILES)):
        one = _copied(scan)
        one.PixelData = pixels[number * size : (number + 1) * size]
        _write(one, "NumberOfFrames", "1")
        _write(one, "InstanceNumber", str(int(number if rng.random() < 0.9 else 1)))
        one.SOPInstanceUID = generate_uid(entropy_srcs=[str(number), name])
        cut[f"{number}-{name}"] = one
    return cut


def _swap_identities(scans: dict[str, Dataset], rng: np.random.Generator) -> dict[str, Dataset]:
    """Let what tells patients, studies, series and files apart be the same, or another, or gone."""
    for _ in range(int(rng.integers(1, 4))):
        name = _IDENTIFIERS[rng.integers(len(_IDENTIFIERS))]
        same = str(rng.choice(_SAME))
        how = rng.integers(3)
        for number, scan in enumerate(scans.values()):
            if how == 0:
                _write(scan, name, same)
            elif how == 1:
                _write(scan, name, f"1.2.{number % 2 + 1}")
            elif name in scan:
                delattr(scan, name)
    return scans


def _copied(scan: Dataset) -> Dataset:
    return pydicom.dcmread(io.BytesIO(data)) if (data := _bytes(scan)) else scan


def _write(scan: Dataset, name: str, text: str) -> None:
    """Write text as it is, whatever the standard says of the element."""
    tag = pydicom.tag.Tag(name)
    little = scan.is_little_endian if hasattr(scan, "is_little_endian") else True
    value = text.encode() + b" " * (len(text) % 2)
    vr = pydicom.datadict.dictionary_VR(tag)
    raw = RawDataElement(tag, vr, len(value), value, 0, False, little is not False, True)
    scan._dict[tag] = raw


def _odd_cards(data: bytearray, rng: np.random.Generator) -> bytearray:
    """Add cards to a header, in the place of cards of their key or before its end."""
    for _ in range(int(rng.integers(1, 5))):
        card = _CARDS[rng.integers(len(_CARDS))].ljust(80).encode()
        headers = [
            p for p in range(0, min(len(data), 400_000), 80) if data[p : p + 8] == b"END     "
        ]
        if not headers:
            return data
        end = headers[rng.integers(len(headers))]
        key = bytes(card[:8])
        same = [p for p in range(0, end, 80) if data[p : p + 8] == key]
        if same and key != b"HISTORY ":
            data[same[-1] : same[-1] + 80] = card
        elif (end + 80) % 2880:
            data[end : end + 160] = card + b"END".ljust(80)
    return data


def _odd_place(data: bytearray, rng: np.random.Generator) -> bytearray:
    """Say something else of where a NIfTI volume lies: other codes, zeros, shear, no turn."""
    order = "<" if data[:4] == struct.pack("<i", 348) else ">"
    codes, rows, turn = int(rng.integers(4)), bool(rng.integers(2)), bool(rng.integers(2))
    struct.pack_into(order + "2h", data, 252, codes % 2, codes // 2)
    odd = (0.0, 1.0, -1.0, 0.3, float("nan"), float("inf"), 1e-30, 1e30)
    if rows:
        struct.pack_into(order + "12f", data, 280, *rng.choice(odd, 12))
    if turn:
        struct.pack_into(order + "6f", data, 256, *rng.choice(odd, 6))
    struct.pack_into(order + "3f", data, 80, *rng.choice((*odd, 2.0, 3.0, 4.0), 3))
    return data


_Change = Callable[[dict[str, Dataset], np.random.Generator], dict[str, Dataset]]
_SERIES: tuple[_Change, ...] = (_decimal_text, _wobble, _cut_series, _swap_identities)
