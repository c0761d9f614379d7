#!/usr/bin/env bash
# Make the bundled samples from the program's own simulators: always the same files.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
.venv/bin/python -m cubeview simulate spect --out "$work" --count 1 --seed 7 --class ischaemic >/dev/null
.venv/bin/python -m cubeview simulate ifu --out "$work" --count 1 --seed 7 >/dev/null
mkdir -p resources/samples
cp "$work/sim7-0000_rest.dcm" resources/samples/heart_rest.dcm
cp "$work/sim7-0000_stress.dcm" resources/samples/heart_stress.dcm
cp "$work/ifu7.fits" resources/samples/sky.fits
ls -l resources/samples
