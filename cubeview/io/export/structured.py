"""A report as DICOM SR: Comprehensive 3D SR, PS3.16 TID 1500, by highdicom.

Nobody signs it: it says UNVERIFIED.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydicom.uid import generate_uid

from cubeview import __version__
from cubeview.cubes.scores import Reading
from cubeview.io.dicom.nm import MANUFACTURER
from cubeview.io.export.objects import concept, save
from cubeview.io.export.told import RESEARCH, SEGMENTS, Told, code_of, own_code
from cubeview.kinds.kind import Code

if TYPE_CHECKING:
    from highdicom.sr import Measurement, MeasurementsAndQualitativeEvaluations

_DEVICE_UID = generate_uid(entropy_srcs=["cubeview", __version__])
_DEVICE = ("121007", "DCM", "Device")
_FINDING = ("121071", "DCM", "Finding")
_COMMENT = ("121106", "DCM", "Comment")
_HEART = ("80891009", "SCT", "Heart")
_PROCEDURE = ("108294005", "SCT", "Nuclear medicine cardiovascular study")
_OBSERVER_TYPE, _PERSON = ("121005", "DCM", "Observer Type"), ("121006", "DCM", "Person")
_PERSON_NAME = ("121008", "DCM", "Person Observer Name")
_STATE = ("109054", "DCM", "Patient State")
_STATES: dict[str, Code] = {
    "stress": ("432655005", "SCT", "Cardiac Stress State"),
    "rest": ("128975004", "SCT", "Resting State"),
}
"""PS3.16 CID 3101."""
_NO_PARTS = str.maketrans("^=\\", "   ")
"""Of a person's name in DICOM; a reader is called by one word or several."""


def write_structured(told: Told, path: Path) -> None:
    """Write the answer, its probabilities, what it is from and all numbers as a structured report.

    Raises CubeviewError if it cannot be written.
    """
    from highdicom.sr import (
        Comprehensive3DSR,
        DeviceObserverIdentifyingAttributes,
        MeasurementReport,
        ObservationContext,
        ObserverContext,
    )

    device = DeviceObserverIdentifyingAttributes(
        uid=_DEVICE_UID, name=MANUFACTURER, manufacturer_name=MANUFACTURER, model_name=MANUFACTURER
    )
    context = ObservationContext(observer_device_context=ObserverContext(concept(_DEVICE), device))
    groups = [_network(told), *(_segments(told, role) for role in told.numbers.segments)]
    if told.numbers.values:
        groups.append(_values(told))
    for reading in told.readings:
        groups += _reading(told, reading)
    content = MeasurementReport(
        observation_context=context,
        procedure_reported=concept(_PROCEDURE),
        imaging_measurements=groups,
        title=concept(("126000", "DCM", "Imaging Measurement Report")),
    )
    report = Comprehensive3DSR(
        evidence=list(told.headers.values()),
        content=content[0],
        series_number=900,
        series_instance_uid=generate_uid(),
        sop_instance_uid=generate_uid(),
        instance_number=1,
        manufacturer=MANUFACTURER,
        is_complete=True,
        is_verified=False,
        series_description=f"CubeView report. {RESEARCH}",
    )
    report.ManufacturerModelName = MANUFACTURER
    report.SoftwareVersions = __version__
    save(report, path)


def _group(told: Told, name: str, **parts: Any) -> MeasurementsAndQualitativeEvaluations:
    """Return a group of statements about the scans."""
    from highdicom.sr import (
        FindingSite,
        MeasurementsAndQualitativeEvaluations,
        SourceImageForMeasurementGroup,
        TrackingIdentifier,
    )

    sources = [SourceImageForMeasurementGroup.from_source_image(h) for h in told.headers.values()]
    return MeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(uid=generate_uid(), identifier=name),
        source_images=sources,
        finding_sites=[FindingSite(concept(_HEART))],
        **parts,
    )


def _network(told: Told) -> MeasurementsAndQualitativeEvaluations:
    """Return what the network said, and every reason to distrust it."""
    from highdicom.sr import (
        AlgorithmIdentification,
        QualitativeEvaluation,
        RelationshipTypeValues,
        TextContentItem,
    )

    answer = told.answer
    chances = [
        _number(own_code(f"Probability of {name}"), chance)
        for name, chance in answer.probabilities.items()
    ]
    if answer.abnormal is not None:
        chances.append(_number(own_code("Probability of an abnormal heart"), answer.abnormal))
    group = _group(
        told,
        "network",
        measurements=chances,
        qualitative_evaluations=[
            QualitativeEvaluation(concept(_FINDING), concept(code_of(answer.answer)))
        ],
        algorithm_id=AlgorithmIdentification(
            name=answer.model,
            version=f"SHA-256 {answer.weights}",
            parameters=[f"device: {answer.device}", f"CubeView {__version__}"],
        ),
    )
    for text in (RESEARCH, *told.cautions):
        said = TextContentItem(concept(_COMMENT), text, RelationshipTypeValues.CONTAINS)
        group[0].ContentSequence.append(said)
    return group


def _segments(told: Told, role: str) -> MeasurementsAndQualitativeEvaluations:
    """Return uptake and score of each segment in one state."""
    uptake = own_code("Uptake in per cent of the maximum of the myocardium")
    rows = [
        _number(uptake, value, "%", segment)
        for segment, value in zip(SEGMENTS, told.numbers.segments[role], strict=True)
    ]
    score = own_code("Segmental perfusion score suggested, 0 normal to 4 absent")
    rows += [
        _number(score, value, "{score}", segment)
        for segment, value in zip(SEGMENTS, told.numbers.scores.get(role, ()), strict=False)
    ]
    return _group(told, f"segments, {role}", measurements=rows)


def _values(told: Told) -> MeasurementsAndQualitativeEvaluations:
    rows = [_number(value.code, value.number, value.unit) for value in told.numbers.values]
    return _group(told, "numbers", measurements=rows)


def _reading(told: Told, reading: Reading) -> list[MeasurementsAndQualitativeEvaluations]:
    """Return what a reader said: a group for each state, and one of the sums."""
    from highdicom.sr import QualitativeEvaluation

    how = QualitativeEvaluation(
        concept(own_code("What the reader had seen")),
        concept(own_code("Suggestion seen" if reading.seen else "Read blind")),
    )
    score = own_code("Segmental perfusion score by a reader, 0 normal to 4 absent")
    groups = []
    for role, given in reading.scores.states.items():
        rows = [
            _number(score, value, "{score}", segment)
            for segment, value in zip(SEGMENTS, given, strict=True)
            if value is not None
        ]
        state = [_STATES[role]] if role in _STATES else []
        said = [how, *(QualitativeEvaluation(concept(_STATE), concept(code)) for code in state)]
        name = f"scores of a reader, {role}"
        groups.append(_group(told, name, measurements=rows, qualitative_evaluations=said))
    scores = reading.scores
    sums = (
        (scores.sss, "Summed stress score by a reader"),
        (scores.srs, "Summed rest score by a reader"),
        (scores.sds, "Summed difference score by a reader"),
    )
    rows = [_number(own_code(name), n, "{score}") for n, name in sums if n is not None]
    if rows:
        groups.append(
            _group(told, "sums of a reader", measurements=rows, qualitative_evaluations=[how])
        )
    for group in groups:
        _observed(group, reading)
    return groups


def _observed(group: MeasurementsAndQualitativeEvaluations, reading: Reading) -> None:
    """Say who said what is in a group, when, and what they had seen: PS3.16 TID 1003."""
    from highdicom.sr import (
        CodeContentItem,
        PnameContentItem,
        RelationshipTypeValues,
        TextContentItem,
    )

    context, (item,) = RelationshipTypeValues.HAS_OBS_CONTEXT, group
    item.ObservationDateTime = datetime.fromisoformat(reading.at).strftime("%Y%m%d%H%M%S%z")
    name = f"{reading.reader.translate(_NO_PARTS)[:63]}^"  # a family name alone
    person = PnameContentItem(concept(_PERSON_NAME), name, context)
    kind = CodeContentItem(concept(_OBSERVER_TYPE), concept(_PERSON), context)
    for part in (person, kind):
        item.ContentSequence.insert(0, part)
    item.ContentSequence.append(
        TextContentItem(concept(_COMMENT), reading.how, RelationshipTypeValues.CONTAINS)
    )


def _number(code: Code, value: float, unit: str = "1", site: Code | None = None) -> Measurement:
    from highdicom.sr import FindingSite, Measurement

    meaning = {"1": "no units", "%": "Percent", "ml": "ml", "{score}": "score"}.get(unit, unit)
    return Measurement(
        name=concept(code),
        value=round(float(value), 6),
        unit=concept((unit, "UCUM", meaning)),
        finding_sites=[FindingSite(concept(site))] if site else None,
    )
