import numpy as np
import pytest

from cubeview.io import chosen_together, open_paths
from cubeview.io.dicom.state import state_of_text
from tests.io.dicom.nm_files import drug, nm, patient_state, truth, write

STUDY, OTHER_STUDY = "1.2.3.4.1", "1.2.3.4.2"


def scan(tmp_path, name, *, shift=0, study=STUDY, **extra):
    """Write a scan whose values tell it from others: stored numbers start at `shift`."""
    ds = nm(stored=truth() + shift, StudyInstanceUID=study, **extra)
    return write(ds, tmp_path / name)


def first_value(cube):
    return int(cube.pixels.read()[0, 0, 0])


def opened(tmp_path):
    found = open_paths([tmp_path])
    assert not found.refusals
    return found.cases


def only(tmp_path):
    (case,) = opened(tmp_path)
    return case


@pytest.fixture
def tmp_path(tmp_path):
    # pytest names the folder after the test, whose words would be evidence.
    folder = tmp_path / "f"
    folder.mkdir()
    return folder


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("Stress [Recon FBP - NoAC ]", "stress"),
        ("STRESSG_IRNC", "stress"),
        ("Belastung SA", "stress"),
        ("Effort", "stress"),
        ("ESFUERZO", "stress"),
        ("Estrés", "stress"),
        ("sforzo", "stress"),
        ("Esforço", "stress"),
        ("Wysiłek", "stress"),
        ("Нагрузка", "stress"),
        ("心筋負荷像", "stress"),
        ("EX FBP", "stress"),
        ("STR_SA", "stress"),
        ("PHARM", "stress"),
        ("Rest [Recon FBP - NoAC ]", "rest"),
        ("ReconRest-1", "rest"),
        ("RST", "rest"),
        ("Redist 4h", "rest"),
        ("Repos", "rest"),
        ("Ruhe", "rest"),
        ("REPOSO", "rest"),
        ("Riposo", "rest"),
        ("Repouso", "rest"),
        ("в покое", "rest"),
        ("安静時", "rest"),
        ("ｽﾄﾚｽ SA", "stress"),
        ("ﾌｶ", "stress"),
        ("ｱﾝｾｲ", "rest"),
        ("ﾚｽﾄ", "rest"),
        ("ＳＴＲＥＳＳ", "stress"),
        ("부하", "stress"),
        ("RESTRICTED", ""),
        ("FORREST", ""),
        ("Dr. Forrest", ""),
        ("arrest", ""),
        ("restored", ""),
        ("distress", ""),
        ("region", ""),
        ("exam", ""),
        ("strip", ""),
        ("non-stress", ""),
        ("Rest/Stress", ""),
        ("", ""),
    ],
)
def test_words_name_a_state(text, state):
    assert state_of_text(text)[0] == state


@pytest.mark.parametrize("role", ["stress", "rest"])
@pytest.mark.parametrize(
    "codes", [{"stress": "432655005", "rest": "128975004"}, {"stress": "109091", "rest": "109093"}]
)
def test_codes_alone(tmp_path, role, codes):
    scan(tmp_path, "a", AcquisitionContextSequence=patient_state(codes[role]))
    case = only(tmp_path)
    assert case.roles == (role,)
    assert "acquisition context" in case.evidence[0]
    assert case.question == ""


@pytest.mark.parametrize("given", [{"value": "66859009"}, {"name": "Regadenoson 0.4 mg"}])
def test_a_drug_alone_means_stress(tmp_path, given):
    scan(tmp_path, "a", InterventionDrugInformationSequence=drug(**given))
    case = only(tmp_path)
    assert case.roles == ("stress",)
    assert "drug" in case.evidence[0]


@pytest.mark.parametrize(
    ("stress", "rest"),
    [
        ("STRESS SA", "REST SA"),
        ("Effort", "Repos"),
        ("Belastung", "Ruhe"),
        ("Esfuerzo", "Reposo"),
        ("Sforzo", "Riposo"),
        ("負荷", "安静"),
    ],
)
def test_descriptions_pair_in_many_languages(tmp_path, stress, rest):
    extra = {"SpecificCharacterSet": "ISO_IR 192"}
    scan(tmp_path, "a", shift=100, SeriesDescription=rest, SeriesNumber=1, **extra)
    scan(tmp_path, "b", shift=200, SeriesDescription=stress, SeriesNumber=2, **extra)
    case = only(tmp_path)
    assert case.roles == ("stress", "rest")
    assert first_value(case.cubes["stress"]) == 200
    assert case.question == ""
    assert len(case.evidence) >= 3


def test_nothing_said_asks(tmp_path):
    scan(tmp_path, "a", SeriesNumber=1)
    scan(tmp_path, "b", shift=9, SeriesNumber=2)
    case = only(tmp_path)
    assert case.roles == ("stress", "rest")
    assert "Check, and swap" in case.question
    assert case.swapped().question == ""


def test_a_single_scan_of_unknown_state_asks(tmp_path):
    scan(tmp_path, "a", SeriesDescription="RESTRICTED USE")
    case = only(tmp_path)
    assert case.roles == ("heart",)
    assert case.question


def test_contradiction_asks_and_keeps_both_findings(tmp_path):
    scan(
        tmp_path,
        "a",
        SeriesDescription="REST",
        AcquisitionContextSequence=patient_state("432655005"),
    )
    case = only(tmp_path)
    assert case.roles == ("heart",)
    assert "contradicts itself" in case.question
    assert len(case.evidence) == 2


def test_one_known_and_one_contradictory_ask(tmp_path):
    scan(tmp_path, "a", shift=5, SeriesDescription="STRESS")
    scan(tmp_path, "b", SeriesDescription="REST", ImageID="STRESS")
    case = only(tmp_path)
    assert first_value(case.cubes["stress"]) == 5
    assert "contradictory" in case.question


def test_after_the_basic_deidentification_profile_the_user_is_asked(tmp_path):
    # PS3.15 annex E removes descriptions, context and drugs; the UIDs still tie the study.
    for number, name in enumerate("ab"):
        scan(tmp_path, name, shift=number, PatientName="", PatientID="", StudyDate="")
    case = only(tmp_path)
    assert case.roles == ("stress", "rest")
    assert case.question


def test_file_names_are_the_last_evidence_and_a_guess(tmp_path):
    scan(tmp_path, "P7_rest.dcm", shift=1)
    scan(tmp_path, "P7_stress.dcm", shift=2)
    case = only(tmp_path)
    assert first_value(case.cubes["stress"]) == 2
    assert case.question == ""
    assert any(n.level == "guess" and "file name" in n.text for n in case.notes)


def test_a_study_called_stress_test_says_nothing_about_its_scans(tmp_path):
    scan(tmp_path, "a", StudyDescription="Stress test", SeriesNumber=1)
    assert only(tmp_path).roles == ("stress",)
    scan(tmp_path, "b", StudyDescription="Stress test", SeriesNumber=2, shift=1)
    case = only(tmp_path)
    assert case.roles == ("stress", "rest")
    assert "do not say clearly" in case.question


def test_the_header_outranks_the_file_name_and_says_so(tmp_path):
    scan(tmp_path, "x_rest.dcm", shift=2, SeriesDescription="Stress")
    case = only(tmp_path)
    assert case.roles == ("stress",)
    assert any("header followed" in n.text for n in case.notes)


def test_scans_without_identities_pair_by_file_name(tmp_path):
    for number in (7, 8):
        for state in ("rest", "stress"):
            ds = nm(stored=truth() + number, PatientID="", StudyInstanceUID="")
            write(ds, tmp_path / f"P{number}_{state}.dcm")
    cases = opened(tmp_path)
    assert [case.roles for case in cases] == [("stress", "rest")] * 2
    for case in cases:
        assert first_value(case.cubes["stress"]) == first_value(case.cubes["rest"])


def test_patients_are_never_mixed(tmp_path):
    scan(tmp_path, "a", SeriesDescription="REST", PatientID="1", study=STUDY)
    scan(tmp_path, "b", SeriesDescription="STRESS", PatientID="2", study=OTHER_STUDY, shift=1)
    assert [case.roles for case in opened(tmp_path)] == [("rest",), ("stress",)]


@pytest.mark.parametrize(("day", "pairs"), [("20200103", True), ("20210103", False)])
def test_two_day_protocols_pair_with_a_question_and_follow_ups_do_not(tmp_path, day, pairs):
    scan(tmp_path, "a", SeriesDescription="REST")
    scan(tmp_path, "b", SeriesDescription="STRESS", study=OTHER_STUDY, StudyDate=day, shift=1)
    cases = opened(tmp_path)
    assert len(cases) == (1 if pairs else 2)
    if pairs:
        assert "two studies" in cases[0].question
        assert cases[0].cautions == ("Stress and rest are of two studies.",)


def test_like_pairs_with_like(tmp_path):
    kinds = {
        "SA AC": {"CorrectedImage": ["ATTN", "UNIF"]},
        "SA NC": {"CorrectedImage": ["UNIF", "COR"]},
    }
    number = 0
    for text, extra in kinds.items():
        for state in ("STRESS", "REST"):
            for slots in (1, 3):
                number += 1
                ds = nm(slots=slots, StudyInstanceUID=STUDY, SeriesNumber=number, **extra)
                ds.SeriesDescription = f"{state} {text}"
                write(ds, tmp_path / str(number))
    cases = opened(tmp_path)
    assert len(cases) == 4
    for case in cases:
        one, other = case.cubes["stress"], case.cubes["rest"]
        assert one.facts["Attenuation"] == other.facts["Attenuation"]
        assert one.facts["Scan"] == other.facts["Scan"]
        assert case.question == ""


def test_attenuation_corrected_never_pairs_with_uncorrected(tmp_path):
    scan(tmp_path, "a", SeriesDescription="STRESS AC", CorrectedImage=["ATTN"])
    scan(tmp_path, "b", SeriesDescription="REST NC", CorrectedImage=["UNIF"], shift=1)
    assert len(opened(tmp_path)) == 2


def test_equal_rivals_ask(tmp_path):
    scan(tmp_path, "a", SeriesDescription="STRESS", SeriesNumber=1)
    scan(tmp_path, "b", SeriesDescription="STRESS", SeriesNumber=2, shift=1)
    scan(tmp_path, "c", SeriesDescription="REST", SeriesNumber=3, shift=2)
    pair, single = sorted(opened(tmp_path), key=lambda case: -len(case.roles))
    assert "fit equally well" in pair.question
    assert single.roles == ("stress",)


def test_prone_stress_against_supine_rest_asks(tmp_path):
    scan(tmp_path, "a", SeriesDescription="STRESS", PatientPosition="HFP")
    scan(tmp_path, "b", SeriesDescription="REST", PatientPosition="HFS", shift=1)
    case = only(tmp_path)
    assert "prone" in case.question


def test_a_copy_is_opened_once(tmp_path):
    path = scan(tmp_path, "a", SeriesDescription="STRESS")
    (tmp_path / "copy").write_bytes(path.read_bytes())
    found = open_paths([tmp_path])
    assert len(found.cases) == 1
    assert "a copy of a" in found.refusals[0].reason


def test_names_tell_cases_apart_and_do_not_change(tmp_path):
    scan(tmp_path, "a", SeriesDescription="STRESS")
    scan(tmp_path, "b", SeriesDescription="STRESS", study=OTHER_STUDY, PatientID="2", shift=1)
    names = [case.name for case in opened(tmp_path)]
    assert len(set(names)) == 2
    assert names == [case.name for case in opened(tmp_path)]


def test_every_scan_is_in_one_case(tmp_path):
    rng = np.random.default_rng(3)
    texts = ["STRESS", "REST", "SA", "REST/STRESS"]
    for number in range(12):
        text, study = texts[rng.integers(4)], f"1.2.3.{rng.integers(3)}"
        scan(tmp_path, str(number), shift=number, study=study, SeriesDescription=text)
    cubes = [cube for case in opened(tmp_path) for cube in case.cubes.values()]
    assert sorted(first_value(cube) for cube in cubes) == list(range(12))


def both(tmp_path, *, one=None, other=None, **shared):
    """Write rest of one patient and stress of another, or the same, in one study."""
    scan(tmp_path, "a", SeriesDescription="REST", **shared, **(one or {}))
    scan(tmp_path, "b", shift=1, SeriesDescription="STRESS", **shared, **(other or {}))


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        ({"PatientID": "A"}, {"PatientID": "B"}, "patient number"),
        (
            {"PatientID": "A", "PatientBirthDate": "19400101"},
            {"PatientID": "B", "PatientBirthDate": "19601212"},
            "patient number and birth date",
        ),
        ({"PatientBirthDate": "19400101"}, {"PatientBirthDate": "19601212"}, "birth date"),
        ({"PatientSex": "F"}, {"PatientSex": "M"}, "sex"),
        ({"AccessionNumber": "7001"}, {"AccessionNumber": "7002"}, "accession number"),
        (
            {"PatientID": "anonymized", "PatientName": "HUNT^ONE"},
            {"PatientID": "anonymized", "PatientName": "HUNT^TWO"},
            "patient name",
        ),
    ],
)
def test_scans_that_disagree_on_whose_they_are_stay_apart_and_ask(tmp_path, one, other, said):
    both(tmp_path, one=one, other=other)
    cases = opened(tmp_path)
    assert [case.roles for case in cases] == [("rest",), ("stress",)]
    for case in cases:
        assert f"differs in {said}:" in case.question
        assert "pair them" in case.question
        shown = case.question + case.name + " ".join(case.evidence)
        assert not any(value in shown for value in (*one.values(), *other.values()) if value[2:])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"PatientID": "0815-4711"}, {"PatientID": "0815 4711 "}),
        ({"PatientBirthDate": "19400101"}, {"PatientBirthDate": ""}),
        ({"PatientBirthDate": "19400101"}, {"PatientBirthDate": "19000101"}),
        ({"PatientSex": "F"}, {"PatientSex": "O"}),
        ({"PatientName": "DOE^JANE"}, {"PatientName": "Doe^Jane^M"}),
        ({"PatientID": "", "PatientName": "DOE^JANE"}, {"PatientID": "", "PatientName": "Anon"}),
    ],
)
def test_what_is_spelt_otherwise_or_says_nothing_parts_nobody(tmp_path, one, other):
    both(tmp_path, one=one, other=other)
    case = only(tmp_path)
    assert (case.roles, case.question, case.cautions) == (("stress", "rest"), "", ())


@pytest.mark.parametrize("word", ["anonymized", "0000", "1.2.840.10008.1.1", "UNKNOWN", "0.0.0.0"])
def test_placeholders_tie_nothing_together(tmp_path, word):
    blank = dict.fromkeys(("PatientID", "PatientName"), "anon" if word[2:3] == "2" else word)
    for folder, state in (("x", "rest"), ("y", "stress")):
        (tmp_path / folder).mkdir()
        ds = nm(stored=truth() + len(folder + state), SeriesDescription=state, **blank)
        ds.StudyInstanceUID = ds.SeriesInstanceUID = ds.SOPInstanceUID = word
        write(ds, tmp_path / folder / state)
    cases = opened(tmp_path)
    assert [case.roles for case in cases] == [("rest",), ("stress",)]
    assert all("placeholders" in " ".join(n.text for n in case.notes) for case in cases)


@pytest.mark.parametrize(
    ("names", "pairs", "asked"),
    [
        (("P7_rest", "P7_stress"), 1, False),
        (("P7_rest", "P8_stress"), 0, False),
        (("rest", "stress"), 1, True),
        (("rest_SA", "stress_SA"), 1, True),
    ],
)
def test_file_names_pair_only_where_they_name_somebody(tmp_path, names, pairs, asked):
    for shift, name in enumerate(names):
        ds = nm(stored=truth() + shift, PatientID="anonymized", StudyInstanceUID="anonymized")
        write(ds, tmp_path / f"{name}.dcm")
    cases = opened(tmp_path)
    assert sum(len(case.roles) == 2 for case in cases) == pairs
    assert any("Do they belong together" in case.question for case in cases) == asked


def test_one_patient_in_two_studies_of_whom_the_birth_dates_differ_asks(tmp_path):
    scan(tmp_path, "a", SeriesDescription="REST", PatientBirthDate="19400101")
    more = {"study": OTHER_STUDY, "PatientBirthDate": "19410101"}
    scan(tmp_path, "b", SeriesDescription="STRESS", shift=1, **more)
    assert ["birth date" in case.question for case in opened(tmp_path)] == [True, True]


def chosen(*paths):
    return chosen_together(open_paths(paths), paths).cases


def test_two_scans_made_otherwise_are_compared_where_they_were_chosen_together(tmp_path):
    one = scan(tmp_path, "a", SeriesDescription="REST NC", CorrectedImage=["UNIF"])
    other = scan(tmp_path, "b", shift=1, SeriesDescription="STRESS AC", CorrectedImage=["ATTN"])
    assert len(open_paths([one, other]).cases) == 2
    assert len(chosen(tmp_path)) == 2
    (case,) = chosen(one, other)
    assert case.roles == ("stress", "rest")
    assert case.cautions == (
        "Not made alike: attenuation corrected in stress, not corrected in rest.",
    )
    scan(tmp_path, "b", shift=1, SeriesDescription="STRESS AC", PatientID="B")
    assert len(chosen(one, other)) == 2


def test_voxels_of_one_size_are_not_called_two(tmp_path):
    both(tmp_path, one={"PixelSpacing": [4.795, 3.5]}, other={"PixelSpacing": [4.7949, 3.5]})
    assert "voxel size" not in " ".join(only(tmp_path).evidence)


def test_names_are_the_words_of_the_study_and_of_nobody(tmp_path):
    said = "Jane Heart's MPI SPECT (Dr. Smith, 12.3.) 4711"
    both(tmp_path, PatientName="Heart^Jane", StudyDescription=said)
    title, _, digits = only(tmp_path).name.rpartition(" ")
    assert title == "MPI SPECT"
    assert len(digits) == 8
