"""DICOM: nuclear medicine and series of slices, from files to cubes."""
