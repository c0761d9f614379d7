"""Hearts of the library that all readers call healthy, and what is stated of a scan."""

from cubeview.cubes.case import Case
from cubeview.kinds import HEART
from cubeview.library.library import Library

HEALTHY = HEART.classes[0].name


def healthy_cases(library: Library, class_name: str = HEALTHY) -> list[int]:
    """Return the hearts whose labels in force are all of one class, sure and of good quality.

    Parameters
    ----------
    library : Library
    class_name : str
        What healthy is called in the label sets.
    """
    said: dict[int, bool] = {}
    for label_set in library.label_sets(HEART.key):
        for (number, _), label in library.current(label_set).items():
            good = label.class_name == class_name and label.sure and not label.quality
            said[number] = said.get(number, True) and good
    return sorted(number for number, healthy in said.items() if healthy)


def stated(case: Case, role: str) -> tuple[str, str]:
    """Return the sex of the patient of a scan and its protocol; empty where it is not stated.

    Raises CubeviewError if its file cannot be read.

    Parameters
    ----------
    case : Case
    role : str
    """
    # pydicom takes 0.2 s to import.
    from cubeview.io.dicom.identifiers import identifiers

    cube = case.cubes[role]
    sex = "" if cube.source is None else identifiers(cube.source.path).get("Sex", "").upper()
    attenuation = cube.facts.get("Attenuation", "")
    tracer = cube.facts.get("Tracer") or cube.facts.get("Isotope", "")
    words = (tracer, f"attenuation {attenuation}" if attenuation else "")
    return (sex if sex in ("M", "F") else ""), ", ".join(filter(None, words))
